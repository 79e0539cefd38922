// A harness begins with the state of a real checkpoint.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/testing/source_dir.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Numbers = DataStream<int64_t>;
using Harness = StreamTestHarness<int64_t, int64_t>;

std::string key_of(int64_t number) { return "key-" + std::to_string(number % 5); }

SingleOutputStreamOperator<int64_t> sums(const Numbers& numbers) {
  return numbers.key_by(&key_of)
      .window(TumblingEventTimeWindows::of(1s))
      .reduce([](int64_t a, int64_t b) { return a + b; });
}

std::vector<int64_t> sorted(std::vector<int64_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string savepoint_of_flink() {
  return source_dir() + "/tests/compat/flink-samples/flink-2.3.0/canonical-inline";
}

TEST(RestoreFromFiles, OpensASavepointOfFlink) {
  for (const int parallelism : {1, 3}) {
    Harness harness([](const Numbers& numbers) { return sums(numbers).uid("win-op"); });
    harness.restore(savepoint_of_flink(), "", parallelism);
    harness.element(5, 500);  // joins the window of key-0
    harness.watermark(999);
    ASSERT_TRUE(harness.status().ok()) << harness.status().to_string();
    EXPECT_EQ(sorted(harness.take_values()), (std::vector<int64_t>{34, 35, 38, 42, 46}));
  }
}

TEST(RestoreFromFiles, GivesTheOnlyOperatorTheStateOfAnyUid) {
  Harness harness(&sums);
  harness.restore(savepoint_of_flink() + "/_metadata", "win-op");
  harness.watermark(999);
  EXPECT_EQ(sorted(harness.take_values()), (std::vector<int64_t>{30, 34, 38, 42, 46}));
  const TestSnapshot snapshot = harness.snapshot();
  harness.element(1, 2000);
  harness.restore(snapshot);
  harness.end_of_input();
  EXPECT_TRUE(harness.take_values().empty());
}

TEST(RestoreFromFiles, SaysWhatTheCheckpointHas) {
  Harness harness([](const Numbers& numbers) { return sums(numbers).uid("sums"); });
  harness.restore(savepoint_of_flink(), "");
  const std::string message = harness.status().to_string();
  EXPECT_NE(message.find("; the part has sums. Give the operator the uid that it has in the job"),
            std::string::npos)
      << message;
  Harness nowhere(&sums);
  nowhere.restore("/nowhere/chk-1", "win-op");
  EXPECT_EQ(nowhere.status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir
