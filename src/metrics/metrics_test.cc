#include "weir/metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace weir {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.statistics(), HistogramStatistics{});
}

TEST(Histogram, QuantilesAreExactToThreePercent) {
  Histogram histogram;
  for (int64_t i = 1; i <= 100'000; ++i) histogram.update(i * 1000);
  const HistogramStatistics statistics = histogram.statistics();
  EXPECT_EQ(statistics.count, 100'000);
  EXPECT_EQ(statistics.min, 1000);
  EXPECT_EQ(statistics.max, 100'000'000);
  EXPECT_DOUBLE_EQ(statistics.mean, 50'000'500);
  EXPECT_NEAR(statistics.p50 / 50e6, 1, 0.032);
  EXPECT_NEAR(statistics.p75 / 75e6, 1, 0.032);
  EXPECT_NEAR(statistics.p95 / 95e6, 1, 0.032);
  EXPECT_NEAR(statistics.p99 / 99e6, 1, 0.032);
  EXPECT_NEAR(statistics.p999 / 99.9e6, 1, 0.032);
  EXPECT_NEAR(statistics.stddev / 28867513, 1, 0.01);
}

TEST(Histogram, SmallNumbersAreExact) {
  Histogram histogram;
  for (const int64_t value : {3, 1, 2}) histogram.update(value);
  EXPECT_EQ(histogram.statistics().p50, 2);
  EXPECT_EQ(histogram.statistics().p999, 3);
}

TEST(Histogram, TakesEveryNumber) {
  Histogram histogram;
  histogram.update(INT64_MAX);
  histogram.update(INT64_MIN);
  histogram.update(-5);
  const HistogramStatistics statistics = histogram.statistics();
  EXPECT_EQ(statistics.count, 3);
  EXPECT_EQ(statistics.min, INT64_MIN);
  EXPECT_EQ(statistics.max, INT64_MAX);
  EXPECT_EQ(statistics.p50, 0) << "numbers below 0 count as 0";
  EXPECT_GT(statistics.p99, 9.0e18);
}

TEST(MetricGroup, ANameKeepsItsFirstKind) {
  MetricGroup group;
  group.counter("n").inc(3);
  group.gauge("n").set(77);
  group.histogram("n").update(1);
  group.histogram("delay").update(9);
  group.meter("rate").mark(4);
  std::string shown;
  group.for_each([&](const MetricGroup::Metric& metric) {
    shown += metric.name + "=" + std::to_string(metric.value()) + " ";
  });
  EXPECT_EQ(shown, "n=3 delay=1 rate=4 ");
}

TEST(MetricGroup, AnotherThreadReadsWhileMetricsAreMadeAndChanged) {
  MetricGroup group;
  std::atomic<bool> ended{false};
  int64_t seen = 0;
  std::thread reader([&] {
    while (!ended) {
      int64_t count = 0;
      group.for_each([&](const MetricGroup::Metric& metric) { count += metric.value(); });
      EXPECT_GE(count, seen);
      seen = count;
    }
  });
  for (int i = 0; i < 1000; ++i) {
    group.counter("c" + std::to_string(i % 100)).inc();
    group.histogram("h" + std::to_string(i % 10)).update(i);
  }
  ended = true;
  reader.join();
  int64_t count = 0;
  group.for_each([&](const MetricGroup::Metric& metric) { count += metric.value(); });
  EXPECT_EQ(count, 2000);
}

}  // namespace
}  // namespace weir
