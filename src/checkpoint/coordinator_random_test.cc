#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/log.h"
#include "base/strings.h"
#include "checkpoint/coordinator.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/storage.h"
#include "checkpoint/testing/faulty_file_system.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// A coordinator whose environment does everything in any order. Blocking work runs and answers
/// late and out of order. Acknowledgements are lost, repeated, late, or from earlier attempts.
/// Storage fails and loses answers. Attempts are stopped and started. The invariants are checked
/// after each step. At the end the faults stop, and a checkpoint must complete.
class World final : public CheckpointHost, public Clock, public Random {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    CoordinatorOptions options;
    options.job = job_;
    options.trigger.interval = 10s;
    options.trigger.max_concurrent = 1 + static_cast<int>(pick(3));
    options.timeout = 30s;
    options.tolerable_failed_checkpoints = 1000000;
    options.num_retained = 1 + static_cast<int>(pick(2));
    EXPECT_TRUE(prepare_job_directory(job_).ok());
    const auto fault = [this](std::string_view op, const std::string&) {
      return faults_ > 0 && pick(100) < faults_ ? unavailable(cat("no answer to ", op)) : Status();
    };
    fs_->before = fault;
    fs_->after = fault;
    coordinator_ = std::make_unique<CheckpointCoordinator>(*this, *this, options, *this);
    start();
  }

  void step() {
    if (pick(200) == 0) faults_ = pick(2) == 0 ? 0 : pick(40);
    switch (pick(8)) {
      case 0: now_ += std::chrono::milliseconds(pick(8000)); break;
      case 1:
      case 2: run_some_work(); break;
      case 3: answer_some_work(); break;
      case 4:
      case 5: acknowledge_something(); break;
      case 6:
        if (pick(10) == 0) decline_something();
        break;
      case 7:
        if (pick(20) == 0) stop_or_start();
        if (pick(10) == 0) ask();
        break;
    }
    coordinator_->poll(now_);
    check();
  }

  /// Without further faults, a checkpoint completes within a bounded time.
  void recover() {
    faults_ = 0;
    const int64_t before = coordinator_->counts().completed;
    for (int i = 0; i < 200 && coordinator_->counts().completed < before + 2; ++i) {
      now_ += 1s;
      coordinator_->poll(now_);
      while (!works_.empty() || !answers_.empty()) {
        run_some_work();
        answer_some_work();
      }
      if (!running_ && idle_) start();
      if (triggered_.empty()) continue;
      for (const int process : {0, 1})
        coordinator_->acknowledge(write(*triggered_.rbegin(), process));
    }
    EXPECT_GE(coordinator_->counts().completed, before + 2);
    check();
  }

  /// The job ends: checks that exactly the right files remain.
  void end() {
    bool done = false;
    coordinator_->shut_down(JobOutcome::kFinished, [&] { done = true; });
    while (!works_.empty() || !answers_.empty()) {
      run_some_work();
      answer_some_work();
    }
    EXPECT_TRUE(done);
    EXPECT_EQ(answered_, asked_);
    const CheckpointInventory inventory = list_checkpoints(job_).value();
    ASSERT_FALSE(inventory.completed.empty());
    EXPECT_EQ(inventory.completed.front(), *coordinator_->newest_completed());
    for (const CheckpointId id : inventory.orphans) {
      EXPECT_TRUE(id > inventory.completed.front() || fs_->inner().list(place(id)).value().empty())
          << id;
    }
    EXPECT_TRUE(find_latest({fs_, "/c/job", "mem:///c/job"}, {}).value().fallbacks.empty());
  }

  void send_trigger(const TriggerCheckpoint& message) override {
    EXPECT_TRUE(running_ && message.attempt == attempt_);
    EXPECT_GT(message.id, last_triggered_);  // ids ascend, and none is sent twice
    last_triggered_ = message.id;
    attempt_of_[message.id] = message.attempt;
    triggered_.insert(message.id);
  }
  void send_complete(const NotifyCheckpointComplete& message) override {
    EXPECT_TRUE(running_ && message.attempt == attempt_ && attempt_of_.at(message.id) == attempt_);
    EXPECT_TRUE(fs_->exists(place(message.id) + "/_metadata"));
    EXPECT_TRUE(completed_.empty() || message.id > *completed_.rbegin());
    EXPECT_FALSE(aborted_.contains(message.id));
  }
  void send_aborted(const NotifyCheckpointAborted& message) override {
    EXPECT_TRUE(running_ && message.attempt == attempt_);
    EXPECT_TRUE(triggered_.contains(message.id));
    EXPECT_FALSE(completed_.contains(message.id));
    EXPECT_TRUE(aborted_.insert(message.id).second);
  }
  void on_completed(const CompletedCheckpoint& checkpoint) override {
    EXPECT_TRUE(completed_.empty() || checkpoint.id > *completed_.rbegin());
    EXPECT_EQ(acknowledged_[checkpoint.id].size(), 2u);
    completed_.insert(checkpoint.id);
  }
  void on_checkpoint_failure_beyond_tolerance(const Status&) override { ADD_FAILURE(); }
  void run_blocking(std::function<std::function<void()>()> work) override {
    works_.push_back(std::move(work));
  }

  MonotonicTime now() const override { return now_; }
  int64_t wall_ms() const override { return 0; }
  uint64_t next() override { return random_(); }

 private:
  size_t pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  static std::string place(CheckpointId id) { return cat("/c/job/chk-", id); }

  void start() {
    running_ = true;
    idle_ = false;
    triggered_.clear();
    const CheckpointId restored = coordinator_->newest_completed().value_or(-1);
    // The coordinator knows the newest checkpoint that is complete in storage.
    const CheckpointInventory inventory = list_without_faults();
    EXPECT_EQ(inventory.completed.empty() ? -1 : inventory.completed.front(), restored);
    coordinator_->start(++attempt_,
                        {{{"count", "c", murmur3_128("c"), 2, 16}},
                         {{0, {{murmur3_128("c"), 0}}}, {1, {{murmur3_128("c"), 1}}}}},
                        {restored, cat("mem:///c/job/chk-", restored)});
  }
  CheckpointInventory list_without_faults() {
    const size_t faults = std::exchange(faults_, 0);
    CheckpointInventory inventory = list_checkpoints(job_).value();
    faults_ = faults;
    return inventory;
  }
  void stop_or_start() {
    if (running_) {
      running_ = false;
      // Sometimes stops the previous attempt, which must have no effect.
      coordinator_->stop(attempt_ - (pick(4) == 0 ? 1 : 0));
      coordinator_->stop(attempt_);
      coordinator_->when_idle([this] { idle_ = true; });
    } else if (idle_) {
      start();
    }
  }

  /// Each accepted request is answered exactly once.
  void ask() {
    auto answered = std::make_shared<bool>(false);
    const Status status =
        coordinator_->request({CheckpointKind::kManual,
                               SnapshotFormat::kConfigured,
                               {},
                               [this, answered](const StatusOr<CompletedCheckpoint>& result) {
                                 EXPECT_FALSE(std::exchange(*answered, true));
                                 ++answered_;
                                 if (result.ok()) {
                                   EXPECT_TRUE(completed_.contains(result.value().id));
                                 }
                               }});
    EXPECT_EQ(status.ok(), running_);
    asked_ += status.ok();
  }

  void run_some_work() {
    if (works_.empty()) return;
    const size_t which = pick(works_.size());
    auto work = std::move(works_[which]);
    works_.erase(works_.begin() + static_cast<std::ptrdiff_t>(which));
    answers_.push_back(work());
  }
  void answer_some_work() {
    if (answers_.empty()) return;
    const size_t which = pick(answers_.size());
    auto answer = std::move(answers_[which]);
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(which));
    answer();
  }

  static std::string file_name(int process) {
    return data_file_name(
        {process, data_file_nonce(coordinator_mark(0, 0), static_cast<uint64_t>(process))});
  }
  /// Does the work of a process before it acknowledges, for the attempt that triggered the
  /// checkpoint.
  AcknowledgeCheckpoint write(CheckpointId id, int process) {
    const std::string file = file_name(process);
    // If the directory is gone already, the file would be found only by the next coordinator.
    if (fs_->exists(place(id))) (void)write_file(fs_->inner(), join_path(place(id), file), "data");
    SubtaskState state;
    state.keyed_state = KeyedStateHandle{
        {process * 8, process * 8 + 7}, std::vector<int64_t>(8, 0), FileSegment{file, 0, 4}};
    acknowledged_[id].insert(process);
    return {attempt_of_.at(id),
            id,
            process,
            {{murmur3_128("c"), process, state}},
            {{file, 4, XXH3_64bits("data", 4)}},
            {}};
  }

  void acknowledge_something() {
    if (last_triggered_ == 0) return;
    // Of any attempt; new, old, or finished.
    CheckpointId id = last_triggered_ - static_cast<CheckpointId>(pick(3));
    if (!attempt_of_.contains(id)) return;
    const int process = static_cast<int>(pick(2));
    // Don't write a completed checkpoint again: it may have been deleted.
    AcknowledgeCheckpoint message =
        completed_.contains(id) ? AcknowledgeCheckpoint{attempt_of_.at(id), id, process, {}, {}, {}}
                                : write(id, process);
    if (pick(4) == 0) return;  // the acknowledgement is lost
    coordinator_->acknowledge(message);
    if (pick(4) == 0) coordinator_->acknowledge(message);
  }
  void decline_something() {
    if (last_triggered_ == 0 || !attempt_of_.contains(last_triggered_)) return;
    coordinator_->decline(
        {attempt_of_.at(last_triggered_), last_triggered_, 0, internal_error("declined")});
  }

  void check() {
    // The newest completed checkpoint is always intact.
    const auto newest = coordinator_->newest_completed();
    EXPECT_EQ(newest.has_value(), !completed_.empty());
    if (!newest) return;
    EXPECT_EQ(*newest, *completed_.rbegin());
    for (const std::string& name :
         {std::string("_metadata"), std::string("_weir"), file_name(0), file_name(1)}) {
      EXPECT_TRUE(fs_->exists(cat(place(*newest), "/", name))) << *newest << " " << name;
    }
  }

  std::mt19937_64 random_;
  size_t faults_ = 0;  // percent
  MonotonicTime now_ = 100s;
  std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  const FileLocation job_{fs_, "/c/job", "mem:///c/job"};
  std::vector<std::function<std::function<void()>()>> works_;
  std::vector<std::function<void()>> answers_;
  int asked_ = 0;  // requests for manual checkpoints
  int answered_ = 0;
  bool running_ = false;
  bool idle_ = false;
  AttemptId attempt_ = 0;
  CheckpointId last_triggered_ = 0;
  std::map<CheckpointId, AttemptId> attempt_of_;
  std::set<CheckpointId> triggered_;  // ids triggered in this attempt
  std::set<CheckpointId> aborted_;
  std::set<CheckpointId> completed_;
  std::map<CheckpointId, std::set<int>> acknowledged_;  // at least written
  std::unique_ptr<CheckpointCoordinator> coordinator_;
};

TEST(CoordinatorAtRandom, KeepsItsInvariantsUnderAnyFaults) {
  set_log_level(LogLevel::kError);
  for (uint64_t seed = 1; seed <= 150 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(cat("seed ", seed));
    World world(seed);
    for (int i = 0; i < 1500 && !testing::Test::HasFailure(); ++i) world.step();
    world.recover();
    world.end();
  }
  set_log_level(LogLevel::kInfo);
}

}  // namespace
}  // namespace weir
