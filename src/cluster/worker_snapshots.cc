// A worker's part in a checkpoint: it writes the snapshots of its tasks, unless the checkpoint is
// aborted.

#include <algorithm>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "cluster/worker.h"
#include "fs/file_system_registry.h"
#include "runtime/user_code.h"

namespace weir {

void Worker::trigger_checkpoint(const TriggerCheckpoint& message) {
  const CheckpointId id = message.id;
  Status status = attempt_->writes.check_room(options_.max_unfinished_writes, platform_.clock.now(),
                                              options_.checkpoint_directory);
  if (!status.ok()) {
    abort_checkpoint(id);  // barriers of other processes may still arrive
    send(DeclineCheckpoint{attempt_->number, id, attempt_->deploy->own, std::move(status)});
    return;
  }
  attempt_->triggered[id] = {message, platform_.clock.now()};
  const bool may_overtake = message.savepoint.empty() && message.stop == StopMode::kNone;
  attempt_->execution->post_to_all(Shard::TriggerCheckpoint{
      id, message.stop,
      may_overtake ? options_.execution.overtake_after : std::optional<MonotonicTime>()});
  write_if_complete(id);
}

void Worker::abort_checkpoint(CheckpointId id) {
  attempt_->aborted.add(id);
  attempt_->snapshots.erase(id);
  attempt_->triggered.erase(id);
  attempt_->writes.cancel(id);
  if (attempt_->incremental) attempt_->incremental->aborted(id);
}

void Worker::take_snapshot_part(TaskSnapshot snapshot) {
  const CheckpointId id = snapshot.id;
  if (attempt_->aborted.contains(id)) return;
  attempt_->snapshots[id].push_back(std::move(snapshot));
  write_if_complete(id);
}

void Worker::write_if_complete(CheckpointId id) {
  auto& parts = attempt_->snapshots[id];
  const auto trigger = attempt_->triggered.find(id);
  if (trigger == attempt_->triggered.end()) return;
  const size_t missing =
      bug_enabled(Bug::kSnapshotLacksATask) && attempt_->execution->task_count() > 1 ? 1 : 0;
  if (parts.size() + missing < attempt_->execution->task_count()) return;
  std::vector<TaskSnapshot> all = std::move(parts);
  const TriggerCheckpoint message = std::move(trigger->second.message);
  const MonotonicTime triggered = trigger->second.at;
  const MonotonicTime now = platform_.clock.now();
  // Older checkpoints cannot complete here any more, because barriers do not overtake each other.
  attempt_->snapshots.erase(attempt_->snapshots.begin(), attempt_->snapshots.upper_bound(id));
  attempt_->triggered.erase(attempt_->triggered.begin(), attempt_->triggered.upper_bound(id));
  attempt_->aborted.forget_up_to(id);
  std::sort(all.begin(), all.end(), [](const TaskSnapshot& a, const TaskSnapshot& b) {
    return std::pair(a.vertex, a.subtask) < std::pair(b.vertex, b.subtask);
  });
  for (TaskSnapshot& part : all) {
    // A barrier of another process may arrive before the trigger.
    part.figures.start_delay_us =
        whole_us(std::max(part.first_barrier - triggered, MonotonicTime(0)));
    part.figures.async_us = whole_us(std::max(now - part.taken, MonotonicTime(0)));
  }
  write_snapshot(message, std::move(all));
}

void Worker::write_snapshot(const TriggerCheckpoint& trigger, std::vector<TaskSnapshot> parts) {
  gate_.enter();
  const MonotonicTime began = platform_.clock.now();
  auto write = attempt_->writes.add(trigger.id, began, std::move(parts));
  const DataFileName file{attempt_->deploy->own,
                          data_file_nonce(trigger.mark, platform_.random.next())};
  platform_.scheduler.run_blocking(
      executors::kSnapshots, [this, trigger, file, write, began, number = attempt_->number,
                              local = local_, incremental = attempt_->incremental] {
        AcknowledgeCheckpoint ack;
        ack.attempt = number;
        ack.id = trigger.id;
        ack.process = file.process;
        auto written = write_parts(trigger, file, *write, local.get(), incremental.get());
        const Status status = written.status();
        if (written.ok()) {
          ack.states = std::move(written->states);
          ack.files = std::move(written->files);
          ack.descriptions = std::move(written->descriptions);
          ack.tasks = std::move(written->tasks);
          const int64_t writing_us = whole_us(platform_.clock.now() - began);
          for (TaskCheckpointFigures& task : ack.tasks) task.async_us += writing_us;
        }
        mailbox_.post([this, number, write, status, ack = std::move(ack)]() mutable {
          on_snapshot_written(number, write, status, std::move(ack));
        });
        gate_.leave();
      });
}

/// Runs on the I/O pool.
StatusOr<SnapshotWriteResult> Worker::write_parts(const TriggerCheckpoint& trigger,
                                                  const DataFileName& file, SnapshotWrite& write,
                                                  LocalCopies* local,
                                                  IncrementalBase* incremental) {
  auto snapshots = write.begin();
  if (!snapshots)
    return cancelled(cat("checkpoint ", trigger.id, " was given up before its state was written"));
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory,
                        platform_.files.resolve(join_path(
                            options_.checkpoint_directory,
                            incremental != nullptr ? std::string(kSharedDirectory)
                                                   : checkpoint_directory_name(trigger.id))));
  const std::string name =
      incremental != nullptr ? shared_file_name({trigger.id, file}) : data_file_name(file);
  std::optional<FileLocation> copy;
  if (!trigger.savepoint.empty()) {
    WEIR_ASSIGN_OR_RETURN(copy, platform_.files.resolve(trigger.savepoint));
  }
  SnapshotWriteOptions how{options_.inline_threshold, local, &large_values_,
                           copy ? &*copy : nullptr, [&write] { return write.canceled(); }};
  how.incremental = incremental;
  how.full = trigger.full;
  how.compression = options_.compression;
  try {
    return write_snapshots(*directory.fs, directory.path, name, how, *std::move(snapshots));
  } catch (...) { return status_of_current_exception("the writer of the snapshot"); }
}

void Worker::on_snapshot_written(AttemptId attempt, const std::shared_ptr<SnapshotWrite>& write,
                                 const Status& status, AcknowledgeCheckpoint ack) {
  if (!attempt_ || attempt_->number != attempt) return;
  attempt_->writes.ended(write);
  // Answer even if the attempt is being canceled or the checkpoint was aborted: the coordinator
  // removes the useless files.
  if (status.ok()) {
    send(std::move(ack));
  } else {
    send(DeclineCheckpoint{ack.attempt, ack.id, ack.process, status});
  }
}

}  // namespace weir
