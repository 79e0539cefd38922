#include "checkpoint/checkpoint_history.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace weir {

using State = CheckpointRecord::State;

namespace {
int64_t whole_us(MonotonicTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}
}  // namespace

std::optional<CheckpointFigures> figures_of(std::vector<int64_t> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {  // nearest-rank quantile
    const double rank = std::ceil(part * static_cast<double>(values.size()));
    return values[static_cast<size_t>(std::max(rank, 1.0)) - 1];
  };
  const int64_t sum = std::accumulate(values.begin(), values.end(), int64_t{0});
  return CheckpointFigures{values.front(), values.back(), sum / static_cast<int64_t>(values.size()),
                           at(0.5),        at(0.9),       at(0.95),
                           at(0.99),       at(0.999)};
}

CheckpointRecord* CheckpointHistory::change(CheckpointId id) {
  report_ = nullptr;
  const auto found = std::find_if(records_.begin(), records_.end(),
                                  [id](const CheckpointRecord& record) { return record.id == id; });
  return found == records_.end() ? nullptr : &*found;
}

void CheckpointHistory::on_restored(RestoredCheckpoint restored) {
  report_ = nullptr;
  ++counts_.restored;
  counts_.latest_restored = std::move(restored);
}

void CheckpointHistory::on_triggered(CheckpointRecord record) {
  report_ = nullptr;
  ++counts_.triggered;
  records_.push_back(std::move(record));
  if (records_.size() > kCheckpointHistorySize) records_.pop_front();
}

void CheckpointHistory::on_acknowledged(CheckpointId id, int subtasks, MonotonicTime now,
                                        int64_t wall_ms, std::vector<TaskCheckpointFigures> tasks) {
  CheckpointRecord* record = change(id);
  if (record == nullptr) return;
  auto& all = tasks_[id];
  for (TaskCheckpointFigures& task : tasks) {
    task.acknowledged_ms = wall_ms;
    all.push_back(std::move(task));
  }
  record->acknowledged = subtasks;
  record->acknowledged_ms = wall_ms;
  record->write = now - record->triggered;
}

void CheckpointHistory::close(CheckpointRecord* record) {
  CheckpointPoint point{.id = record->id, .savepoint = is_savepoint(record->kind)};
  point.completed = record->state == State::kCompleted;
  point.triggered_ms = record->triggered_ms;
  point.duration_us = whole_us(record->duration());
  point.publish_us = whole_us(record->publish.value_or(MonotonicTime(0)));
  point.bytes = record->bytes;
  if (auto tasks = tasks_.extract(record->id); !tasks.empty() && !tasks.mapped().empty()) {
    auto& all = tasks.mapped();
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return std::pair(a.vertex, a.subtask) < std::pair(b.vertex, b.subtask);
    });
    for (const TaskCheckpointFigures& task : all) {
      point.alignment_us = std::max(point.alignment_us, task.alignment_us);
      point.sync_us = std::max(point.sync_us, task.sync_us);
      point.async_us = std::max(point.async_us, task.async_us);
    }
    record->alignment = std::chrono::microseconds(point.alignment_us);
    record->sync = std::chrono::microseconds(point.sync_us);
    record->tasks = std::make_shared<const std::vector<TaskCheckpointFigures>>(std::move(all));
  }
  // Acknowledgements of older checkpoints that left the history while they were open.
  if (!records_.empty()) tasks_.erase(tasks_.begin(), tasks_.lower_bound(records_.front().id));
  recent_.push_back(point);
  if (recent_.size() > kRecentCheckpoints) recent_.pop_front();
}

void CheckpointHistory::on_completed(const CompletedCheckpoint& checkpoint, MonotonicTime publish,
                                     MonotonicTime now, int64_t wall_ms) {
  ++counts_.completed;
  CheckpointRecord* record = change(checkpoint.id);
  CheckpointRecord forgotten{.id = checkpoint.id, .kind = checkpoint.kind};
  forgotten.triggered_ms = checkpoint.timestamp_ms;
  forgotten.triggered = now - checkpoint.duration;
  if (record == nullptr) record = &forgotten;  // it has left the history
  record->state = State::kCompleted;
  record->ended = now;
  record->ended_ms = wall_ms;
  record->bytes = checkpoint.bytes;
  record->publish = publish;
  const bool savepoint = !checkpoint.savepoint.empty();
  record->uri = savepoint ? checkpoint.savepoint : checkpoint.uri;
  if (is_savepoint(checkpoint.kind) && !savepoint) record->kind = CheckpointKind::kManual;
  close(record);
  (savepoint ? counts_.latest_savepoint : counts_.latest_completed) = *record;
}

void CheckpointHistory::on_ended(CheckpointId id, const std::string& why, MonotonicTime now,
                                 int64_t wall_ms) {
  CheckpointRecord* record = change(id);
  if (record == nullptr) return;
  record->state = State::kFailed;
  record->ended = now;
  record->ended_ms = wall_ms;
  record->failure = why;
  close(record);
  counts_.latest_failed = *record;
}

void CheckpointHistory::count_failure() {
  report_ = nullptr;
  ++counts_.failed;
}

void CheckpointHistory::count_abort() {
  report_ = nullptr;
  ++counts_.aborted;
}

void CheckpointHistory::on_discarded(CheckpointId id) {
  // The savepoint of a deleted checkpoint stays.
  CheckpointRecord* record = change(id);
  if (record != nullptr && !is_savepoint(record->kind)) record->discarded = true;
  auto& latest = counts_.latest_completed;
  if (latest && latest->id == id) latest->discarded = true;
}

std::shared_ptr<const CheckpointReport> CheckpointHistory::report(int in_progress) {
  if (report_ && report_->in_progress == in_progress) return report_;
  auto report = std::make_shared<CheckpointReport>(counts_);
  report->in_progress = in_progress;
  report->history.assign(records_.rbegin(), records_.rend());
  report->recent.assign(recent_.begin(), recent_.end());
  std::vector<int64_t> bytes;
  std::vector<int64_t> durations;
  for (const CheckpointRecord& record : records_) {
    if (record.state != State::kCompleted) continue;
    bytes.push_back(record.bytes);
    durations.push_back(whole_ms(record.duration()));
  }
  report->bytes = figures_of(std::move(bytes));
  report->duration_ms = figures_of(std::move(durations));
  report_ = report;
  return report;
}

}  // namespace weir
