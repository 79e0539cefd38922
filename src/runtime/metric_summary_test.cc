#include "runtime/metric_summary.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(MetricSummary, AddsCountersAndListsGauges) {
  MetricGroup first;
  MetricGroup second;
  Counter& late = first.counter("late");
  first.counter("nothing");
  late.inc();
  late.inc(4);
  late.dec();
  first.gauge("depth").set(7);
  second.gauge("depth").set(-2);
  second.counter("late").inc(10);
  EXPECT_EQ(&first.counter("late"), &late) << "the second call finds what the first has made";

  MetricSummary summary;
  summary.add("delays", first);
  summary.add("delays", second);
  summary.add("other", second);
  EXPECT_EQ(summary.lines(),
            (std::vector<std::string>{"metric delays.late: 14", "metric delays.depth: 7, -2",
                                      "metric other.depth: -2", "metric other.late: 10"}));
}

TEST(MetricSummary, IsEmptyWithoutMetrics) { EXPECT_TRUE(MetricSummary().lines().empty()); }

}  // namespace
}  // namespace weir
