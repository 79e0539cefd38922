#include "runtime/task.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "fs/file_system_registry.h"

namespace weir {
namespace {

using Ints = BatchOf<int>;

/// Runs blocking work at once and keeps its continuations for the test to run.
class TestServices final : public TaskServices {
 public:
  void run_blocking(std::string_view, std::function<std::function<void()>()> work) override {
    if (auto continuation = work()) continuations.push_back(std::move(continuation));
  }
  int64_t wall_ms() const override { return now_ms; }
  FileSystemRegistry& files() override { std::abort(); }

  std::vector<std::function<void()>> continuations;
  int64_t now_ms = 0;
};

/// Emits 1, 2, 3 … `count`, one per poll, with timestamps and watermarks of ten times the value.
class CountingSource final : public SourceOperator {
 public:
  explicit CountingSource(int count) : count_(count) {}
  Status open(OperatorContext& context) override {
    auto restored =
        context.operator_state().declare("next", ListStateMode::kSplit, TypeDescription{});
    if (!restored->empty()) next_ = (*restored)[0][0];
    return {};
  }
  PollResult poll(Output& out, EventTime* time) override {
    if (next_ > count_) return {PollResult::Status::kEnd};
    Ints batch;
    batch.add(next_, next_ * 10);
    time->watermark = next_ * 10;
    ++next_;
    out.emit(batch);
    return {PollResult::Status::kMore};
  }
  Status snapshot(SnapshotContext& context) override {
    context.put_list("next", {std::string(1, static_cast<char>(next_))});
    return {};
  }
  void add_splits(std::vector<std::string>) override {}
  int64_t records_emitted() const override { return next_ - 1; }

 private:
  const int count_;
  int next_ = 1;
};

/// Emits the splits that it gets, one per poll. Its snapshot is logged.
class SplitSource final : public SourceOperator {
 public:
  explicit SplitSource(std::string* log) : log_(log) {}
  Status open(OperatorContext&) override { return {}; }
  PollResult poll(Output& out, EventTime*) override {
    if (splits_.empty()) return {PollResult::Status::kEnd};
    Ints batch;
    batch.add(std::stoi(splits_.front()));
    splits_.erase(splits_.begin());
    out.emit(batch);
    return {};
  }
  Status snapshot(SnapshotContext& context) override {
    *log_ += "state" + std::to_string(context.checkpoint_id()) + ":";
    for (const std::string& split : splits_) *log_ += " " + split;
    *log_ += "; ";
    return {};
  }
  void add_splits(std::vector<std::string> splits) override {
    splits_.insert(splits_.end(), splits.begin(), splits.end());
  }
  int64_t records_emitted() const override { return 0; }

 private:
  std::string* const log_;
  std::vector<std::string> splits_;
};

/// Passes records on, and throws at a given one. On a watermark emits `per_watermark` records, one
/// per call; at the end emits 1000.
class TestOperator final : public Operator {
 public:
  struct Options {
    int throw_at = -1;
    int per_watermark = 0;
    bool last_words = false;
    bool* quiescent = nullptr;
    std::vector<std::string>* log = nullptr;
  };
  explicit TestOperator(Options options) : options_(options) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override {
    for (const int record : static_cast<Ints&>(batch).records) {
      if (record == options_.throw_at)
        throw std::runtime_error("cannot digest " + std::to_string(record));
    }
    out.emit(batch);
  }
  Progress advance_watermark(Timestamp watermark, Output& out) override {
    if (watermark == kMaxWatermark || emitted_ == options_.per_watermark) {
      emitted_ = 0;
      return Progress::kDone;
    }
    Ints batch;
    batch.add(static_cast<int>(watermark) + ++emitted_);
    out.emit(batch);
    return Progress::kMore;
  }
  Progress finish(Output& out) override {
    if (options_.last_words) {
      Ints batch;
      batch.add(1000);
      out.emit(batch);
    }
    return Progress::kDone;
  }
  void checkpoint_completed(int64_t id) override {
    if (options_.log) options_.log->push_back("completed " + std::to_string(id));
  }
  bool quiescent() override { return options_.quiescent == nullptr || *options_.quiescent; }

 private:
  const Options options_;
  int emitted_ = 0;
};

/// One task under test, its single output channel, and the events that it reported to its shard.
struct Fixture {
  explicit Fixture(std::vector<OperatorFactory> operators, bool source, int inputs = 1,
                   size_t capacity = 64, std::vector<int> input_of_channel = {}) {
    vertex.name = "test";
    vertex.is_source = source;
    for (size_t i = 0; i < operators.size(); ++i) {
      vertex.chain.push_back(JobOperator{"op" + std::to_string(i), "uid" + std::to_string(i),
                                         OperatorId{}, operators[i], nullptr, nullptr});
    }
    std::unique_ptr<InputGate> gate;
    if (!source) {
      for (int i = 0; i < inputs; ++i) in.push_back(std::make_shared<Channel>(64));
      gate = std::make_unique<InputGate>(
          std::vector<std::shared_ptr<ChannelReader>>(in.begin(), in.end()),
          CheckpointingMode::kExactlyOnce, std::move(input_of_channel));
    }
    std::vector<Task::OutgoingEdge> outputs;
    out = std::make_shared<Channel>(capacity);
    outputs.push_back(
        {std::make_unique<OutputPartition>(
             OutputPartition::Options{.partitioning = Partitioning::kForward, .batch_size = 1},
             std::vector<std::shared_ptr<ChannelWriter>>{out}),
         operators.size() - 1});
    task = std::make_unique<Task>(vertex, 0, SubtaskPlace{}, services, fibers, std::move(gate),
                                  std::move(outputs));
    task->set_listener(
        {.on_snapshot =
             [this](TaskSnapshot s) {
               events += "snapshot" + std::to_string(s.id) + " ";
               figures = s.figures;
             },
         .on_failure = [this](Status s) { events += "failed: " + std::string(s.message()) + " "; },
         .on_ended = [this] { events += "ended "; },
         .on_finished = [this] { events += "finished "; },
         .on_split_wanted = [this] { events += "wanted "; },
         .on_watermark_to_align =
             [this](Timestamp w) { events += "align" + std::to_string(w) + " "; }});
    EXPECT_TRUE(task->chain().open({}).ok());
  }
  void run() {
    while (task->step(MonotonicTime(0)) == Actor::kBusy) {}
  }
  std::string output() {
    std::string text;
    StreamElement element;
    while (out->try_pop(&element)) {
      switch (element.kind) {
        case StreamElement::Kind::kBatch:
          for (const int record : static_cast<Ints&>(*element.batch).records)
            text += std::to_string(record) + " ";
          break;
        case StreamElement::Kind::kWatermark:
          text +=
              element.value == kMaxWatermark ? "wmax " : "w" + std::to_string(element.value) + " ";
          break;
        case StreamElement::Kind::kBarrier:
          text += "b" + std::to_string(element.value) + " ";
          break;
        case StreamElement::Kind::kEndOfData: text += "end "; break;
        case StreamElement::Kind::kWatermarkStatus:
          text += element.value != 0 ? "idle " : "active ";
          break;
      }
    }
    return text;
  }
  void give(int channel, StreamElement element) { EXPECT_TRUE(in[channel]->try_push(element)); }
  void give(int channel, int record) {
    auto batch = std::make_unique<Ints>();
    batch->add(record);
    give(channel, StreamElement{StreamElement::Kind::kBatch, 0, std::move(batch)});
  }

  JobVertex vertex;
  TestServices services;
  FiberPool fibers{256 * 1024};
  std::vector<std::shared_ptr<Channel>> in;
  std::shared_ptr<Channel> out;
  std::unique_ptr<Task> task;
  std::string events;
  TaskCheckpointFigures figures;  ///< of the last snapshot
};

/// Has a timer that registers itself again for now; each firing emits 7000 plus its number. Passes
/// records on.
class Restless final : public Operator {
 public:
  explicit Restless(int64_t due_ms = 0) : due_ms_(due_ms) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override { out.emit(batch); }
  int64_t next_processing_time() override { return due_ms_; }
  Progress advance_processing_time(int64_t, Output& out) override {
    Ints batch;
    batch.add(7000 + ++fired_);
    out.emit(batch);
    return Progress::kMore;
  }

 private:
  const int64_t due_ms_;
  int fired_ = 0;
};

/// Has nothing to read until it ends; the test sets its watermark.
class AlignedSource final : public SourceOperator {
 public:
  struct Script {
    std::optional<Timestamp> watermark = {};
    Timestamp max_allowed = kMaxWatermark;
    bool ends = false;
  };
  explicit AlignedSource(Script* script) : script_(script) {}
  Status open(OperatorContext&) override { return {}; }
  PollResult poll(Output&, EventTime*) override {
    return {script_->ends ? PollResult::Status::kEnd : PollResult::Status::kNothingNow};
  }
  void add_splits(std::vector<std::string>) override {}
  std::optional<Timestamp> watermark_to_align() const override { return script_->watermark; }
  void align_watermark(Timestamp max_allowed) override { script_->max_allowed = max_allowed; }
  int64_t records_emitted() const override { return 0; }

 private:
  Script* const script_;
};

/// Passes on records of its first input as they are, and of its second with 500 added.
class TwoInputs final : public Operator {
 public:
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override { out.emit(batch); }
  void process_input(int input, Batch& batch, Output& out) override {
    EXPECT_EQ(input, 1);
    for (int& record : static_cast<Ints&>(batch).records) record += 500;
    out.emit(batch);
  }
};

/// Has one timer, which emits 7000. Passes records on.
class OneTimer final : public Operator {
 public:
  explicit OneTimer(int64_t due_ms) : due_ms_(due_ms) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override { out.emit(batch); }
  int64_t next_processing_time() override { return due_ms_; }
  Progress advance_processing_time(int64_t, Output& out) override {
    due_ms_ = INT64_MAX;
    Ints batch;
    batch.add(7000);
    out.emit(batch);
    return Progress::kDone;
  }

 private:
  int64_t due_ms_;
};

/// Passes records on, and gives its context to the test.
class WithContext final : public Operator {
 public:
  explicit WithContext(OperatorContext** context) : context_(context) {}
  Status open(OperatorContext& context) override {
    *context_ = &context;
    return {};
  }
  void process(Batch& batch, Output& out) override { out.emit(batch); }

 private:
  OperatorContext** const context_;
};

OperatorFactory source(int count) {
  return [count] { return std::make_unique<CountingSource>(count); };
}
OperatorFactory op(TestOperator::Options options = {}) {
  return [options] { return std::make_unique<TestOperator>(options); };
}

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

TEST(Task, AStoppedSourceReadsNothingUntilTheOutcomeIsKnown) {
  for (const bool aborted : {false, true}) {
    Fixture f({source(2)}, true);
    f.task->step(MonotonicTime(0));
    f.task->trigger_checkpoint(1, StopMode::kSuspend);
    f.run();
    EXPECT_EQ(f.output(), "1 w10 b1 ");
    f.run();
    EXPECT_EQ(f.output(), "");
    if (aborted) f.task->checkpoint_aborted(1);
    else f.task->checkpoint_completed(1, /*ends_job=*/false);  // its savepoint was not written
    f.run();
    EXPECT_EQ(f.output(), "2 w20 wmax end ") << "the stop has failed, and the job goes on";
    EXPECT_EQ(f.events, "snapshot1 ended ");
  }
}

TEST(Task, TimersOfAStoppedTaskFireIfTheStopFails) {
  for (const bool aborted : {false, true}) {
    Fixture f({source(1), [] { return std::make_unique<OneTimer>(50); }}, true);
    f.task->trigger_checkpoint(1, StopMode::kSuspend);
    f.run();
    f.services.now_ms = 100;
    f.run();
    EXPECT_EQ(f.output(), "b1 ") << "what a timer does now would not be in the savepoint";
    if (aborted) f.task->checkpoint_aborted(1);
    else f.task->checkpoint_completed(1, /*ends_job=*/false);
    f.run();
    EXPECT_EQ(f.output(), "7000 1 w10 wmax end ");
  }
}

TEST(Task, AStoppedTaskFinishesWhenItsCommitsAreDone) {
  bool quiescent = false;
  Fixture f({source(2), op({.last_words = true, .quiescent = &quiescent})}, true);
  f.task->step(MonotonicTime(0));
  f.task->trigger_checkpoint(1, StopMode::kSuspend);
  f.run();
  f.task->checkpoint_completed(1, /*ends_job=*/true);
  f.run();
  EXPECT_EQ(f.events, "snapshot1 ") << "a commit is in progress";
  quiescent = true;
  f.run();
  EXPECT_EQ(f.events, "snapshot1 finished ");
  EXPECT_EQ(f.output(), "1 w10 b1 ") << "event time does not end, and nothing says farewell";
}

TEST(Task, ADrainEndsEventTimeBeforeItsBarrierAndAfterEarlierOnes) {
  Fixture f({source(9), op({.last_words = true})}, true);
  f.task->step(MonotonicTime(0));
  f.task->trigger_checkpoint(1);
  f.task->trigger_checkpoint(2);
  f.task->trigger_checkpoint(3, StopMode::kDrain);
  f.task->checkpoint_aborted(2);
  f.run();
  EXPECT_EQ(f.output(), "1 w10 b1 wmax 1000 end b3 ");
  f.task->checkpoint_completed(3, /*ends_job=*/true);
  EXPECT_EQ(f.events, "snapshot1 ended snapshot3 finished ");
}

TEST(Task, ADrainThatIsAbortedInTimeHasNoEffect) {
  Fixture f({source(1)}, true);
  f.task->trigger_checkpoint(1, StopMode::kDrain);
  f.task->checkpoint_aborted(1);
  f.run();
  EXPECT_EQ(f.output(), "1 w10 wmax end ");
}

TEST(Task, ATaskMayLearnOfAStopAfterItsBarrier) {
  Fixture f({op()}, false);
  f.give(0, {StreamElement::Kind::kBarrier, 1, nullptr});
  f.run();
  f.task->trigger_checkpoint(1, StopMode::kSuspend);
  f.task->checkpoint_completed(1, /*ends_job=*/true);
  EXPECT_EQ(f.events, "snapshot1 finished ");
}

TEST(Task, ATaskThatStartsStoppedOnlyPassesBarriers) {
  Fixture f({source(2)}, true);
  f.task->start_stopped();
  f.run();
  EXPECT_EQ(f.output(), "");
  f.task->trigger_checkpoint(5);
  f.run();
  f.task->checkpoint_completed(5, /*ends_job=*/true);
  EXPECT_EQ(f.output(), "b5 ");
  EXPECT_EQ(f.events, "snapshot5 finished ");
}

TEST(Task, EndedTaskStillPassesBarriersAndFinishesWhenOneIsComplete) {
  bool quiescent = false;
  Fixture f({source(1), op({.last_words = true, .quiescent = &quiescent})}, true);
  f.task->trigger_checkpoint(1);
  f.run();
  f.task->checkpoint_completed(1);  // taken before the end, so it does not finish the task
  f.task->trigger_checkpoint(2);
  f.run();
  EXPECT_EQ(f.output(), "b1 1 w10 wmax 1000 end b2 ");
  EXPECT_EQ(f.events, "snapshot1 ended snapshot2 ");
  f.task->checkpoint_completed(2);
  EXPECT_EQ(f.events, "snapshot1 ended snapshot2 ");  // a commit is in progress
  quiescent = true;
  f.run();
  EXPECT_EQ(f.events, "snapshot1 ended snapshot2 finished ");
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
}  // namespace weir
