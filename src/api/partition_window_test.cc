// full_window_partition(): all records of a partition at the end of the input.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graph/build_job_graph.h"
#include "weir/detail/stream/source_node.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

struct Sale {
  std::string shop;
  int64_t amount = 0;
  bool operator==(const Sale&) const = default;
  WEIR_FIELDS(Sale, shop, amount)
};
std::ostream& operator<<(std::ostream& out, const Sale& sale) {
  return out << sale.shop << ' ' << sale.amount;
}

template <class Out, class In, class Piece>
std::vector<Out> results_of(const std::vector<In>& records, Piece piece, int parallelism = 1,
                            int restored_parallelism = 0) {
  StreamTestHarness<In, Out> harness(piece, {.parallelism = parallelism});
  for (size_t i = 0; i < records.size(); ++i) {
    harness.element(records[i], static_cast<Timestamp>(i));
    if (restored_parallelism > 0 && i == records.size() / 2)
      harness.restore(harness.snapshot(), restored_parallelism);
  }
  harness.watermark(1'000'000'000);
  EXPECT_EQ(harness.take_output().size(), 0u) << "nothing before the end";
  harness.end_of_input();
  EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
  std::vector<Out> results;
  for (const auto& record : harness.take_output()) {
    EXPECT_EQ(record.timestamp, kNoTimestamp);
    results.push_back(record.value);
  }
  return results;
}

const std::vector<Sale> kSales = {{"b", 3}, {"a", 5}, {"b", 1}, {"c", 4}, {"a", 2}, {"b", 3}};

TEST(PartitionWindow, SortsThePartition) {
  const auto by_amount = [](Order order) {
    return [order](const DataStream<Sale>& sales) {
      return sales.full_window_partition().sort_partition(&Sale::amount, order);
    };
  };
  EXPECT_EQ(results_of<Sale>(kSales, by_amount(Order::kAscending)),
            (std::vector<Sale>{{"b", 1}, {"a", 2}, {"b", 3}, {"b", 3}, {"c", 4}, {"a", 5}}));
  EXPECT_EQ(results_of<Sale>(kSales, by_amount(Order::kDescending)),
            (std::vector<Sale>{{"a", 5}, {"c", 4}, {"b", 3}, {"b", 3}, {"a", 2}, {"b", 1}}));
}

TEST(PartitionWindow, EqualRecordsStayInTheOrderOfArrival) {
  for (const Order order : {Order::kAscending, Order::kDescending}) {
    EXPECT_EQ(results_of<Sale>(std::vector<Sale>{{"x", 1}, {"y", 1}, {"z", 1}},
                               [order](const DataStream<Sale>& sales) {
                                 return sales.full_window_partition().sort_partition(
                                     [](const Sale& sale) { return sale.amount; }, order);
                               }),
              (std::vector<Sale>{{"x", 1}, {"y", 1}, {"z", 1}}));
  }
}

TEST(PartitionWindow, NaNIsTheLargestNumber) {
  const double nan = std::nan("");
  const auto sorted = results_of<double>(
      std::vector<double>{nan, 1, std::numeric_limits<double>::infinity(), -2},
      [](const DataStream<double>& numbers) {
        return numbers.full_window_partition().sort_partition([](double number) { return number; });
      });
  ASSERT_EQ(sorted.size(), 4u);
  EXPECT_EQ(sorted[0], -2);
  EXPECT_EQ(sorted[1], 1);
  EXPECT_TRUE(std::isinf(sorted[2]));
  EXPECT_TRUE(std::isnan(sorted[3]));
}

const auto kTotal = [](const DataStream<Sale>& sales) {
  return sales.full_window_partition().map_partition(
      [](const std::vector<Sale>& records, Collector<int64_t>& out) {
        int64_t total = 0;
        for (const Sale& sale : records) total += sale.amount;
        out.collect(total);
      });
};

TEST(PartitionWindow, MapsThePartition) {
  EXPECT_EQ(results_of<int64_t>(kSales, kTotal), std::vector<int64_t>{18});
}

TEST(PartitionWindow, MapPartitionIsCalledForASubtaskWithoutRecords) {
  const auto totals = results_of<int64_t>(std::vector<Sale>{{"a", 7}}, kTotal, 3);
  EXPECT_EQ(std::multiset<int64_t>(totals.begin(), totals.end()),
            (std::multiset<int64_t>{0, 0, 7}));
}

/// Counts and adds.
struct Summary {
  struct Accumulator {
    int64_t count = 0;
    int64_t sum = 0;
    WEIR_FIELDS(Accumulator, count, sum)
  };
  Accumulator create_accumulator() const { return {}; }
  void add(const Sale& sale, Accumulator& a) const { ++a.count, a.sum += sale.amount; }
  std::string get_result(const Accumulator& a) const {
    return std::to_string(a.count) + " for " + std::to_string(a.sum);
  }
  void merge(const Accumulator& from, Accumulator& into) const {
    into.count += from.count;
    into.sum += from.sum;
  }
};

const auto kSummary = [](const DataStream<Sale>& sales) {
  return sales.full_window_partition().aggregate(Summary());
};
const auto kLargest = [](const DataStream<Sale>& sales) {
  return sales.full_window_partition().reduce(
      [](const Sale& a, const Sale& b) { return a.amount < b.amount ? b : a; });
};

TEST(PartitionWindow, AggregatesAndReduces) {
  EXPECT_EQ(results_of<std::string>(kSales, kSummary), std::vector<std::string>{"6 for 18"});
  EXPECT_EQ(results_of<Sale>(kSales, kLargest), (std::vector<Sale>{{"a", 5}}));
}

TEST(PartitionWindow, NoRecordsHaveAnAccumulatorAndNoReduction) {
  EXPECT_EQ(results_of<std::string>(std::vector<Sale>{}, kSummary),
            std::vector<std::string>{"0 for 0"});
  EXPECT_EQ(results_of<Sale>(std::vector<Sale>{}, kLargest), std::vector<Sale>{});
}

TEST(PartitionWindow, AccumulatorsMergeWithFewerSubtasks) {
  EXPECT_EQ(results_of<std::string>(kSales, kSummary, 3, 1), std::vector<std::string>{"6 for 18"});
  EXPECT_EQ(results_of<Sale>(kSales, kLargest, 3, 1), (std::vector<Sale>{{"a", 5}}));
  EXPECT_EQ(results_of<int64_t>(kSales, kTotal, 3, 1), std::vector<int64_t>{18});
}

TEST(PartitionWindow, MoreSubtasksShareTheRecords) {
  int64_t sum = 0;
  const auto totals = results_of<int64_t>(kSales, kTotal, 1, 4);
  for (const int64_t total : totals) sum += total;
  EXPECT_EQ(totals.size(), 4u);
  EXPECT_EQ(sum, 18);
}

TEST(PartitionWindow, RestoreAfterTheEndRepeatsNothing) {
  for (const int parallelism : {1, 2, 3}) {
    StreamTestHarness<Sale, std::string> harness(kSummary, {.parallelism = 2});
    harness.element({"a", 1});
    harness.end_of_input();
    EXPECT_EQ(harness.take_output().size(), 2u);
    const TestSnapshot after = harness.snapshot();
    harness.restore(after, parallelism);
    const TestSnapshot again = harness.snapshot();
    harness.restore(again, parallelism);
    harness.end_of_input();
    EXPECT_EQ(harness.take_output().size(), 0u) << parallelism;
  }
}

TEST(PartitionWindow, EachKeyIsAPartition) {
  const auto by_shop = [](auto call) {
    return [call](const DataStream<Sale>& sales) {
      return call(sales.key_by(&Sale::shop).full_window_partition());
    };
  };
  const auto sorted = [](auto results) {
    std::sort(results.begin(), results.end());
    return results;
  };
  for (const int restored : {0, 1, 3}) {
    EXPECT_EQ(sorted(results_of<std::string>(
                  kSales, by_shop([](auto partitions) { return partitions.aggregate(Summary()); }),
                  2, restored)),
              (std::vector<std::string>{"1 for 4", "2 for 7", "3 for 7"}));
    EXPECT_EQ(sorted(results_of<std::string>(kSales, by_shop([](auto partitions) {
                                               return partitions.map_partition(
                                                   [](const std::vector<Sale>& records,
                                                      Collector<std::string>& out) {
                                                     std::string text = records[0].shop;
                                                     for (const Sale& sale : records)
                                                       text += " " + std::to_string(sale.amount);
                                                     out.collect(text);
                                                   });
                                             }),
                                             2, restored)),
              (std::vector<std::string>{"a 5 2", "b 3 1 3", "c 4"}));
    std::map<std::string, std::vector<int64_t>> amounts;
    for (const Sale& sale : results_of<Sale>(kSales, by_shop([](auto partitions) {
                                               return partitions.sort_partition(&Sale::amount,
                                                                                Order::kDescending);
                                             }),
                                             2, restored))
      amounts[sale.shop].push_back(sale.amount);
    EXPECT_EQ(amounts, (std::map<std::string, std::vector<int64_t>>{
                           {"a", {5, 2}}, {"b", {3, 3, 1}}, {"c", {4}}}));
    std::map<std::string, int64_t> largest;
    for (const Sale& sale :
         results_of<Sale>(kSales, by_shop([](auto partitions) {
                            return partitions.reduce([](const Sale& a, const Sale& b) {
                              return a.amount < b.amount ? b : a;
                            });
                          }),
                          2, restored))
      EXPECT_TRUE(largest.emplace(sale.shop, sale.amount).second) << "one for each key";
    EXPECT_EQ(largest, (std::map<std::string, int64_t>{{"a", 5}, {"b", 3}, {"c", 4}}));
  }
}

TEST(PartitionWindow, WatermarkBeforeTheLastFiresNothing) {
  StreamTestHarness<Sale, Sale> harness([](const DataStream<Sale>& sales) {
    return sales.key_by(&Sale::shop).full_window_partition().sort_partition(&Sale::amount);
  });
  harness.element({"a", 1}, kMaxWatermark - 1);
  harness.watermark(kMaxWatermark - 1);
  EXPECT_EQ(harness.take_output().size(), 0u);
  harness.end_of_input();
  EXPECT_EQ(harness.take_output().size(), 1u);
}

TEST(PartitionWindow, ResultsComeInTimeForWhatFollows) {
  StreamTestHarness<Sale, Sale> harness([](const DataStream<Sale>& sales) {
    return sales.full_window_partition()
        .sort_partition(&Sale::amount)
        .assign_timestamps_and_watermarks(
            for_monotonous_timestamps<Sale>().with_timestamp_assigner(&Sale::amount))
        .key_by(&Sale::shop)
        .window(TumblingEventTimeWindows::of(std::chrono::milliseconds(10)))
        .sum(&Sale::amount);
  });
  harness.element({"a", 12});
  harness.element({"a", 3});
  harness.element({"a", 4});
  harness.end_of_input();
  EXPECT_EQ(harness.take_output(), (std::vector<TestRecord<Sale>>{{{"a", 7}, 9}, {{"a", 12}, 19}}));
}

TEST(PartitionWindow, ExceptionOfTheFunctionComesThrough) {
  StreamTestHarness<Sale, Sale> harness([](const DataStream<Sale>& sales) {
    return sales.full_window_partition().map_partition<Sale>(
        [](const auto&, auto&) { throw std::runtime_error("no such partition"); });
  });
  EXPECT_THROW(harness.end_of_input(), std::runtime_error);
}

TEST(PartitionWindow, InputThatNeverEndsIsRefused) {
  StreamExecutionEnvironment env;
  env.from_source(GeneratorSource<int64_t>::unbounded([](int64_t i) { return i; }), no_watermarks(),
                  "numbers")
      .map([](int64_t i) { return i; })
      .full_window_partition()
      .sort_partition([](int64_t i) { return i; })
      .print();
  EXPECT_EQ(env.run().status().message(),
            "operator 'sort partition' emits its results at the end of its input, and source "
            "'numbers' never ends; use a bounded source, or window() instead of "
            "full_window_partition()");
}

TEST(PartitionWindow, ResultsHaveNoTimestamps) {
  StreamExecutionEnvironment env;
  env.from_elements<int64_t>({1})
      .full_window_partition()
      .sort_partition([](int64_t i) { return i; })
      .key_by([](int64_t i) { return i; })
      .window(TumblingEventTimeWindows::of(std::chrono::seconds(1)))
      .reduce([](int64_t a, int64_t b) { return a + b; })
      .print();
  EXPECT_NE(env.run().status().message().find("none of its records has a timestamp"),
            std::string::npos);
}

TEST(PartitionWindow, NullFunctionsAreRefused) {
  StreamExecutionEnvironment env;
  const auto partitions = env.from_elements<Sale>({{"a", 1}}).full_window_partition();
  partitions.map_partition(std::function<void(const std::vector<Sale>&, Collector<Sale>&)>());
  partitions.reduce(std::function<Sale(const Sale&, const Sale&)>());
  partitions.sort_partition(std::function<int64_t(const Sale&)>());
  EXPECT_EQ(env.run().status().message(),
            "map_partition is given a function that is null\n"
            "reduce is given a function that is null\n"
            "sort_partition is given a function that is null");
}

TEST(PartitionWindow, RunsInAJob) {
  StreamExecutionEnvironment env;
  env.set_parallelism(3);
  CollectSink<int64_t> sink;
  env.from_sequence(1, 1000)
      .key_by([](int64_t i) { return i % 2; })
      .full_window_partition()
      .reduce([](int64_t a, int64_t b) { return a + b; })
      .sink_to(sink);
  ASSERT_TRUE(env.run().ok());
  auto sums = sink.records();
  std::sort(sums.begin(), sums.end());
  EXPECT_EQ(sums, (std::vector<int64_t>{250'000, 250'500}));
}

}  // namespace
}  // namespace weir
