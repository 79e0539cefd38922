#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "platform/fiber.h"
#include "platform/mailbox.h"
#include "platform/platform.h"
#include "runtime/task.h"

namespace weir {

/// The progress of a shard's tasks.
struct ShardProgress {
  int64_t source_records = 0;           ///< emitted by its sources since they started
  Timestamp watermark = kMinWatermark;  ///< the minimum of its tasks without outputs
  int64_t late_records = 0;             ///< dropped by its operators
  bool operator==(const ShardProgress&) const = default;
};

/// The events that a shard reports to its worker. Called on the shard's thread; the worker's
/// implementation posts to its mailbox.
class ShardListener {
 public:
  virtual ~ShardListener() = default;
  virtual void on_snapshot(TaskSnapshot snapshot) = 0;
  virtual void on_task_failure(std::string task, Status status) = 0;
  virtual void on_task_ended() = 0;
  virtual void on_task_finished() = 0;
  /// A source has read its splits and more follow.
  virtual void on_split_wanted(int vertex, int subtask) { (void)vertex, (void)subtask; }
  /// The watermark that the group of an aligned source waits for has changed.
  virtual void on_watermark_to_align(int vertex, int subtask, Timestamp watermark) {
    (void)vertex, (void)subtask, (void)watermark;
  }
  /// Called from time to time, when something has changed.
  virtual void on_progress(int shard, const ShardProgress& progress) = 0;
};

/// A slot: one thread that runs subtask i of every vertex that has one. It uses no locks; others
/// send it messages.
class Shard final : public Actor {
 public:
  struct TriggerCheckpoint {
    CheckpointId id;
    StopMode stop = StopMode::kNone;
    /// Its barriers overtake after this time; nothing: never.
    std::optional<MonotonicTime> overtake_after = {};
  };
  struct CheckpointCompleted {
    CheckpointId id;
    bool ends_job = false;
  };
  struct CheckpointAborted {
    CheckpointId id;
  };
  struct CommitWithoutCheckpoint {};
  /// Posted before the first step: the tasks are stopped from the beginning.
  struct StartStopped {};
  struct AssignSplits {
    int vertex;
    std::vector<std::string> splits;
    bool more_follow;
  };
  struct AlignWatermark {
    int vertex;
    Timestamp max_allowed;
  };
  struct Continuation {
    Task* task;
    std::function<void()> run;
  };
  using Command = std::variant<TriggerCheckpoint, CheckpointCompleted, CheckpointAborted,
                               CommitWithoutCheckpoint, StartStopped, AssignSplits, AlignWatermark,
                               Continuation>;

  struct Options {
    std::chrono::nanoseconds progress_interval = std::chrono::milliseconds(200);
    int64_t progress_records = INT64_MAX;  ///< or after this number of source records
  };

  Shard(int index, const Clock& clock, ShardListener& listener, Options options);

  int index() const { return index_; }
  /// The fibers that its tasks share.
  FiberPool& fibers() { return fibers_; }
  /// Adds tasks in topological order, before the first step.
  void add_task(std::unique_ptr<Task> task);
  const std::vector<std::unique_ptr<Task>>& tasks() const { return tasks_; }
  /// Thread: any. Commands are carried out in the order in which they arrive.
  void post(Command command);
  /// Sets the handle for wake-ups. Call it before any shard of the attempt takes its first step.
  /// The handle outlives all shards.
  void set_handle(ActorHandle* handle) {
    handle_.store(handle, std::memory_order_release);
    handle->wake();
  }
  void wake() {
    if (ActorHandle* handle = handle_.load(std::memory_order_acquire)) handle->wake();
  }

  MonotonicTime step() override;

 private:
  void carry_out(Command& command);
  /// For the step that has lasted from `begin` to `end`.
  void pass_on_snapshots(MonotonicTime begin, MonotonicTime end);
  /// Returns when it must be called again.
  MonotonicTime report_progress(MonotonicTime now);

  const int index_;
  const Clock& clock_;
  ShardListener& listener_;
  const Options options_;
  FiberPool fibers_;
  std::vector<std::unique_ptr<Task>> tasks_;
  Mailbox<Command> mailbox_;
  std::atomic<ActorHandle*> handle_{nullptr};
  std::vector<Command> commands_;
  std::vector<TaskSnapshot> snapshots_;  ///< taken by the current step of a task
  MonotonicTime next_flush_{0};
  MonotonicTime next_progress_{0};
  ShardProgress reported_;
};

}  // namespace weir
