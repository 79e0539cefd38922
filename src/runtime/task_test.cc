#include "runtime/task.h"

#include "runtime/testing/task_fixture.h"

namespace weir::task_tests {
namespace {

TEST(Task, MeasuresFromTheFirstBarrierToTheLast) {
  Fixture f({op()}, false, 2);
  f.give(0, StreamElement{StreamElement::Kind::kBarrier, 1, nullptr});
  f.task->step(std::chrono::milliseconds(3));
  f.task->step(std::chrono::milliseconds(5));
  f.give(1, StreamElement{StreamElement::Kind::kBarrier, 1, nullptr});
  f.task->step(std::chrono::milliseconds(10));
  EXPECT_EQ(f.figures.alignment_us, 7000);
  // The second checkpoint's barriers arrive in one step.
  f.give(0, StreamElement{StreamElement::Kind::kBarrier, 2, nullptr});
  f.give(1, StreamElement{StreamElement::Kind::kBarrier, 2, nullptr});
  f.task->step(std::chrono::milliseconds(20));
  EXPECT_EQ(f.events, "snapshot1 snapshot2 ");
  EXPECT_EQ(f.figures.alignment_us, 0);
}

TEST(Task, SourceEmitsRecordsWatermarksAndTheEnd) {
  Fixture f({source(2)}, true);
  f.run();
  EXPECT_EQ(f.output(), "1 w10 2 w20 wmax end ");
  EXPECT_EQ(f.events, "ended ");
}

TEST(Task, ReportsTheWatermarkToAlignByOncePerInterval) {
  using std::chrono::milliseconds;
  AlignedSource::Script script;
  Fixture f({[&] { return std::make_unique<AlignedSource>(&script); }}, true);
  f.vertex.chain[0].alignment = {"group", 10, 1000};
  EXPECT_EQ(f.task->step(milliseconds(0)), Actor::kIdle) << "there is no watermark yet";
  script.watermark = 5;
  f.task->step(milliseconds(1));
  script.watermark = 7;
  EXPECT_EQ(f.task->step(milliseconds(2)), milliseconds(1001));
  EXPECT_EQ(f.events, "align5 ");
  EXPECT_EQ(f.task->step(milliseconds(1001)), Actor::kIdle);
  f.task->step(milliseconds(5000));
  EXPECT_EQ(f.events, "align5 align7 ") << "only changes";
  f.task->align_watermark(17);
  EXPECT_EQ(script.max_allowed, 17);
  script.ends = true;
  f.events.clear();
  while (f.task->step(milliseconds(9000)) == Actor::kBusy) {}
  EXPECT_EQ(f.events, "ended align" + std::to_string(kMaxWatermark) + " ");
}

TEST(Task, CountsWhatPassesThrough) {
  Fixture f({op()}, false);
  f.give(0, 7);
  f.give(0, 8);
  auto batch = std::make_unique<Ints>();
  batch->add(9);
  f.give(0, StreamElement{StreamElement::Kind::kBatch, 40, std::move(batch)});
  f.give(0, {StreamElement::Kind::kWatermark, 100, nullptr});
  EXPECT_EQ(f.task->metrics().input_watermark.value(), kMinWatermark);
  f.run();
  EXPECT_EQ(f.task->metrics().records_in.count(), 3);
  EXPECT_EQ(f.task->metrics().records_out.count(), 3);
  EXPECT_EQ(f.task->metrics().batches_out.count(), 3);
  EXPECT_EQ(f.task->metrics().bytes_in.count(), 40);
  EXPECT_EQ(f.task->metrics().input_watermark.value(), 100);
  EXPECT_EQ(f.task->metrics().output_watermark.value(), 100);
}

TEST(Task, TimeWithoutRoomIsBackPressure) {
  Fixture f({op({.per_watermark = 3})}, false, 1, 1);
  f.give(0, {StreamElement::Kind::kWatermark, 100, nullptr});
  MonotonicTime now = std::chrono::seconds(1);
  const auto step = [&] {
    const MonotonicTime begin = now;
    const MonotonicTime next = f.task->step(begin);
    if (next == Actor::kBusy) now += std::chrono::milliseconds(1);
    f.task->spent(next, begin, now);
    return next;
  };
  while (step() == Actor::kBusy) {}
  now += std::chrono::milliseconds(70);
  step();
  const TimeShares blocked = f.task->metrics().time.shares(now);
  EXPECT_EQ(blocked.back_pressured, std::chrono::milliseconds(70));
  EXPECT_GE(blocked.busy, std::chrono::milliseconds(1));
  EXPECT_EQ(blocked.idle, std::chrono::milliseconds(0));
  for (int i = 0; i < 10; ++i) {
    f.output();
    while (step() == Actor::kBusy) {}
  }
  now += std::chrono::milliseconds(30);
  step();
  const TimeShares idle = f.task->metrics().time.shares(now);
  EXPECT_EQ(idle.back_pressured, std::chrono::milliseconds(70));
  EXPECT_EQ(idle.idle, std::chrono::milliseconds(30));
}

TEST(Task, TimeWithoutRoomIsNotActive) {
  using std::chrono::milliseconds;
  OperatorContext* context = nullptr;
  Fixture f({[&] { return std::make_unique<WithContext>(&context); }}, false, 1, 1);
  const auto active_ms_at = [&](int64_t now_ms) {
    f.task->step(milliseconds(now_ms));
    return context->active_ms();
  };
  const int64_t begin_ms = active_ms_at(1000);
  f.give(0, 1);
  f.give(0, 2);
  EXPECT_EQ(active_ms_at(1010), begin_ms + 10);
  EXPECT_EQ(active_ms_at(1020), begin_ms + 20) << "the second batch does not fit into the channel";
  active_ms_at(1030);
  active_ms_at(1090);
  f.output();
  EXPECT_EQ(active_ms_at(1100), begin_ms + 30) << "there was no room from 1030 to 1100";
  f.output();
  EXPECT_EQ(active_ms_at(1150), begin_ms + 80);
}

TEST(Task, TriggeredBarrierComesBeforeTheNextRecord) {
  Fixture f({source(2)}, true);
  f.task->step(MonotonicTime(0));
  f.task->trigger_checkpoint(1);
  f.run();
  EXPECT_EQ(f.output(), "1 w10 b1 2 w20 wmax end ");
  EXPECT_EQ(f.events, "snapshot1 ended ");
}

TEST(Task, WorkStartedByAWatermarkEndsBeforeTheWatermarkIsPassedOn) {
  Fixture f({op({.per_watermark = 3}), op()}, false);
  f.give(0, {StreamElement::Kind::kWatermark, 100, nullptr});
  f.give(0, 7);
  f.run();
  EXPECT_EQ(f.output(), "101 102 103 w100 7 ");
}

TEST(Task, PausesWhileTheOutputIsFullAndThenContinues) {
  Fixture f({op({.per_watermark = 3})}, false, 1, 1);
  f.give(0, {StreamElement::Kind::kWatermark, 100, nullptr});
  std::string all;
  for (int i = 0; i < 10; ++i) {
    f.run();
    all += f.output();
  }
  EXPECT_EQ(all, "101 102 103 w100 ");
}

TEST(Task, SourceAsksOnceForMoreSplitsAndEndsAfterTheLast) {
  std::string log;
  Fixture f({[&] { return std::make_unique<SplitSource>(&log); }}, true);
  f.task->expect_splits();
  f.run();
  f.run();
  EXPECT_EQ(f.events, "wanted ");
  f.task->assign_splits({"1", "2"}, true);
  f.run();
  EXPECT_EQ(f.output(), "1 2 ");
  EXPECT_EQ(f.events, "wanted wanted ");
  f.task->assign_splits({}, false);
  f.run();
  EXPECT_EQ(f.events, "wanted wanted ended ");
}

TEST(Task, SplitDoesNotOvertakeABarrierThatWasTriggeredBefore) {
  std::string log;
  Fixture f({[&] { return std::make_unique<SplitSource>(&log); }}, true);
  f.task->expect_splits();
  f.task->assign_splits({"1"}, true);
  f.task->trigger_checkpoint(1);
  f.task->assign_splits({"2"}, true);
  f.task->trigger_checkpoint(2);
  f.task->assign_splits({"3"}, true);
  f.run();
  EXPECT_EQ(log, "state1: 1; state2: 1 2; ");
  EXPECT_EQ(f.output(), "b1 b2 1 2 3 ");
}

TEST(Task, AbortedTriggerHoldsNoSplitsBack) {
  std::string log;
  Fixture f({[&] { return std::make_unique<SplitSource>(&log); }}, true);
  f.task->expect_splits();
  f.run();
  f.task->trigger_checkpoint(1);
  f.task->assign_splits({"1"}, true);
  f.task->checkpoint_aborted(1);
  f.run();
  EXPECT_EQ(f.output(), "1 ");
}

TEST(Task, AbortedTriggerIsNotEmitted) {
  Fixture f({source(1)}, true);
  f.task->trigger_checkpoint(1);
  f.task->trigger_checkpoint(2);
  f.task->checkpoint_aborted(1);
  f.run();
  EXPECT_EQ(f.output(), "b2 1 w10 wmax end ");
}

TEST(Task, ExceptionNamesTheOperatorThatThrew) {
  Fixture f({op(), op({.throw_at = 5}), op()}, false);
  f.give(0, 4);
  f.give(0, 5);
  f.give(0, 6);
  f.run();
  EXPECT_EQ(f.output(), "4 ");
  EXPECT_EQ(f.events, "failed: operator 'op1' (uid 'uid1', subtask 0) threw: cannot digest 5 ");
}

TEST(Task, AlwaysDueTimersAndTheInputTakeTurns) {
  Fixture f({[] { return std::make_unique<Restless>(); }}, false);
  f.give(0, 1);
  f.give(0, 2);
  f.give(0, {StreamElement::Kind::kBarrier, 5, nullptr});
  f.give(0, {StreamElement::Kind::kWatermark, kMaxWatermark, nullptr});
  f.give(0, {StreamElement::Kind::kEndOfData, 0, nullptr});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(f.task->step(MonotonicTime(0)), Actor::kBusy);
  EXPECT_EQ(f.output(), "7001 1 7002 2 7003 b5 7004 wmax 7005 end ");
  EXPECT_EQ(f.events, "snapshot5 ended ");
}

TEST(Task, AlwaysDueTimersAndASourceTakeTurns) {
  Fixture f({source(2), [] { return std::make_unique<Restless>(); }}, true);
  f.task->trigger_checkpoint(1);
  for (int i = 0; i < 8; ++i) f.task->step(MonotonicTime(0));
  EXPECT_EQ(f.output(), "7001 b1 7002 1 w10 7003 2 w20 7004 wmax end ");
}

TEST(Task, DueTimersWithoutInputKeepTheTaskBusy) {
  Fixture f({[] { return std::make_unique<Restless>(); }}, false);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(f.task->step(MonotonicTime(0)), Actor::kBusy);
  EXPECT_EQ(f.output(), "7001 7002 7003 ");
}

TEST(Task, RestsUntilATimerIsDueHoweverFarAway) {
  const MonotonicTime now = std::chrono::hours(5);
  Fixture soon({[] { return std::make_unique<Restless>(1250); }}, false);
  soon.services.now_ms = 1000;
  EXPECT_EQ(soon.task->step(now), now + std::chrono::milliseconds(250));
  for (const int64_t due_ms : {int64_t{253'402'300'799'000}, INT64_MAX - 1}) {
    Fixture far({[due_ms] { return std::make_unique<Restless>(due_ms); }}, false);
    far.services.now_ms = 1'700'000'000'000;
    EXPECT_EQ(far.task->step(now), Actor::kIdle);
  }
}

TEST(Task, CompletionReachesEveryOperator) {
  std::vector<std::string> log;
  Fixture f({op({.log = &log}), op({.log = &log})}, false);
  f.task->checkpoint_completed(4);
  EXPECT_EQ(log, (std::vector<std::string>{"completed 4", "completed 4"}));
}

TEST(Task, RecordsComeToTheInputOfTheirChannel) {
  Fixture f({[] { return std::make_unique<TwoInputs>(); }, op()}, false, 3, 64, {0, 1, 1});
  f.give(0, 1);
  f.give(1, 2);
  f.give(2, 3);
  f.run();
  EXPECT_EQ(f.output(), "1 502 503 ");
  f.give(1, {StreamElement::Kind::kWatermark, 30, nullptr});
  f.give(2, {StreamElement::Kind::kWatermark, 20, nullptr});
  f.run();
  EXPECT_EQ(f.output(), "") << "the first input has given none";
  f.give(0, {StreamElement::Kind::kWatermark, 40, nullptr});
  f.give(0, {StreamElement::Kind::kBarrier, 1, nullptr});
  f.give(0, 4);
  f.give(2, {StreamElement::Kind::kBarrier, 1, nullptr});
  f.give(1, 5);
  f.run();
  EXPECT_EQ(f.output(), "w20 505 ");
  f.give(1, {StreamElement::Kind::kBarrier, 1, nullptr});
  f.run();
  EXPECT_EQ(f.output(), "b1 4 ");
}

TEST(Task, SnapshotIsTakenWhenAllChannelsHaveDeliveredTheBarrier) {
  Fixture f({op()}, false, 2);
  f.give(0, 1);
  f.give(0, {StreamElement::Kind::kBarrier, 1, nullptr});
  f.give(0, 3);
  f.give(1, 2);
  f.run();
  EXPECT_EQ(f.output(), "1 2 ");
  EXPECT_EQ(f.events, "");
  f.give(1, {StreamElement::Kind::kBarrier, 1, nullptr});
  f.run();
  EXPECT_EQ(f.output(), "b1 3 ");
  EXPECT_EQ(f.events, "snapshot1 ");
}

}  // namespace
}  // namespace weir::task_tests
