#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "checkpoint/coordinator.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/storage.h"
#include "checkpoint/testing/faulty_file_system.h"
#include "checkpoint/testing/one_file_system.h"

namespace weir {

class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  int64_t wall_ms() const override { return 1000; }
  MonotonicTime now_ = std::chrono::seconds(100);
};

class CountingRandom final : public Random {
 public:
  uint64_t next() override { return ++last_; }

 private:
  uint64_t last_ = 0;
};

/// Records its calls ("trigger 1", "complete 1", "abort 1", "completed 1", "fail"), and runs
/// blocking work when the test asks for it.
class RecordingHost final : public CheckpointHost {
 public:
  void send_trigger(const TriggerCheckpoint& message) override {
    triggered = message;
    say("trigger", message.id);
  }
  void send_complete(const NotifyCheckpointComplete& message) override {
    say(message.ends_job ? "end with" : "complete", message.id);
  }
  void send_aborted(const NotifyCheckpointAborted& message) override { say("abort", message.id); }
  void on_completed(const CompletedCheckpoint& checkpoint) override {
    say("completed", checkpoint.id);
  }
  void on_drain_failed(const Status&) override { said.push_back("drain failed"); }
  void on_checkpoint_failure_beyond_tolerance(const Status& status) override {
    said.push_back("fail");
    failure = status;
  }
  void run_blocking(std::function<std::function<void()>()> work) override {
    works.push_back(std::move(work));
  }

  /// Runs the oldest work, then its answer.
  void run_one() {
    auto work = std::move(works.front());
    works.pop_front();
    work()();
  }
  void run_all() {
    while (!works.empty()) run_one();
  }
  std::vector<std::string> take() { return std::exchange(said, {}); }

  std::deque<std::function<std::function<void()>()>> works;
  std::vector<std::string> said;
  TriggerCheckpoint triggered;  ///< the last one
  std::function<void(const std::string&)> on_say;
  Status failure;

 private:
  void say(std::string_view what, CheckpointId id) {
    said.push_back(cat(what, " ", id));
    if (on_say) on_say(said.back());
  }
};

using Said = std::vector<std::string>;

/// One operator with one subtask in each of two processes; a checkpoint every ten seconds.
class Coordinator : public testing::Test {
 protected:
  Coordinator() {
    options_.job = {fs_, "/c/job", "mem:///c/job"};
    options_.files = &files_;
    options_.trigger.interval = std::chrono::seconds(10);
    options_.timeout = std::chrono::seconds(60);
    options_.tolerable_failed_checkpoints = 100;
    EXPECT_TRUE(prepare_job_directory(options_.job).ok());
  }

  void make() {
    coordinator_ = std::make_unique<CheckpointCoordinator>(clock_, random_, options_, host_);
  }
  void start(AttemptId attempt = 1, CheckpointId restored = -1) {
    if (!coordinator_) make();
    attempt_ = attempt;
    coordinator_->start(attempt,
                        {{{"count", "c", murmur3_128("c"), 2, 16}},
                         {{0, {{murmur3_128("c"), 0}}}, {1, {{murmur3_128("c"), 1}}}}},
                        {restored, {}});
  }
  Status request(CheckpointKind kind, std::function<void(Status)> done) {
    return coordinator_->request(
        {kind,
         SnapshotFormat::kConfigured,
         {},
         [done = std::move(done)](const StatusOr<CompletedCheckpoint>& result) {
           done(result.status());
         }});
  }
  void request_final(std::function<void(Status)> done) {
    (void)request(CheckpointKind::kFinal, std::move(done));
  }
  /// Resets everything.
  void start_over() {
    coordinator_.reset();
    ASSERT_TRUE(fs_->inner().remove_all("/c/job").ok());
    ASSERT_TRUE(prepare_job_directory(options_.job).ok());
    host_.works.clear();
    host_.take();
    clock_.now_ = std::chrono::seconds(100);
  }
  MonotonicTime poll() { return coordinator_->poll(clock_.now_); }
  MonotonicTime pass(MonotonicTime time) {
    clock_.now_ += time;
    return poll();
  }
  /// The name that a process gives its data file; `epoch`: of the coordinator.
  std::string file_name(int process, int64_t epoch = 0) const {
    const CoordinatorMark mark = coordinator_mark(epoch, options_.start);
    return data_file_name({process, data_file_nonce(mark, static_cast<uint64_t>(process))});
  }
  std::string file_of(CheckpointId id, int process) const {
    return cat("/c/job/chk-", id, "/", file_name(process));
  }
  AcknowledgeCheckpoint ack(CheckpointId id, int process) {
    SubtaskState state;
    const std::string file = file_name(process);
    state.keyed_state = KeyedStateHandle{
        {process * 8, process * 8 + 7}, std::vector<int64_t>(8, 0), FileSegment{file, 0, 4}};
    return {attempt_, id, process, {{murmur3_128("c"), process, state}}, {{file, 4, 0}}, {}};
  }
  /// The process writes its file and acknowledges.
  void acknowledge(CheckpointId id, int process) {
    ASSERT_TRUE(write_file(fs_->inner(), file_of(id, process), "data").ok());
    coordinator_->acknowledge(ack(id, process));
  }
  /// Advances to the moment when all have acknowledged and `_metadata` is about to be written.
  void take_until_written(CheckpointId id) {
    pass(std::chrono::seconds(10));
    host_.run_all();
    acknowledge(id, 0);
    acknowledge(id, 1);
    ASSERT_EQ(host_.works.size(), 1u);
  }
  void take(CheckpointId id) {
    take_until_written(id);
    host_.run_all();
    poll();
  }
  bool complete(CheckpointId id) { return fs_->exists(cat("/c/job/chk-", id, "/_metadata")); }
  /// The content of the job's directory: "chk-1:2" means two entries in chk-1.
  std::string directories() {
    std::string text;
    const std::vector<FileInfo> entries = fs_->inner().list("/c/job").value();
    for (const FileInfo& entry : entries) {
      const std::string name = entry.path.substr(7);
      if (name.starts_with("chk-"))
        text +=
            cat(text.empty() ? "" : " ", name, ":", fs_->inner().list(entry.path).value().size());
    }
    return text;
  }
  void silence(bool silent) {
    fs_->before = [silent](std::string_view, const std::string&) {
      return silent ? unavailable("no answer") : Status();
    };
  }
  /// Storage stops answering at the next rename. `happens`: whether that rename takes effect.
  void silence_at_rename(bool happens) {
    auto silent = std::make_shared<bool>(false);
    fs_->before = [silent, happens](std::string_view op, const std::string&) {
      if (op == "rename") {
        *silent = true;
        if (happens) return Status();
      }
      return *silent ? unavailable("no answer") : Status();
    };
    fs_->after = [](std::string_view op, const std::string&) {
      return op == "rename" ? unavailable("lost answer") : Status();
    };
  }

  ManualClock clock_;
  CountingRandom random_;
  RecordingHost host_;
  std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  OneFileSystem files_{fs_};
  CoordinatorOptions options_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;
  AttemptId attempt_ = 0;
};

}  // namespace weir
