#include "fs/hdfs/rpc/rpc_frames.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

const std::string kClientId(16, 'c');

std::string answer(const hadoop::RpcResponseHeader& header, const std::string& body) {
  std::string bytes;
  append_delimited(header, &bytes);
  return bytes + body;
}

hadoop::RpcResponseHeader header_of(uint32_t id, hadoop::RpcResponseHeader::RpcStatus status) {
  hadoop::RpcResponseHeader header;
  header.set_callid(id);
  header.set_status(status);
  return header;
}

TEST(RpcFramesTest, OpeningIsThatOfVersion9) {
  EXPECT_EQ(connection_header(false), std::string("hrpc\x09\x00\x00", 7));
  EXPECT_EQ(connection_header(true), std::string("hrpc\x09\x00\xDF", 7));
}

TEST(RpcFramesTest, ContextBytes) {
  EXPECT_EQ(to_hex(connection_context(kClientId, {"bob"}, "p")),
            "00000026"  // 38 bytes follow
            "1a"
            "0802"
            "1000"
            "1805"
            "2210" +
                to_hex(kClientId) +
                "2801"
                "0a"
                "1205"
                "0a03626f62"
                "1a0170");
  EXPECT_TRUE(to_hex(connection_context(kClientId, {"bob", "svc"}, "p"))
                  .ends_with("120a"
                             "0a03626f62"
                             "1203737663"
                             "1a0170"));
}

TEST(RpcFramesTest, CallBytes) {
  const std::string frame = call_frame({kClientId, 3, 1}, "mkdirs", "\x0a\x01/");
  EXPECT_EQ(frame.size(), 4 + read_be32(frame.data()));
  EXPECT_EQ(to_hex(frame.substr(4, 27)),
            "1a"
            "0802"
            "1000"
            "1806"
            "2210" +
                to_hex(kClientId) + "2802");
  std::string_view rest = std::string_view(frame).substr(31);
  hadoop::RequestHeader header;
  ASSERT_TRUE(take_delimited(&rest, &header));
  EXPECT_EQ(header.methodname(), "mkdirs");
  EXPECT_EQ(header.declaringclassprotocolname(), "org.apache.hadoop.hdfs.protocol.ClientProtocol");
  EXPECT_EQ(header.clientprotocolversion(), 1u);
  EXPECT_EQ(rest, "\x03\x0a\x01/");
}

TEST(RpcFramesTest, AnswerHasTheBytesOfTheResponse) {
  uint32_t id = 0;
  bool fatal = true;
  const RpcReply reply = parse_reply(
      answer(header_of(7, hadoop::RpcResponseHeader::SUCCESS), "\x02\x08\x01"), &id, &fatal);
  EXPECT_EQ(reply.outcome, RpcReply::Outcome::kAnswered);
  EXPECT_EQ(id, 7u);
  EXPECT_FALSE(fatal);
  EXPECT_EQ(reply.body, "\x08\x01");
}

TEST(RpcFramesTest, RefusalHasTheLastPartOfTheClassAndTheFirstLine) {
  auto header = header_of(7, hadoop::RpcResponseHeader::ERROR);
  header.set_exceptionclassname("org.apache.hadoop.ipc.StandbyException");
  header.set_errormsg("Operation category READ is not supported\n\tat org.apache…");
  uint32_t id = 0;
  bool fatal = true;
  RpcReply reply = parse_reply(answer(header, ""), &id, &fatal);
  EXPECT_EQ(reply.outcome, RpcReply::Outcome::kRefused);
  EXPECT_FALSE(fatal);
  EXPECT_FALSE(reply.unauthorized);
  EXPECT_EQ(reply.exception, "StandbyException");
  EXPECT_EQ(reply.message, "Operation category READ is not supported");

  header = header_of(UINT32_MAX, hadoop::RpcResponseHeader::FATAL);
  header.set_exceptionclassname("org.apache.hadoop.security.token.SecretManager$InvalidToken");
  header.set_errordetail(15);
  reply = parse_reply(answer(header, ""), &id, &fatal);
  EXPECT_TRUE(fatal);
  EXPECT_TRUE(reply.unauthorized);
  EXPECT_EQ(reply.exception, "InvalidToken");
}

TEST(RpcFramesTest, NonsenseIsFatalAndNoAnswer) {
  const std::string good = answer(header_of(7, hadoop::RpcResponseHeader::SUCCESS), "\x02\x08\x01");
  uint32_t id = 0;
  bool fatal = false;
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(parse_reply(good.substr(0, size), &id, &fatal).outcome, RpcReply::Outcome::kUnknown);
    EXPECT_TRUE(fatal) << size;
  }
  EXPECT_EQ(parse_reply(good + "x", &id, &fatal).outcome, RpcReply::Outcome::kUnknown);
  EXPECT_EQ(parse_reply(std::string(100, '\xFF'), &id, &fatal).outcome,
            RpcReply::Outcome::kUnknown);
}

TEST(RpcFramesTest, OtherServersAreRecognized) {
  EXPECT_TRUE(explain_foreign_answer("HTTP/1.1 404 Not Found"));
  EXPECT_TRUE(explain_foreign_answer("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"));
  EXPECT_FALSE(explain_foreign_answer(std::string("\x00\x00\x00\x10", 4)));
}

TEST(DelimitedTest, SizesAreToldFromTheFirstBytes) {
  EXPECT_EQ(delimited_size(""), 0u);
  EXPECT_EQ(delimited_size("\x03"), 4u);
  EXPECT_EQ(delimited_size("\x80"), 0u);
  EXPECT_EQ(delimited_size("\x80\x01"), 130u);
  EXPECT_EQ(delimited_size(std::string(5, '\xFF')), SIZE_MAX);
  EXPECT_EQ(delimited_size(std::string(10, '\xFF')), SIZE_MAX);
  EXPECT_EQ(delimited_size("\xFF\xFF\xFF\xFF\x07"), size_t{INT32_MAX} + 5);
  std::string length;
  append_length(300, &length);
  EXPECT_EQ(length, "\xAC\x02");
}

}  // namespace
}  // namespace weir
