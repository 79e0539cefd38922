#include "runtime/data_frame.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir {
namespace {

TEST(DataFrame, FramesOfAConnectionRoundTrip) {
  DataHello hello;
  hello.fingerprint = murmur3_128("job");
  hello.channels = murmur3_128("channels");
  hello.attempt = (int64_t{3} << 32) + 1;
  hello.from = 2;
  EXPECT_EQ(*decode_hello(encode_hello(hello)), hello);
  EXPECT_EQ(*decode_answer(encode_accepted(16)), 16u);
  EXPECT_EQ(decode_answer(encode_refused(aborted("attempt 1 is over"))).status().message(),
            "attempt 1 is over");
  EXPECT_EQ(*decode_credit(encode_credit({9, 1ull << 40})), (DataCredit{9, 1ull << 40}));
}

TEST(DataFrame, EveryOtherFrameIsRefused) {
  const std::string frames[] = {encode_hello({}), encode_accepted(1), encode_refused(aborted("no")),
                                encode_credit({1, 2})};
  const auto readers = {+[](std::string_view f) { return decode_hello(f).ok(); },
                        +[](std::string_view f) { return decode_answer(f).ok(); },
                        +[](std::string_view f) {
                          return decode_answer(f).status().code() ==
                                 StatusCode::kFailedPrecondition;
                        },
                        +[](std::string_view f) { return decode_credit(f).ok(); }};
  for (size_t right = 0; right < 4; ++right) {
    for (size_t reads = 0; reads < 4; ++reads)
      EXPECT_EQ(readers.begin()[reads](frames[right]), right == reads) << right << reads;
    for (size_t length = 0; length < frames[right].size(); ++length)
      EXPECT_FALSE(readers.begin()[right](std::string_view(frames[right]).substr(0, length)))
          << right << " " << length;
    EXPECT_FALSE(readers.begin()[right](frames[right] + "x")) << right;
  }
  EXPECT_FALSE(decode_answer(encode_accepted(0)).ok());
  DataHello other;
  other.version = kDataProtocolVersion + 1;
  EXPECT_NE(
      decode_hello(encode_hello(other)).status().message().find("run the same build everywhere"),
      std::string_view::npos);
}

}  // namespace
}  // namespace weir
