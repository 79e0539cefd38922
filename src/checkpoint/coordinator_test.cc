#include "checkpoint/coordinator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/strings.h"
#include "checkpoint/storage.h"
#include "checkpoint/testing/faulty_file_system.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  int64_t wall_ms() const override { return 1000; }
  MonotonicTime now_ = 100s;
};

class CountingRandom final : public Random {
 public:
  uint64_t next() override { return ++last_; }

 private:
  uint64_t last_ = 0;
};

/// Writes down what it is told ("trigger 1", "complete 1", "abort 1", "completed 1", "fail"), and does blocking work when the test says so.
class RecordingHost final : public CheckpointHost {
 public:
  void send_trigger(const TriggerCheckpoint& message) override { say("trigger", message.id); }
  void send_complete(const NotifyCheckpointComplete& message) override { say("complete", message.id); }
  void send_aborted(const NotifyCheckpointAborted& message) override { say("abort", message.id); }
  void on_completed(const CompletedCheckpoint& checkpoint) override { say("completed", checkpoint.id); }
  void on_checkpoint_failure_beyond_tolerance(const Status& status) override {
    said.push_back("fail");
    failure = status;
  }
  void run_blocking(std::function<std::function<void()>()> work) override { works.push_back(std::move(work)); }

  /// The oldest work, then its answer.
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
  std::function<void(const std::string&)> on_say;
  Status failure;

 private:
  void say(std::string_view what, CheckpointId id) {
    said.push_back(cat(what, " ", id));
    if (on_say) on_say(said.back());
  }
};

using Said = std::vector<std::string>;

/// Two processes with one subtask each of one operator; a checkpoint every ten seconds.
class Coordinator : public testing::Test {
 protected:
  Coordinator() {
    options_.job = {fs_, "/c/job", "mem:///c/job"};
    options_.trigger.interval = 10s;
    options_.timeout = 60s;
    options_.tolerable_failed_checkpoints = 100;
    EXPECT_TRUE(prepare_job_directory(options_.job).ok());
  }

  void make() { coordinator_ = std::make_unique<CheckpointCoordinator>(clock_, random_, options_, host_); }
  void start(AttemptId attempt = 1, CheckpointId restored = -1) {
    if (!coordinator_) make();
    attempt_ = attempt;
    coordinator_->start(attempt, {{{"count", "c", murmur3_128("c"), 2, 16}}, {{0, {{murmur3_128("c"), 0}}}, {1, {{murmur3_128("c"), 1}}}}}, restored);
  }
  /// As if nothing had been done yet.
  void start_over() {
    coordinator_.reset();
    ASSERT_TRUE(fs_->inner().remove_all("/c/job").ok());
    ASSERT_TRUE(prepare_job_directory(options_.job).ok());
    host_.works.clear();
    host_.take();
    clock_.now_ = 100s;
  }
  MonotonicTime poll() { return coordinator_->poll(clock_.now_); }
  MonotonicTime pass(MonotonicTime time) {
    clock_.now_ += time;
    return poll();
  }
  std::string file_of(CheckpointId id, int process) { return cat("/c/job/chk-", id, "/data-", process, "-000000000000000", process); }
  AcknowledgeCheckpoint ack(CheckpointId id, int process) {
    SubtaskState state;
    const std::string file = cat("data-", process, "-000000000000000", process);
    state.keyed_state = KeyedStateHandle{{process * 8, process * 8 + 7}, std::vector<int64_t>(8, 0), FileSegment{file, 0, 4}};
    return {attempt_, id, process, {{murmur3_128("c"), process, state}}, {{file, 4, 0}}, {}};
  }
  /// The process has written its file and says so.
  void acknowledge(CheckpointId id, int process) {
    ASSERT_TRUE(write_file(fs_->inner(), file_of(id, process), "data").ok());
    coordinator_->acknowledge(ack(id, process));
  }
  /// Up to the moment when all have acknowledged and `_metadata` is about to be written.
  void take_until_written(CheckpointId id) {
    pass(10s);
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
  /// What stands in the job's directory: "chk-1:2" is two entries in chk-1.
  std::string directories() {
    std::string text;
    const std::vector<FileInfo> entries = fs_->inner().list("/c/job").value();
    for (const FileInfo& entry : entries) {
      const std::string name = entry.path.substr(7);
      if (name.starts_with("chk-")) text += cat(text.empty() ? "" : " ", name, ":", fs_->inner().list(entry.path).value().size());
    }
    return text;
  }
  void silence(bool silent) {
    fs_->before = [silent](std::string_view, const std::string&) { return silent ? unavailable("no answer") : Status(); };
  }
  /// Storage goes silent at the next rename, which happens or not.
  void silence_at_rename(bool happens) {
    auto silent = std::make_shared<bool>(false);
    fs_->before = [silent, happens](std::string_view op, const std::string&) {
      if (op == "rename") {
        *silent = true;
        if (happens) return Status();
      }
      return *silent ? unavailable("no answer") : Status();
    };
    fs_->after = [](std::string_view op, const std::string&) { return op == "rename" ? unavailable("lost answer") : Status(); };
  }

  ManualClock clock_;
  CountingRandom random_;
  RecordingHost host_;
  std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  CoordinatorOptions options_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;
  AttemptId attempt_ = 0;
};

TEST_F(Coordinator, TakesACheckpointFromTriggerToCompletion) {
  start();
  EXPECT_EQ(poll(), 110s);
  EXPECT_TRUE(host_.works.empty());
  EXPECT_EQ(pass(10s), 170s);  // its timeout
  EXPECT_EQ(host_.take(), Said{});
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
  acknowledge(1, 0);
  EXPECT_TRUE(host_.works.empty());
  acknowledge(1, 1);
  EXPECT_FALSE(complete(1));
  clock_.now_ += 2s;
  host_.run_all();
  EXPECT_TRUE(complete(1));
  EXPECT_EQ(host_.take(), (Said{"complete 1", "completed 1"}));
  EXPECT_EQ(poll(), 120s);
  const CheckpointStatistics statistics = coordinator_->statistics();
  EXPECT_EQ(statistics.completed, 1);
  EXPECT_EQ(statistics.failed, 0);
  EXPECT_EQ(statistics.pending, 0);
  EXPECT_EQ(statistics.last_completed_id, 1);
  EXPECT_EQ(statistics.last_duration, 2s);
  EXPECT_EQ(statistics.last_completed_at, 112s);
  EXPECT_GT(statistics.last_bytes, 8);
  EXPECT_EQ(coordinator_->newest_completed(), 1);
}

TEST_F(Coordinator, TellsTasksOfCompletionOnlyWhenTheMetadataIsThere) {
  host_.on_say = [this](const std::string& said) {
    if (said == "complete 1") {
      EXPECT_TRUE(complete(1));
    }
  };
  start();
  take(1);
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1"}));
}

TEST_F(Coordinator, EventsTriggerToo) {
  options_.trigger.event_threshold = 100;
  start();
  coordinator_->on_source_events(99);
  EXPECT_EQ(poll(), 110s);
  coordinator_->on_source_events(1);
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  coordinator_->on_source_events(99);
  poll();
  EXPECT_TRUE(host_.works.empty());
}

TEST_F(Coordinator, AcknowledgementsCountOnce) {
  start();
  pass(10s);
  host_.run_all();
  acknowledge(1, 1);
  coordinator_->acknowledge(ack(1, 1));
  coordinator_->acknowledge(ack(1, 1));
  EXPECT_TRUE(host_.works.empty());
  acknowledge(1, 0);
  coordinator_->acknowledge(ack(1, 0));
  EXPECT_EQ(host_.works.size(), 1u);
  host_.run_all();
  coordinator_->acknowledge(ack(1, 0));
  coordinator_->acknowledge(ack(1, 1));
  host_.run_all();
  EXPECT_TRUE(complete(1));
  EXPECT_EQ(directories(), "chk-1:4");
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1"}));
}

TEST_F(Coordinator, KeepsAsManyAsItIsTold) {
  options_.num_retained = 2;
  start();
  for (const CheckpointId id : {1, 2, 3}) take(id);
  EXPECT_EQ(directories(), "chk-2:4 chk-3:4");
}

TEST_F(Coordinator, CountsCheckpointsThatWereThereBefore) {
  start();
  take(1);
  take(2);
  coordinator_->stop(1);
  options_.highest_used_id = 2;
  options_.completed = {2};
  make();
  EXPECT_EQ(coordinator_->newest_completed(), 2);
  start(2, 2);
  take(3);
  EXPECT_EQ(directories(), "chk-3:4");
}

TEST_F(Coordinator, IdsGoOnAboveAllThatWereUsed) {
  options_.highest_used_id = 7;
  ASSERT_TRUE(prepare_checkpoint_directory(options_.job, 7).ok());
  start();
  take(8);
  EXPECT_EQ(directories(), "chk-8:4");  // the unfinished 7 has gone, now that a higher id is taken
}

TEST_F(Coordinator, IdsGoOnAboveARestoredOneFromElsewhere) {
  start(1, 500);
  take(501);
  EXPECT_TRUE(complete(501));
}

TEST_F(Coordinator, LeavesACompleteCheckpointAloneThatItWasNotGiven) {
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-7/_metadata", "somebody's").ok());
  options_.highest_used_id = 7;
  start();
  take(8);
  take(9);
  EXPECT_EQ(directories(), "chk-7:1 chk-9:4");
}

TEST_F(Coordinator, AnExpiredOneIsAbortedEverywhereAndItsFilesGo) {
  start();
  pass(10s);
  host_.run_all();
  acknowledge(1, 0);
  host_.take();
  pass(60s - 1ns);
  EXPECT_EQ(host_.take(), Said{});
  pass(1ns);
  EXPECT_EQ(host_.take(), Said{"abort 1"});
  host_.run_all();
  EXPECT_EQ(directories(), "chk-1:0 chk-2:0");
  EXPECT_EQ(coordinator_->statistics().failed, 1);
  EXPECT_EQ(coordinator_->statistics().last_failure,
            "checkpoint 1 has expired after 60000 ms: 1 of 2 subtasks have not acknowledged: process 1 (1)");
}

TEST_F(Coordinator, ALateAcknowledgementHasNoEffectAndItsFileGoes) {
  start();
  pass(10s);
  host_.run_all();
  pass(60s);
  host_.run_all();
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1", "trigger 2"}));
  EXPECT_EQ(directories(), "chk-1:0 chk-2:0");
}

TEST_F(Coordinator, WhatLateWritersLeaveGoesWithTheNextCompletion) {
  start();
  pass(10s);
  host_.run_all();
  pass(60s);
  host_.run_all();
  ASSERT_TRUE(write_file(fs_->inner(), file_of(1, 0), "data").ok());  // and its acknowledgement is lost
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(directories(), "chk-2:4");
}

TEST_F(Coordinator, ADeclinedOneIsAborted) {
  start();
  pass(10s);
  host_.run_all();
  coordinator_->decline({2, 1, 0, internal_error("another attempt's")});
  coordinator_->decline({1, 9, 0, internal_error("unknown")});
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
  coordinator_->decline({1, 1, 0, resource_exhausted("disk full")});
  EXPECT_EQ(host_.take(), Said{"abort 1"});
  coordinator_->decline({1, 1, 1, resource_exhausted("disk full")});
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(coordinator_->statistics().failed, 1);
  EXPECT_EQ(coordinator_->statistics().last_failure, "process 0 declined checkpoint 1: disk full");
}

TEST_F(Coordinator, AMalformedAcknowledgementAborts) {
  start();
  pass(10s);
  host_.run_all();
  AcknowledgeCheckpoint message = ack(1, 0);
  message.files.clear();
  coordinator_->acknowledge(message);
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
}

TEST_F(Coordinator, FailuresBeyondToleranceFailTheAttemptOnce) {
  options_.tolerable_failed_checkpoints = 1;
  start();
  for (const CheckpointId id : {1, 2, 3}) {
    pass(10s);
    host_.run_all();
    coordinator_->decline({1, id, 0, resource_exhausted("disk full")});
  }
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1", "trigger 2", "abort 2", "fail", "trigger 3", "abort 3"}));
  EXPECT_EQ(host_.failure.to_string(),
            "RESOURCE_EXHAUSTED: 2 checkpoints failed in a row, and 1 are tolerated "
            "(execution.checkpointing.tolerable-failed-checkpoints): process 0 declined checkpoint 2: disk full");
}

TEST_F(Coordinator, ACompletionForgivesEarlierFailures) {
  options_.tolerable_failed_checkpoints = 1;
  start();
  for (const CheckpointId id : {1, 3}) {
    pass(10s);
    host_.run_all();
    coordinator_->decline({1, id, 0, resource_exhausted("disk full")});
    take(id + 1);
  }
  for (const std::string& said : host_.take()) EXPECT_NE(said, "fail");
}

TEST_F(Coordinator, AnIdWhoseDirectoryExistsIsNotTouched) {
  start();
  ASSERT_TRUE(write_file(fs_->inner(), file_of(1, 0), "another's").ok());
  pass(10s);
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(directories(), "chk-1:1");
  EXPECT_EQ(coordinator_->statistics().failed, 1);
  take(2);
  EXPECT_EQ(directories(), "chk-1:1 chk-2:4");
}

TEST_F(Coordinator, ADirectoryThatCannotBeMadeFailsTheCheckpoint) {
  start();
  silence(true);
  pass(10s);
  host_.run_all();
  silence(false);
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(coordinator_->statistics().failed, 1);
  take(2);
  EXPECT_EQ(coordinator_->statistics().completed, 1);
}

TEST_F(Coordinator, ConcurrentOnesReachTheTasksInOrder) {
  options_.trigger.max_concurrent = 2;
  start();
  pass(10s);
  pass(10s);
  EXPECT_EQ(host_.works.size(), 1u);  // the second waits until the tasks know of the first
  host_.run_all();
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "trigger 2"}));
  pass(10s);
  EXPECT_TRUE(host_.works.empty());
}

/// Two concurrent checkpoints, both triggered.
class TwoCheckpoints : public Coordinator {
 protected:
  TwoCheckpoints() {
    options_.trigger.max_concurrent = 2;
    options_.num_retained = 10;
    start();
    for (int i = 0; i < 2; ++i) {
      pass(10s);
      host_.run_all();
    }
    host_.take();
  }
};

TEST_F(TwoCheckpoints, TheOlderIsSubsumedByTheNewer) {
  acknowledge(1, 0);
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"abort 1", "complete 2", "completed 2"}));
  acknowledge(1, 1);
  coordinator_->decline({1, 1, 0, internal_error("late")});
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(coordinator_->statistics().failed, 0);
  EXPECT_EQ(directories(), "chk-1:0 chk-2:4");
}

TEST_F(TwoCheckpoints, EveryOrderOfAcknowledgementsCompletesInAscendingOrder) {
  std::vector<std::pair<CheckpointId, int>> order{{1, 0}, {1, 1}, {2, 0}, {2, 1}};
  AttemptId attempt = 1;
  CheckpointId first = 1;
  do {
    for (const auto& [id, process] : order) acknowledge(first + id - 1, process);
    host_.run_all();
    CheckpointId last = 0;
    for (const std::string& said : host_.take()) {
      if (!said.starts_with("complete ")) continue;
      const CheckpointId id = std::stoll(said.substr(9));
      EXPECT_GT(id, last);
      last = id;
    }
    EXPECT_EQ(last, first + 1);
    EXPECT_EQ(coordinator_->statistics().pending, 0);
    coordinator_->stop(attempt);
    start(++attempt);
    first += 2;
    for (int i = 0; i < 2; ++i) {
      pass(10s);
      host_.run_all();
    }
    host_.take();
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(TwoCheckpoints, TheNewerWaitsWhileTheOlderIsWritten) {
  for (const CheckpointId id : {1, 2}) {
    acknowledge(id, 0);
    acknowledge(id, 1);
  }
  EXPECT_EQ(host_.works.size(), 1u);
  host_.run_one();
  EXPECT_EQ(host_.take(), (Said{"complete 1", "completed 1"}));
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"complete 2", "completed 2"}));
  EXPECT_EQ(directories(), "chk-1:4 chk-2:4");
}

TEST_F(TwoCheckpoints, AnOlderOneThatIsReadyWhileTheNewerIsWrittenIsNotWritten) {
  acknowledge(2, 0);
  acknowledge(2, 1);
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"abort 1", "complete 2", "completed 2"}));
  EXPECT_FALSE(complete(1));
}

TEST_F(TwoCheckpoints, TheNewerIsWrittenAfterTheOlderFailed) {
  for (const CheckpointId id : {1, 2}) {
    acknowledge(id, 0);
    acknowledge(id, 1);
  }
  ASSERT_TRUE(fs_->inner().remove(file_of(1, 0)).ok());
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"abort 1", "complete 2", "completed 2"}));
}

TEST_F(Coordinator, AFailedWriteAbortsAndItsFilesGo) {
  start();
  take_until_written(1);
  fs_->before = [](std::string_view op, const std::string&) { return op == "rename" ? resource_exhausted("quota") : Status(); };
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
  EXPECT_EQ(directories(), "chk-1:0");
  EXPECT_EQ(coordinator_->statistics().failed, 1);
}

TEST_F(Coordinator, AnUnknownOutcomeIsAskedForUntilStorageAnswers) {
  for (const bool happened : {true, false}) {
    SCOPED_TRACE(happened);
    start(happened ? 1 : 2);
    const CheckpointId id = happened ? 1 : 2;
    take_until_written(id);
    silence_at_rename(happened);
    host_.run_all();
    EXPECT_EQ(host_.take(), Said{cat("trigger ", id)});
    const MonotonicTime next = poll();
    EXPECT_EQ(next, clock_.now_ + 500ms);
    EXPECT_TRUE(host_.works.empty());
    pass(500ms);
    host_.run_all();
    EXPECT_EQ(poll(), clock_.now_ + 1s);  // less often each time
    EXPECT_EQ(host_.take(), Said{});
    EXPECT_EQ(complete(id), happened);
    EXPECT_EQ(fs_->inner().list(cat("/c/job/chk-", id)).value().size(), 4u);  // nothing is removed meanwhile

    silence(false);
    fs_->after = fs_->before;
    pass(1s);
    host_.run_all();
    EXPECT_EQ(host_.take(), happened ? (Said{"complete 1", "completed 1"}) : Said{"abort 2"});
    EXPECT_EQ(directories(), happened ? "chk-1:4" : "chk-1:4 chk-2:0");
    coordinator_->stop(attempt_);
  }
}

TEST_F(Coordinator, NoOtherStartsWhileAnOutcomeIsUnknown) {
  start();
  take_until_written(1);
  silence_at_rename(true);
  host_.run_all();
  coordinator_->acknowledge(ack(1, 0));
  for (int i = 0; i < 10; ++i) {
    pass(5s);
    host_.run_all();
  }
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
}

TEST_F(Coordinator, AWriteThatTakesTooLongIsAFailureButItsOutcomeDecides) {
  options_.tolerable_failed_checkpoints = 0;
  start();
  take_until_written(1);
  host_.take();
  pass(60s);
  EXPECT_EQ(host_.take(), Said{"fail"});
  EXPECT_EQ(host_.failure.message(),
            "1 checkpoints failed in a row, and 0 are tolerated (execution.checkpointing.tolerable-failed-checkpoints): checkpoint 1 has expired "
            "after 60000 ms while it was being written; its outcome is awaited");
  EXPECT_EQ(pass(60s), MonotonicTime::max());
  EXPECT_EQ(coordinator_->statistics().failed, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"complete 1", "completed 1"}));
  EXPECT_EQ(coordinator_->newest_completed(), 1);
}

TEST_F(Coordinator, AnOverdueWriteThatFailsIsCountedOnce) {
  start();
  take_until_written(1);
  pass(60s);
  ASSERT_TRUE(fs_->inner().remove(file_of(1, 0)).ok());
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
  EXPECT_EQ(coordinator_->statistics().failed, 1);
}

TEST_F(Coordinator, StopEndsEverythingAtEveryPoint) {
  // The attempt is stopped after so many steps in the life of checkpoint 2.
  for (int point = 0; point <= 6; ++point) {
    SCOPED_TRACE(point);
    start_over();
    start(1);
    take(1);
    if (point >= 1) pass(10s);           // its directory is being made
    if (point >= 2) host_.run_all();     // triggered
    if (point >= 3) acknowledge(2, 0);
    if (point >= 4) acknowledge(2, 1);   // being written
    if (point >= 5) host_.run_one();     // complete, 1 is being deleted
    if (point >= 6) host_.run_all();
    host_.take();

    coordinator_->stop(1);
    EXPECT_EQ(pass(100s), MonotonicTime::max());
    bool idle = false;
    coordinator_->when_idle([&] { idle = true; });
    EXPECT_EQ(idle, point != 4);
    host_.run_all();
    EXPECT_TRUE(idle);
    EXPECT_EQ(pass(100s), MonotonicTime::max());
    EXPECT_TRUE(host_.works.empty());
    EXPECT_EQ(host_.take(), point == 4 ? Said{"completed 2"} : Said{});
    EXPECT_EQ(coordinator_->newest_completed(), point >= 4 ? 2 : 1);
    EXPECT_EQ(coordinator_->statistics().failed, 0);

    const CheckpointId next = point >= 1 ? 3 : 2;
    start(2);
    take(next);
    EXPECT_EQ(host_.take(), (Said{cat("trigger ", next), cat("complete ", next), cat("completed ", next)}));
    EXPECT_EQ(directories(), cat("chk-", next, ":4"));
  }
}

TEST_F(Coordinator, StopOfAnotherAttemptHasNoEffect) {
  start(2);
  pass(10s);
  host_.run_all();
  coordinator_->stop(1);
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1"}));
}

TEST_F(Coordinator, AcknowledgementsOfAnEarlierAttemptHaveNoEffectAndTheirFilesGo) {
  start(1);
  pass(10s);
  host_.run_all();
  acknowledge(1, 0);
  const AcknowledgeCheckpoint late = ack(1, 1);
  coordinator_->stop(1);
  start(2);
  pass(10s);
  host_.run_all();
  acknowledge(2, 0);
  ASSERT_TRUE(write_file(fs_->inner(), file_of(1, 1), "data").ok());
  coordinator_->acknowledge(late);
  AcknowledgeCheckpoint disguised = ack(2, 1);
  disguised.attempt = 1;
  coordinator_->acknowledge(disguised);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "trigger 2"}));
  EXPECT_EQ(directories(), "chk-1:0 chk-2:1");
}

TEST_F(Coordinator, AnOutcomeThatIsUnknownIsAwaitedBeforeTheNextAttempt) {
  start();
  take_until_written(1);
  silence_at_rename(true);
  host_.run_all();
  coordinator_->stop(1);
  bool idle = false;
  coordinator_->when_idle([&] { idle = true; });
  pass(10s);
  host_.run_all();
  EXPECT_FALSE(idle);
  silence(false);
  fs_->after = fs_->before;
  pass(10s);
  host_.run_all();
  EXPECT_TRUE(idle);
  EXPECT_EQ(coordinator_->newest_completed(), 1);
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "completed 1"}));
}

TEST_F(Coordinator, TheHostMayStopFromWithinACall) {
  options_.trigger.max_concurrent = 3;
  options_.tolerable_failed_checkpoints = 0;
  const auto said_until_stop_at = [&](const std::string& moment) {
    host_.on_say = nullptr;
    start_over();
    start();
    host_.on_say = [&](const std::string& said) {
      if (said == moment) coordinator_->stop(1);
    };
    for (int i = 0; i < 3; ++i) {
      pass(10s);
      host_.run_all();
    }
    if (moment == "abort 1") pass(100s);
    if (moment == "abort 2" || moment.starts_with("complete")) {
      for (const int process : {0, 1}) acknowledge(3, process);
    }
    host_.run_all();
    const Said said = host_.take();
    EXPECT_EQ(pass(100s), MonotonicTime::max());
    host_.run_all();
    EXPECT_EQ(host_.take(), Said{});
    EXPECT_EQ(coordinator_->statistics().pending, 0);
    return said;
  };
  EXPECT_EQ(said_until_stop_at("trigger 1"), Said{"trigger 1"});
  EXPECT_EQ(said_until_stop_at("abort 1"), (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1"}));
  // 3 completes and subsumes 1 and 2.
  EXPECT_EQ(said_until_stop_at("abort 2"), (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1", "abort 2", "completed 3"}));
  EXPECT_EQ(said_until_stop_at("complete 3"),
            (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1", "abort 2", "complete 3", "completed 3"}));
  EXPECT_EQ(said_until_stop_at("completed 3"),
            (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1", "abort 2", "complete 3", "completed 3"}));
}

TEST_F(Coordinator, TheFinalOneStartsAtOnceAndIsTheLast) {
  options_.trigger.min_pause = 1000s;
  start();
  take(1);
  host_.take();
  std::vector<Status> done;
  coordinator_->request_final([&](Status status) { done.push_back(status); });
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{"trigger 2"});
  acknowledge(2, 0);
  acknowledge(2, 1);
  EXPECT_TRUE(done.empty());
  host_.run_all();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_TRUE(done[0].ok());
  EXPECT_EQ(host_.take(), (Said{"complete 2", "completed 2"}));
  EXPECT_EQ(pass(10000s), MonotonicTime::max());
  EXPECT_TRUE(host_.works.empty());
}

TEST_F(Coordinator, TheFinalOneWaitsForTheOneUnderWayWhichDoesNotCount) {
  start();
  pass(10s);
  host_.run_all();
  int done = 0;
  coordinator_->request_final([&](const Status&) { ++done; });
  poll();
  EXPECT_TRUE(host_.works.empty());
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(done, 0);
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1", "trigger 2"}));
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(done, 1);
}

TEST_F(Coordinator, AFailedFinalOneMayBeAskedForAgain) {
  start();
  std::vector<std::string> done;
  std::function<void(Status)> again = [&](Status status) {
    done.push_back(status.to_string());
    if (!status.ok()) coordinator_->request_final(again);
  };
  coordinator_->request_final(again);
  poll();
  host_.run_all();
  coordinator_->decline({1, 1, 0, resource_exhausted("disk full")});
  EXPECT_EQ(done, Said{"RESOURCE_EXHAUSTED: process 0 declined checkpoint 1: disk full"});
  EXPECT_EQ(poll(), clock_.now_ + 100ms);
  pass(100ms);
  host_.run_all();
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(done.back(), "OK");
}

TEST_F(Coordinator, TheFinalOnesCallerHearsNothingAfterStop) {
  start();
  int done = 0;
  coordinator_->request_final([&](const Status&) { ++done; });
  poll();
  host_.run_all();
  acknowledge(1, 0);
  acknowledge(1, 1);
  coordinator_->stop(1);
  host_.run_all();
  EXPECT_TRUE(complete(1));
  coordinator_->request_final([&](const Status&) { ++done; });
  EXPECT_EQ(pass(10s), MonotonicTime::max());
  EXPECT_EQ(done, 0);
}

TEST_F(Coordinator, TheLastCheckpointSurvivesTheJobUnlessACancelDeletesIt) {
  const auto left_after = [&](JobOutcome outcome, RetentionPolicy retention) {
    start_over();
    options_.retention = retention;
    options_.num_retained = 1;
    start();
    take(1);
    pass(10s);
    host_.run_all();  // 2 is under way
    int done = 0;
    coordinator_->shut_down(outcome, [&] { ++done; });
    host_.run_all();
    EXPECT_EQ(done, 1);
    return directories();
  };
  for (const JobOutcome outcome : {JobOutcome::kFinished, JobOutcome::kFailed, JobOutcome::kSuspended}) {
    EXPECT_EQ(left_after(outcome, RetentionPolicy::kDeleteOnCancellation), "chk-1:4 chk-2:0");
  }
  EXPECT_EQ(left_after(JobOutcome::kCancelled, RetentionPolicy::kRetainOnCancellation), "chk-1:4 chk-2:0");
  EXPECT_EQ(left_after(JobOutcome::kCancelled, RetentionPolicy::kDeleteOnCancellation), "chk-2:0");
}

TEST_F(Coordinator, ShutDownWaitsForAWriteAndKeepsWhatItMade) {
  start();
  take_until_written(1);
  int done = 0;
  coordinator_->shut_down(JobOutcome::kFailed, [&] { ++done; });
  EXPECT_EQ(done, 0);
  host_.run_all();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(directories(), "chk-1:4");
}

TEST_F(Coordinator, ShutDownDoesNotWaitForSilentStorageAndDeletesNothingThen) {
  options_.retention = RetentionPolicy::kDeleteOnCancellation;
  start();
  take(1);
  take_until_written(2);
  fs_->before = [](std::string_view op, const std::string& path) {  // of the outcome of 2 only
    const bool metadata = path.starts_with("/c/job/chk-2/_metadata");
    return metadata && (op == "rename" || op == "open" || op == "remove") ? unavailable("no answer") : Status();
  };
  int done = 0;
  coordinator_->shut_down(JobOutcome::kCancelled, [&] { ++done; });
  host_.run_all();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(directories(), "chk-1:4 chk-2:4");
}

TEST_F(Coordinator, WhatAnotherCoordinatorIsWritingIsNotTouched) {
  start();
  take_until_written(1);
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-1/_weir", "another's").ok());
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
  coordinator_->acknowledge(ack(1, 0));
  take(2);
  EXPECT_EQ(directories(), "chk-1:3 chk-2:4");
}

TEST_F(Coordinator, AnAcknowledgementFromBeforeThisCoordinatorRemovesNothing) {
  ASSERT_TRUE(write_file(fs_->inner(), file_of(6, 0), "data").ok());
  ASSERT_TRUE(write_file(fs_->inner(), file_of(9, 0), "data").ok());
  options_.highest_used_id = 7;
  start();
  coordinator_->acknowledge(ack(6, 0));
  coordinator_->acknowledge(ack(9, 0));  // and of one that this coordinator has not begun
  host_.run_all();
  EXPECT_EQ(directories(), "chk-6:1 chk-9:1");
}

TEST_F(Coordinator, WhatCannotBeDeletedIsTriedAgain) {
  start();
  take(1);
  fs_->before = [](std::string_view op, const std::string& path) {
    return op == "remove" && path == "/c/job/chk-1/_metadata" ? unavailable("no answer") : Status();
  };
  take(2);
  EXPECT_EQ(directories(), "chk-1:4 chk-2:4");
  silence(false);
  take(3);
  EXPECT_EQ(directories(), "chk-3:4");
}

TEST_F(Coordinator, DeletionsThatPileUpHoldNewCheckpointsBack) {
  options_.trigger.max_deletions = 0;
  start();
  take(1);
  pass(10s);
  host_.run_all();
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_one();
  EXPECT_EQ(host_.works.size(), 1u);  // 1 is being deleted
  pass(10s);
  EXPECT_EQ(host_.works.size(), 1u);
  host_.run_all();
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take().back(), "trigger 3");
}

}  // namespace
}  // namespace weir
