#include "weir/detail/stream/keyed_operators.h"

#include <gtest/gtest.h>

#include "operators/log_lines.h"
#include "testing/operator_harness.h"

namespace weir {
namespace {

using detail::KeyedProcessOperator;
using detail::ReduceOperator;
using detail::TypedKeyHasher;
using Lines = std::vector<std::string>;

struct Sale {
  std::string item;
  int64_t amount = 0;
  WEIR_FIELDS(Sale, item, amount)
};
std::ostream& operator<<(std::ostream& out, const Sale& sale) {
  return out << sale.item << ' ' << sale.amount;
}

using ItemOf = std::string Sale::*;

const auto kSum = [](const Sale& a, const Sale& b) { return Sale{a.item, a.amount + b.amount}; };

template <class Op, class... Args>
OperatorFactory factory_of(Args... args) {
  return [=] { return std::make_unique<Op>(args...); };
}
std::shared_ptr<const KeyHasher> by_item() {
  return std::make_shared<TypedKeyHasher<Sale, ItemOf>>(&Sale::item);
}

OperatorScenario reduce_scenario() {
  return OperatorScenario(
      factory_of<ReduceOperator<Sale, ItemOf, std::decay_t<decltype(kSum)>>>(&Sale::item, kSum),
      show_batch_of<Sale>());
}

TEST(Reduce, EmitsTheCurrentReductionForEveryRecord) {
  auto scenario = reduce_scenario();
  scenario.keyed_by(by_item())
      .records(batch_of<Sale>({{{"tea", 3}, 10}, {{"salt", 1}, 11}, {{"tea", 4}, 12}}))
      .records(batch_of<Sale>({{{"tea", 5}, 13}}));
  EXPECT_EQ(scenario.run(), (Lines{"tea 3 @10", "salt 1 @11", "tea 7 @12", "tea 12 @13"}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(Reduce, AcceptsKeysComputedByASelector) {
  const auto parity = [](const int64_t& n) { return n % 2 == 0; };
  const auto sum = [](int64_t a, int64_t b) { return a + b; };
  OperatorScenario scenario(
      factory_of<
          ReduceOperator<int64_t, std::decay_t<decltype(parity)>, std::decay_t<decltype(sum)>>>(
          parity, sum),
      show_batch_of<int64_t>());
  scenario
      .keyed_by(std::make_shared<TypedKeyHasher<int64_t, std::decay_t<decltype(parity)>>>(parity))
      .records(batch_of<int64_t>({{1, kNoTimestamp},
                                  {2, kNoTimestamp},
                                  {3, kNoTimestamp},
                                  {4, kNoTimestamp},
                                  {-5, kNoTimestamp}}));
  EXPECT_EQ(scenario.run(), (Lines{"1", "2", "4", "6", "-1"}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(Reduce, ResultsDoNotKeepTheHashOfTheirOldKey) {
  OperatorHarness harness(
      factory_of<ReduceOperator<Sale, ItemOf, std::decay_t<decltype(kSum)>>>(&Sale::item, kSum)(),
      [](const Batch& batch) {
        EXPECT_TRUE(batch.key_hashes.empty());
        return Lines{};
      });
  ASSERT_TRUE(harness.open().ok());
  auto batch = batch_of<Sale>({{{"tea", 3}, 10}});
  by_item()->hash(*batch);
  harness.process(*batch);
}

/// Uses everything that a process function can use: values, lists, maps, and timers of both kinds.
class Everything : public KeyedProcessFunction<std::string, Sale, std::string> {
 public:
  void open(RuntimeContext& context) override {
    total_ = context.state(ValueStateDescriptor<int64_t>{"total"});
    amounts_ = context.state(ListStateDescriptor<int64_t>{"amounts"});
    by_size_ = context.state(MapStateDescriptor<std::string, int64_t>{"by size"});
  }
  void process_element(const Sale& sale, Context& context, Collector<std::string>& out) override {
    if (sale.amount == 0) {
      out.collect(context.current_key() + " cleared");
      total_.clear();
      amounts_.clear();
      by_size_.clear();
      context.timer_service().delete_event_time_timer(context.timestamp() / 100 * 100 + 100);
      return;
    }
    total_.update(total_.value_or(0) + sale.amount);
    amounts_.add(sale.amount);
    by_size_.mutable_value(sale.amount > 9 ? "large" : "small") += 1;
    context.timer_service().register_event_time_timer(context.timestamp() / 100 * 100 + 100);
    context.timer_service().register_event_time_timer(context.timestamp() / 100 * 100 + 100);
    context.timer_service().register_processing_time_timer(5000);
  }
  void on_timer(Timestamp timestamp, OnTimerContext& context,
                Collector<std::string>& out) override {
    std::string text = context.current_key() +
                       (context.time_domain() == TimeDomain::kEventTime ? " event " : " clock ") +
                       std::to_string(timestamp);
    text += " watermark " + std::to_string(context.timer_service().current_watermark());
    text +=
        " total " + (total_.value() == nullptr ? "none" : std::to_string(*total_.value())) + " of";
    for (const int64_t amount : amounts_.get()) text += ' ' + std::to_string(amount);
    for (const auto& [size, count] : by_size_.entries())
      text += ' ' + size + ':' + std::to_string(count);
    out.collect(text);
    if (timestamp == 100) context.timer_service().register_event_time_timer(150);
  }

 private:
  ValueState<int64_t> total_;
  ListState<int64_t> amounts_;
  MapState<std::string, int64_t> by_size_;
};

OperatorFactory everything() {
  return factory_of<KeyedProcessOperator<Everything, Sale, ItemOf>>(&Sale::item, Everything{});
}

TEST(KeyedProcess, KeepsStateAndTimersByKey) {
  OperatorScenario scenario(everything(), show_batch_of<std::string>());
  scenario.keyed_by(by_item())
      .records(batch_of<Sale>(
          {{{"tea", 3}, 10}, {{"salt", 1}, 20}, {{"tea", 40}, 30}, {{"oil", 2}, 120}}))
      .watermark(99)
      .records(batch_of<Sale>({{{"salt", 0}, 25}}))
      .watermark(160)
      .processing_time(4999)
      .processing_time(5000)
      .watermark(kMaxWatermark)
      .finish();
  EXPECT_EQ(scenario.run(),
            (Lines{
                "salt cleared @25",
                "tea event 100 watermark 160 total 43 of 3 40 large:1 small:1 @100",
                "tea event 150 watermark 160 total 43 of 3 40 large:1 small:1 @150",
                "tea clock 5000 watermark 160 total 43 of 3 40 large:1 small:1",
                "oil clock 5000 watermark 160 total 2 of 2 small:1",
                "salt clock 5000 watermark 160 total none of",
                "oil event 200 watermark 9223372036854775807 total 2 of 2 small:1 @200",
            }));
  EXPECT_EQ(scenario.check(), "");
}

TEST(KeyedProcess, OverdueProcessingTimersFireAfterARestore) {
  OperatorHarness before(everything()(), show_batch_of<std::string>());
  ASSERT_TRUE(before.open().ok());
  before.process(*batch_of<Sale>({{{"tea", 3}, 10}}));
  EXPECT_EQ(before.op().next_processing_time(), 5000);
  const HarnessSnapshot snapshot = before.snapshot(1);

  OperatorHarness after(everything()(), show_batch_of<std::string>());
  after.set_processing_time(90000);
  ASSERT_TRUE(after.open(&snapshot).ok());
  EXPECT_EQ(after.op().next_processing_time(), 5000);
  after.processing_time_to_the_end(90000);
  EXPECT_EQ(after.take_output(),
            Lines{"tea clock 5000 watermark -9223372036854775808 total 3 of 3 small:1"});
  EXPECT_EQ(after.op().next_processing_time(), INT64_MAX);
}

TEST(KeyedProcess, FiresABoundedNumberOfTimersPerCall) {
  OperatorHarness harness(everything()(), show_batch_of<std::string>());
  ASSERT_TRUE(harness.open().ok());
  for (int i = 0; i < 2500; ++i)
    harness.process(*batch_of<Sale>({{{"item " + std::to_string(i), 1}, 10}}));
  EXPECT_EQ(harness.advance_watermark(100), Progress::kMore);
  EXPECT_EQ(harness.take_output().size(), 1024u);
  EXPECT_EQ(harness.advance_watermark(100), Progress::kMore);
  EXPECT_EQ(harness.advance_watermark(100), Progress::kDone);
  EXPECT_EQ(harness.take_output().size(), 2500u - 1024u);
}

TEST(KeyedProcess, PendingProcessingTimersAreDroppedAndLoggedAtTheEndOfInput) {
  LogLines log;
  OperatorHarness harness(everything()(), show_batch_of<std::string>());
  ASSERT_TRUE(harness.open().ok());
  for (int i = 0; i < 2500; ++i)
    harness.process(*batch_of<Sale>({{{"item " + std::to_string(i), 1}, 10}}));
  harness.watermark_to_the_end(kMaxWatermark);
  harness.take_output();
  EXPECT_EQ(harness.op().next_processing_time(), 5000);
  EXPECT_EQ(harness.finish(), Progress::kMore) << "a bounded number in a call";
  while (harness.finish() == Progress::kMore) {}
  const Lines lines = log.take();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("2500 pending timers of processing time do not fire"), std::string::npos)
      << lines[0];
  EXPECT_EQ(harness.op().next_processing_time(), INT64_MAX);
  const HarnessSnapshot snapshot = harness.snapshot(1);
  OperatorHarness after(everything()(), show_batch_of<std::string>());
  ASSERT_TRUE(after.open(&snapshot).ok());
  EXPECT_EQ(after.op().next_processing_time(), INT64_MAX) << "nor do they after a restore";
}

/// Each timer registers the next one `step` later, up to `most` of them after a record.
class Clockwork : public KeyedProcessFunction<std::string, Sale, std::string> {
 public:
  Clockwork(int64_t step, int64_t most) : step_(step), most_(most) {}
  void open(RuntimeContext& context) override {
    left_ = context.state(ValueStateDescriptor<int64_t>{"left"});
  }
  void process_element(const Sale&, Context& context, Collector<std::string>&) override {
    left_.update(most_);
    context.timer_service().register_event_time_timer(context.timestamp());
  }
  void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<std::string>&) override {
    if (--left_.mutable_value() > 0)
      context.timer_service().register_event_time_timer(timestamp + step_);
  }

 private:
  const int64_t step_, most_;
  ValueState<int64_t> left_;
};

/// The failure of the operator after a watermark.
Status failure_of(Clockwork function, Timestamp watermark) {
  OperatorHarness harness(
      factory_of<KeyedProcessOperator<Clockwork, Sale, ItemOf>>(&Sale::item, function)(),
      show_batch_of<std::string>());
  EXPECT_TRUE(harness.open().ok());
  harness.process(*batch_of<Sale>({{{"tea", 1}, 1000}}));
  for (int i = 0; i < 1000 && harness.failure().ok() &&
                  harness.advance_watermark(watermark) == Progress::kMore;
       ++i) {}
  return harness.failure();
}

TEST(KeyedProcess, EndlessChainOfTimersFailsTheTask) {
  const Status at_the_end = failure_of({1000, INT64_MAX}, kMaxWatermark);
  EXPECT_EQ(at_the_end.code(), StatusCode::kFailedPrecondition);
  for (const std::string_view part :
       {"operator 'operator under test'", "key tea", "The input has ended", "kMaxWatermark"}) {
    EXPECT_NE(at_the_end.message().find(part), std::string_view::npos) << at_the_end.message();
  }
  const Status standing_still = failure_of({0, INT64_MAX}, 2000);
  EXPECT_EQ(standing_still.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(standing_still.message().find("at 1000 ms or earlier"), std::string_view::npos)
      << standing_still.message();
}

TEST(KeyedProcess, LongButFiniteChainOfTimersFires) {
  EXPECT_TRUE(failure_of({1, INT64_MAX}, 300'000).ok()) << "they go on in time";
  EXPECT_TRUE(failure_of({1000, 90'000}, kMaxWatermark).ok());
  EXPECT_TRUE(failure_of({0, 90'000}, 2000).ok());
}

TEST(KeyedProcess, ManyKeysSurviveEveryRestore) {
  OperatorScenario scenario(everything(), show_batch_of<std::string>());
  scenario.keyed_by(by_item(), 1000);
  for (int b = 0; b < 6; ++b) {
    auto batch = std::make_unique<BatchOf<Sale>>();
    for (int i = 0; i < 400; ++i)
      batch->add({"item " + std::to_string(i * (b + 1) % 500), i % 17}, b * 50 + i % 40);
    scenario.records(std::move(batch)).watermark(b * 50 + 20);
  }
  scenario.processing_time(6000).watermark(kMaxWatermark).finish();
  EXPECT_GT(scenario.run().size(), 1000u);
  EXPECT_EQ(scenario.check(), "");
}

TEST(KeyedProcess, TypeMismatchNamesTheOperatorTheStateAndBothTypes) {
  class Other : public KeyedProcessFunction<std::string, Sale, std::string> {
   public:
    void open(RuntimeContext& context) override {
      total_ = context.state(ValueStateDescriptor<std::string>{"total"});
    }
    void process_element(const Sale&, Context&, Collector<std::string>&) override {}

   private:
    ValueState<std::string> total_;
  };
  OperatorHarness before(everything()(), show_batch_of<std::string>());
  ASSERT_TRUE(before.open().ok());
  const HarnessSnapshot snapshot = before.snapshot(1);
  OperatorHarness after(
      factory_of<KeyedProcessOperator<Other, Sale, ItemOf>>(&Sale::item, Other{})(),
      show_batch_of<std::string>());
  const Status refused = after.open(&snapshot, /*ignore_unclaimed=*/true);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  for (const std::string_view part : {"'operator under test'", "'total'", "int64", "string"}) {
    EXPECT_NE(refused.message().find(part), std::string_view::npos) << refused.message();
  }
}

TEST(KeyedProcess, RefusesUnclaimedStateUnlessAllowed) {
  class Less : public KeyedProcessFunction<std::string, Sale, std::string> {
   public:
    void open(RuntimeContext& context) override {
      total_ = context.state(ValueStateDescriptor<int64_t>{"total"});
    }
    void process_element(const Sale& sale, Context&, Collector<std::string>& out) override {
      out.collect(sale.item + ' ' + std::to_string(total_.value_or(-1)));
    }

   private:
    ValueState<int64_t> total_;
  };
  OperatorHarness before(everything()(), show_batch_of<std::string>());
  ASSERT_TRUE(before.open().ok());
  before.process(*batch_of<Sale>({{{"tea", 3}, 10}}));
  const HarnessSnapshot snapshot = before.snapshot(1);
  const auto less = factory_of<KeyedProcessOperator<Less, Sale, ItemOf>>(&Sale::item, Less{});
  {
    OperatorHarness after(less(), show_batch_of<std::string>());
    EXPECT_EQ(after.open(&snapshot).code(), StatusCode::kFailedPrecondition);
  }
  OperatorHarness after(less(), show_batch_of<std::string>());
  ASSERT_TRUE(after.open(&snapshot, /*ignore_unclaimed=*/true).ok());
  after.process(*batch_of<Sale>({{{"tea", 1}, 11}}));
  EXPECT_EQ(after.take_output(), Lines{"tea 3 @11"});
}

TEST(KeyedProcess, DamagedStateFailsWithAStatus) {
  OperatorHarness before(everything()(), show_batch_of<std::string>());
  ASSERT_TRUE(before.open().ok());
  before.process(*batch_of<Sale>({{{"tea", 3}, 10}}));
  const HarnessSnapshot good = before.snapshot(1);
  ASSERT_EQ(good.groups.size(), 1u);
  const auto [group, bytes] = *good.groups.begin();
  for (size_t length = 1; length < bytes.size(); ++length) {
    HarnessSnapshot damaged = good;
    damaged.groups[group] = bytes.substr(0, length);
    OperatorHarness after(everything()(), show_batch_of<std::string>());
    EXPECT_FALSE(after.open(&damaged).ok()) << length;
  }
  HarnessSnapshot moved = good;
  moved.groups.clear();
  moved.groups[group == 0 ? 1 : group - 1] = bytes;
  OperatorHarness after(everything()(), show_batch_of<std::string>());
  EXPECT_FALSE(after.open(&moved).ok());
}

}  // namespace
}  // namespace weir
