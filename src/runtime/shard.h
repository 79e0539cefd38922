#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "platform/fiber.h"
#include "platform/mailbox.h"
#include "platform/platform.h"
#include "runtime/task.h"

namespace weir {

/// How far the tasks of a shard have come.
struct ShardProgress {
  int64_t source_records = 0;           ///< emitted by its sources since they started
  Timestamp watermark = kMinWatermark;  ///< the least of its tasks without outputs
  int64_t late_records = 0;             ///< that its operators have dropped
  bool operator==(const ShardProgress&) const = default;
};

/// What a shard tells the worker it belongs to. Called on the shard's thread; the worker's
/// implementation posts to its mailbox.
class ShardListener {
 public:
  virtual ~ShardListener() = default;
  virtual void on_snapshot(TaskSnapshot snapshot) = 0;
  virtual void on_task_failure(std::string task, Status status) = 0;
  virtual void on_task_ended() = 0;
  virtual void on_task_finished() = 0;
  /// Now and then, when something has changed.
  virtual void on_progress(int shard, const ShardProgress& progress) = 0;
};

/// A slot: one thread that runs subtask i of every vertex that has one. Nothing in it is locked;
/// what others want of it comes as a message.
class Shard final : public Actor {
 public:
  struct TriggerCheckpoint {
    CheckpointId id;
  };
  struct CheckpointCompleted {
    CheckpointId id;
  };
  struct CheckpointAborted {
    CheckpointId id;
  };
  struct CommitWithoutCheckpoint {};
  struct Continuation {
    Task* task;
    std::function<void()> run;
  };
  using Command = std::variant<TriggerCheckpoint, CheckpointCompleted, CheckpointAborted,
                               CommitWithoutCheckpoint, Continuation>;

  struct Options {
    std::chrono::nanoseconds buffer_timeout =
        std::chrono::milliseconds(100);  ///< a batch that is not full leaves after this
    std::chrono::nanoseconds progress_interval = std::chrono::milliseconds(200);
    int64_t progress_records = INT64_MAX;  ///< also after so many source records
  };

  Shard(int index, const Clock& clock, ShardListener& listener, Options options);

  int index() const { return index_; }
  /// For its tasks.
  FiberPool& fibers() { return fibers_; }
  /// In topological order; before the first step.
  void add_task(std::unique_ptr<Task> task);
  const std::vector<std::unique_ptr<Task>>& tasks() const { return tasks_; }
  /// Thread: any. Commands are carried out in the order in which they come.
  void post(Command command);
  /// Where wake-ups go. Set before any shard of the attempt takes its first step, and outlives them
  /// all.
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
  /// Says when it wants to be called again.
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
  MonotonicTime next_flush_{0};
  MonotonicTime next_progress_{0};
  ShardProgress reported_;
};

}  // namespace weir
