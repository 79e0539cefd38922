// min_by, max_by and project, and the settings of operators.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/ids.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

struct Bid {
  std::string item;
  double price = 0;
  int64_t bidder = 0;
  bool operator==(const Bid&) const = default;
  WEIR_FIELDS(Bid, item, price, bidder)
};
std::ostream& operator<<(std::ostream& out, const Bid& bid) {
  return out << bid.item << ' ' << bid.price << " of " << bid.bidder;
}

template <class Piece>
std::vector<int64_t> bidders_of(Piece piece, const std::vector<double>& prices) {
  StreamTestHarness<Bid, Bid> harness(piece);
  int64_t bidder = 0;
  for (const double price : prices) harness.element({"book", price, ++bidder}, 1000);
  harness.end_of_input();
  EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
  std::vector<int64_t> bidders;
  for (const auto& record : harness.take_output()) bidders.push_back(record.value.bidder);
  return bidders;
}
using Bidders = std::vector<int64_t>;

TEST(MinBy, EmitsTheWholeRecordOfTheExtremeSoFar) {
  const auto least = [](const DataStream<Bid>& bids) {
    return bids.key_by(&Bid::item).min_by(&Bid::price);
  };
  const auto greatest = [](const DataStream<Bid>& bids) {
    return bids.key_by(&Bid::item).max_by(&Bid::price);
  };
  EXPECT_EQ(bidders_of(least, {5, 7, 3, 4}), (Bidders{1, 1, 3, 3}));
  EXPECT_EQ(bidders_of(greatest, {5, 7, 3, 9}), (Bidders{1, 2, 2, 4}));
}

TEST(MinBy, OfEqualOnesTheFirstOrTheLast) {
  for (const bool first : {true, false}) {
    const auto least = [first](const DataStream<Bid>& bids) {
      return bids.key_by(&Bid::item).min_by(&Bid::price, first);
    };
    const auto greatest = [first](const DataStream<Bid>& bids) {
      return bids.key_by(&Bid::item).max_by([](const Bid& bid) { return bid.price; }, first);
    };
    EXPECT_EQ(bidders_of(least, {2, 2, 2}), first ? (Bidders{1, 1, 1}) : (Bidders{1, 2, 3}));
    EXPECT_EQ(bidders_of(greatest, {2, 2, 1}), first ? (Bidders{1, 1, 1}) : (Bidders{1, 2, 2}));
  }
}

TEST(MinBy, NaNIsLargerThanAllNumbers) {
  const double nan = std::nan("");
  for (const bool first : {true, false}) {
    EXPECT_EQ(bidders_of(
                  [first](const DataStream<Bid>& bids) {
                    return bids.key_by(&Bid::item).min_by(&Bid::price, first);
                  },
                  {nan, 1, nan}),
              (Bidders{1, 2, 2}));
    EXPECT_EQ(bidders_of(
                  [first](const DataStream<Bid>& bids) {
                    return bids.key_by(&Bid::item).max_by(&Bid::price, first);
                  },
                  {1, nan, 2, nan}),
              first ? (Bidders{1, 2, 2, 2}) : (Bidders{1, 2, 2, 4}));
  }
}

TEST(MinBy, InWindows) {
  const auto second = TumblingEventTimeWindows::of(std::chrono::seconds(1));
  const auto in_each = [&](auto call) {
    EXPECT_EQ(bidders_of(
                  [&](const DataStream<Bid>& bids) {
                    return call(bids.key_by(&Bid::item).window(second));
                  },
                  {5, 3, 8, 3}),
              bidders_of([&](const DataStream<Bid>& bids) { return call(bids.window_all(second)); },
                         {5, 3, 8, 3}));
    return bidders_of(
        [&](const DataStream<Bid>& bids) { return call(bids.key_by(&Bid::item).window(second)); },
        {5, 3, 8, 3});
  };
  EXPECT_EQ(in_each([](auto windows) { return windows.min_by(&Bid::price); }), Bidders{2});
  EXPECT_EQ(in_each([](auto windows) { return windows.min_by(&Bid::price, false); }), Bidders{4});
  EXPECT_EQ(in_each([](auto windows) { return windows.max_by(&Bid::price); }), Bidders{3});
}

TEST(Project, KeepsElementsInAnyOrder) {
  using Triple = std::tuple<int64_t, std::string, double>;
  StreamTestHarness<Triple, std::tuple<double, int64_t, double>> harness(
      [](const DataStream<Triple>& triples) { return triples.project<2, 0, 2>(); });
  harness.element({7, "seven", 0.5}, 42);
  const auto output = harness.take_output();
  ASSERT_EQ(output.size(), 1u);
  EXPECT_EQ(output[0].value, std::make_tuple(0.5, 7, 0.5));
  EXPECT_EQ(output[0].timestamp, 42);
}

TEST(Project, KeepsMembersOfAStruct) {
  StreamTestHarness<Bid, std::tuple<int64_t, std::string>> harness(
      [](const DataStream<Bid>& bids) { return bids.project(&Bid::bidder, &Bid::item); });
  harness.element({"book", 1.5, 3});
  const auto output = harness.take_output();
  ASSERT_EQ(output.size(), 1u);
  EXPECT_EQ(output[0].value, std::make_tuple(3, std::string("book")));
}

TEST(Project, NullMemberIsRefused) {
  StreamExecutionEnvironment env;
  const auto bids = env.from_elements<Bid>({{"a", 1, 1}});
  bids.project(static_cast<double Bid::*>(nullptr));
  bids.key_by(&Bid::item).min_by(static_cast<double Bid::*>(nullptr));
  EXPECT_EQ(env.run().status().message(),
            "project is given a function that is null\n"
            "min_by is given a function that is null");
}

std::vector<int64_t> sequence(int64_t from, int64_t to) {
  StreamExecutionEnvironment env;
  env.set_parallelism(3);
  CollectSink<int64_t> sink;
  env.from_sequence(from, to).sink_to(sink);
  const auto result = env.run();
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  auto numbers = sink.records();
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

TEST(Sequence, HasBothEnds) {
  EXPECT_EQ(sequence(-2, 3), (std::vector<int64_t>{-2, -1, 0, 1, 2, 3}));
  EXPECT_EQ(sequence(5, 5), std::vector<int64_t>{5});
  EXPECT_EQ(sequence(INT64_MAX - 1, INT64_MAX), (std::vector<int64_t>{INT64_MAX - 1, INT64_MAX}));
  EXPECT_EQ(sequence(INT64_MIN, INT64_MIN + 1), (std::vector<int64_t>{INT64_MIN, INT64_MIN + 1}));
  const std::vector<int64_t> many = sequence(1, 100'000);
  ASSERT_EQ(many.size(), 100'000u);
  for (int64_t i = 0; i < 100'000; ++i) ASSERT_EQ(many[static_cast<size_t>(i)], i + 1);
}

TEST(Sequence, ImpossibleOnesAreRefused) {
  StreamExecutionEnvironment env;
  env.from_sequence(3, 2).print();
  env.from_sequence(INT64_MAX, INT64_MIN).print();
  env.from_sequence(INT64_MIN, INT64_MAX).print();
  env.from_sequence(0, INT64_MAX).print();
  EXPECT_EQ(env.run().status().message(),
            "from_sequence() is given 3 to 2; the first number must not be larger than the last\n"
            "from_sequence() is given 9223372036854775807 to -9223372036854775808; the first "
            "number must not be larger than the last\n"
            "from_sequence() is given -9223372036854775808 to 9223372036854775807, which are more "
            "than 2^63 - 1 numbers; use several sequences\n"
            "from_sequence() is given 0 to 9223372036854775807, which are more than 2^63 - 1 "
            "numbers; use several sequences");
}

TEST(BufferTimeout, NegativeOnesAreRefused) {
  StreamExecutionEnvironment env;
  env.set_buffer_timeout(std::chrono::milliseconds(-2));
  env.from_sequence(1, 2).set_buffer_timeout(std::chrono::milliseconds(-7)).print();
  EXPECT_EQ(env.run().status().message(),
            "set_buffer_timeout() is given -2 ms; it must be 0 or more, or -1 for none\n"
            "operator 'sequence' is given a buffer timeout of -7 ms; it must be 0 or more, or -1 "
            "for none");
}

TEST(BufferTimeout, NoneLeavesNoRecordBehind) {
  for (const int timeout : {-1, 0, 1}) {
    StreamExecutionEnvironment env;
    env.set_parallelism(2).set_buffer_timeout(std::chrono::milliseconds(timeout));
    CollectSink<int64_t> sink;
    env.from_sequence(1, 5000)
        .set_buffer_timeout(std::chrono::milliseconds(-1))
        .rebalance()
        .map([](int64_t i) { return i; })
        .set_buffer_timeout(std::chrono::milliseconds(0))
        .key_by([](int64_t i) { return i % 7; })
        .reduce([](int64_t, int64_t b) { return b; })
        .sink_to(sink);
    ASSERT_TRUE(env.run().ok());
    EXPECT_EQ(sink.records().size(), 5000u) << timeout;
  }
}

/// Sums by key over the runs of a job whose operator has another uid each time.
class UidHash : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// The last sum of a run.
  int64_t run(const std::string& source, const std::string& uid, const std::string& hash) {
    StreamExecutionEnvironment env;
    env.enable_checkpointing(std::chrono::hours(1));
    env.set_state_backend(FsStateBackend(folder_));
    if (!checkpoint_.empty()) env.configure("execution.state-recovery.path", checkpoint_);
    env.configure("execution.state-recovery.ignore-unclaimed-state", "true");
    CollectSink<int64_t> sink;
    const auto sums = env.from_collection(std::vector<int64_t>{1, 2, 3}, source)
                          .key_by([](int64_t) { return 0; })
                          .reduce([](int64_t a, int64_t b) { return a + b; })
                          .uid(uid);
    if (!hash.empty()) sums.set_uid_hash(hash);
    sums.sink_to(sink).uid("sink of " + source);  // a CollectSink cannot be restored
    const auto result = env.run("sums");
    EXPECT_TRUE(result.ok()) << result.status().to_string();
    if (!result.ok() || sink.records().empty()) return -1;
    checkpoint_ = result->last_checkpoint;
    return sink.records().back();
  }

  const std::string folder_ = testing::TempDir() + "/weir_uid_hash_" + std::to_string(getpid());
  std::string checkpoint_;
};

TEST_F(UidHash, ChoosesTheStateOfAnotherUid) {
  const std::string hash = murmur3_128("old").to_hex();
  EXPECT_EQ(run("a", "old", ""), 6);
  EXPECT_EQ(run("b", "new", hash), 12);
  EXPECT_EQ(run("c", "new", hash), 18) << "its own state, now that there is some";
  EXPECT_EQ(run("d", "newer", hash), 6) << "no state has the id any more";
}

}  // namespace
}  // namespace weir
