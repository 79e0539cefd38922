#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fs/file_system_registry.h"
#include "runtime/task.h"

namespace weir::task_tests {

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

inline OperatorFactory source(int count) {
  return [count] { return std::make_unique<CountingSource>(count); };
}
inline OperatorFactory op(TestOperator::Options options = {}) {
  return [options] { return std::make_unique<TestOperator>(options); };
}

}  // namespace weir::task_tests
