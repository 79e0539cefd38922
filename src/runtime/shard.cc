#include "runtime/shard.h"

#include <algorithm>

namespace weir {

Shard::Shard(int index, const Clock& clock, ShardListener& listener, Options options)
    : index_(index), clock_(clock), listener_(listener), options_(options) {}

void Shard::add_task(std::unique_ptr<Task> task) {
  task->set_listener(Task::Listener{
      .on_snapshot = [this](TaskSnapshot snapshot) { snapshots_.push_back(std::move(snapshot)); },
      .on_failure = [this, t = task.get()](
                        Status status) { listener_.on_task_failure(t->name(), std::move(status)); },
      .on_ended =
          [this] {
            next_progress_ = MonotonicTime(0);  // report the last records before the job can end
            listener_.on_task_ended();
          },
      .on_finished = [this] { listener_.on_task_finished(); },
      .on_split_wanted =
          [this, t = task.get()] { listener_.on_split_wanted(t->vertex_index(), t->subtask()); },
      .on_watermark_to_align =
          [this, t = task.get()](Timestamp watermark) {
            listener_.on_watermark_to_align(t->vertex_index(), t->subtask(), watermark);
          },
  });
  tasks_.push_back(std::move(task));
}

void Shard::post(Command command) {
  mailbox_.post(std::move(command));
  wake();
}

MonotonicTime Shard::step() {
  if (mailbox_.take(commands_)) {
    for (Command& command : commands_) carry_out(command);
    commands_.clear();
  }
  MonotonicTime now = clock_.now();
  // Step sinks first, so that records in flight drain before sources emit more.
  MonotonicTime next = kIdle;
  for (auto task = tasks_.rbegin(); task != tasks_.rend(); ++task) {
    const MonotonicTime begin = now;
    const MonotonicTime again = (*task)->step(begin);
    // The clock is read only after work: that of a whole batch.
    if (again == kBusy) now = clock_.now();
    (*task)->spent(again, begin, now);
    if (!snapshots_.empty()) pass_on_snapshots(begin, now);
    next = std::min(next, again);
  }
  if (next != kBusy) {
    for (const auto& task : tasks_) task->flush_outputs();
  } else if (now >= next_flush_) {
    next_flush_ = kIdle;
    for (const auto& task : tasks_)
      next_flush_ = std::min(next_flush_, task->flush_due_outputs(now));
  }
  return std::min(next, report_progress(now));
}

void Shard::pass_on_snapshots(MonotonicTime begin, MonotonicTime end) {
  for (TaskSnapshot& snapshot : snapshots_) {
    snapshot.taken = end;
    snapshot.figures.sync_us = whole_us(end - begin);
    listener_.on_snapshot(std::move(snapshot));
  }
  snapshots_.clear();
}

void Shard::carry_out(Command& command) {
  if (auto* trigger = std::get_if<TriggerCheckpoint>(&command)) {
    const MonotonicTime overtake_at =
        trigger->overtake_after ? clock_.now() + *trigger->overtake_after : kIdle;
    for (const auto& task : tasks_)
      task->trigger_checkpoint(trigger->id, trigger->stop, overtake_at);
  } else if (auto* completed = std::get_if<CheckpointCompleted>(&command)) {
    for (const auto& task : tasks_) task->checkpoint_completed(completed->id, completed->ends_job);
  } else if (auto* aborted = std::get_if<CheckpointAborted>(&command)) {
    for (const auto& task : tasks_) task->checkpoint_aborted(aborted->id);
  } else if (std::get_if<CommitWithoutCheckpoint>(&command) != nullptr) {
    for (const auto& task : tasks_) task->commit_without_checkpoint();
  } else if (std::get_if<StartStopped>(&command) != nullptr) {
    for (const auto& task : tasks_) task->start_stopped();
  } else if (auto* assigned = std::get_if<AssignSplits>(&command)) {
    for (const auto& task : tasks_) {
      if (task->vertex_index() == assigned->vertex)
        task->assign_splits(std::move(assigned->splits), assigned->more_follow);
    }
  } else if (const auto* align = std::get_if<AlignWatermark>(&command)) {
    for (const auto& task : tasks_) {
      if (task->vertex_index() == align->vertex) task->align_watermark(align->max_allowed);
    }
  } else if (auto* continuation = std::get_if<Continuation>(&command)) {
    continuation->task->run_continuation(continuation->run);
  }
}

MonotonicTime Shard::report_progress(MonotonicTime now) {
  ShardProgress progress{0, kMaxWatermark, 0};
  for (const auto& task : tasks_) {
    progress.source_records += task->source_records();
    progress.late_records += task->late_records();
    if (task->is_last()) progress.watermark = std::min(progress.watermark, task->watermark());
  }
  if (progress == reported_) return kIdle;
  if (now < next_progress_ &&
      progress.source_records - reported_.source_records < options_.progress_records)
    return next_progress_;
  reported_ = progress;
  next_progress_ = now + options_.progress_interval;
  listener_.on_progress(index_, progress);
  return kIdle;
}

}  // namespace weir
