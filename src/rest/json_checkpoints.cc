#include <algorithm>
#include <span>

#include "rest/json.h"

namespace weir::rest {
namespace {

/// Flink's statistics of a number; "NaN" where there is none.
Json summary_json(const std::optional<CheckpointFigures>& figures) {
  if (!figures)
    return {{"min", 0},     {"max", 0},     {"avg", 0},     {"p50", "NaN"},
            {"p90", "NaN"}, {"p95", "NaN"}, {"p99", "NaN"}, {"p999", "NaN"}};
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  return {{"min", figures->min},         {"max", figures->max},
          {"avg", figures->average},     {"p50", number(figures->p50)},
          {"p90", number(figures->p90)}, {"p95", number(figures->p95)},
          {"p99", number(figures->p99)}, {"p999", number(figures->p999)}};
}
Json no_summary() { return summary_json(std::nullopt); }

std::string_view status_of(const CheckpointRecord& record) {
  switch (record.state) {
    case CheckpointRecord::State::kInProgress: return "IN_PROGRESS";
    case CheckpointRecord::State::kCompleted: return "COMPLETED";
    case CheckpointRecord::State::kFailed: return "FAILED";
  }
  return "";
}

/// From the trigger to the end, or until now.
int64_t duration_of(const JobSnapshot& job, const CheckpointRecord& record) {
  return (record.ended_ms >= 0 ? record.ended_ms : job.now_ms) - record.triggered_ms;
}

/// What the objects of a checkpoint and of one of its vertices have in common.
Json figures_json(const JobSnapshot& job, const CheckpointRecord& record, int subtasks,
                  int acknowledged, int64_t acknowledged_ms, int64_t bytes) {
  return {{"status", status_of(record)},
          {"latest_ack_timestamp", acknowledged_ms},
          {"checkpointed_size", bytes},
          {"state_size", bytes},
          {"end_to_end_duration", duration_of(job, record)},
          {"alignment_buffered", 0},
          {"processed_data", 0},
          {"persisted_data", 0},
          {"num_subtasks", subtasks},
          {"num_acknowledged_subtasks", acknowledged}};
}

using Tasks = std::span<const TaskCheckpointFigures>;

/// The tasks of one vertex that have acknowledged, by subtask.
Tasks tasks_of(const CheckpointRecord& record, size_t vertex) {
  if (!record.tasks) return {};
  const auto [begin, end] = std::ranges::equal_range(*record.tasks, static_cast<int32_t>(vertex),
                                                     {}, &TaskCheckpointFigures::vertex);
  return {begin, end};
}

int64_t whole_ms_of(int64_t us) { return us / 1000; }
/// From the trigger to the acknowledgement.
int64_t duration_of(const CheckpointRecord& record, const TaskCheckpointFigures& task) {
  return std::max<int64_t>(task.acknowledged_ms - record.triggered_ms, 0);
}

Json vertex_figures(const JobSnapshot& job, const CheckpointRecord& record, size_t vertex) {
  int64_t bytes = 0;
  int64_t acknowledged_ms = -1;
  const Tasks tasks = tasks_of(record, vertex);
  for (const TaskCheckpointFigures& task : tasks) {
    bytes += task.bytes();
    acknowledged_ms = std::max(acknowledged_ms, task.acknowledged_ms);
  }
  Json json = {{"id", record.id}};
  json.update(figures_json(job, record, job.vertices[vertex].parallelism,
                           static_cast<int>(tasks.size()), acknowledged_ms, bytes));
  if (acknowledged_ms >= 0) json["end_to_end_duration"] = acknowledged_ms - record.triggered_ms;
  return json;
}

template <class Figure>
Json summary_of(Tasks tasks, Figure figure) {
  std::vector<int64_t> values;
  for (const TaskCheckpointFigures& task : tasks) values.push_back(figure(task));
  return summary_json(figures_of(std::move(values)));
}

Json subtask_json(const CheckpointRecord& record, const TaskCheckpointFigures& task) {
  return {
      {"className", "completed"},
      {"index", task.subtask},
      {"status", "completed"},
      {"ack_timestamp", task.acknowledged_ms},
      {"end_to_end_duration", duration_of(record, task)},
      {"checkpointed_size", task.bytes()},
      {"state_size", task.bytes()},
      {"checkpoint", {{"sync", whole_ms_of(task.sync_us)}, {"async", whole_ms_of(task.async_us)}}},
      {"alignment",
       {{"buffered", 0},
        {"processed", 0},
        {"persisted", task.in_flight_bytes},
        {"duration", whole_ms_of(task.alignment_us)}}},
      {"start_delay", whole_ms_of(task.start_delay_us)},
      {"unaligned_checkpoint", task.overtook},
      {"aborted", false}};
}

}  // namespace

Json checkpoint_json(const JobSnapshot& job, const CheckpointRecord& record, bool details) {
  const bool savepoint = is_savepoint(record.kind);
  Json json = {{"className", record.state == CheckpointRecord::State::kCompleted ? "completed"
                             : record.state == CheckpointRecord::State::kFailed  ? "failed"
                                                                                 : "in_progress"},
               {"id", record.id},
               {"is_savepoint", savepoint},
               {"savepointFormat", nullptr},
               {"trigger_timestamp", record.triggered_ms},
               {"checkpoint_type", record.kind == CheckpointKind::kStop ? "SYNC_SAVEPOINT"
                                   : savepoint                          ? "SAVEPOINT"
                                                                        : "CHECKPOINT"}};
  if (savepoint)
    json["savepointFormat"] = record.format == SnapshotFormat::kNative ? "NATIVE" : "CANONICAL";
  json.update(figures_json(job, record, record.subtasks, record.acknowledged,
                           record.acknowledged_ms, record.bytes));
  json["tasks"] = Json::object();
  if (details) {
    for (size_t i = 0; i < job.vertices.size(); ++i)
      json["tasks"][job.vertices[i].id] = vertex_figures(job, record, i);
  }
  if (record.state == CheckpointRecord::State::kCompleted) {
    json["external_path"] = record.uri;
    json["discarded"] = record.discarded;
  } else if (record.state == CheckpointRecord::State::kFailed) {
    json["failure_timestamp"] = record.ended_ms;
    json["failure_message"] = record.failure;
  }
  return json;
}

Json checkpoint_vertex_json(const JobSnapshot& job, const CheckpointRecord& record, size_t vertex) {
  using Task = TaskCheckpointFigures;
  const Tasks tasks = tasks_of(record, vertex);
  const Json bytes = summary_of(tasks, [](const Task& task) { return task.bytes(); });
  const auto times = [&](int64_t Task::* us) {
    return summary_of(tasks, [us](const Task& task) { return whole_ms_of(task.*us); });
  };
  Json json = vertex_figures(job, record, vertex);
  json["summary"] = {
      {"checkpointed_size", bytes},
      {"state_size", bytes},
      {"end_to_end_duration",
       summary_of(tasks, [&](const Task& task) { return duration_of(record, task); })},
      {"checkpoint_duration", {{"sync", times(&Task::sync_us)}, {"async", times(&Task::async_us)}}},
      {"alignment",
       {{"buffered", no_summary()},
        {"processed", no_summary()},
        {"persisted", summary_of(tasks, [](const Task& task) { return task.in_flight_bytes; })},
        {"duration", times(&Task::alignment_us)}}},
      {"start_delay", times(&Task::start_delay_us)}};
  Json subtasks = Json::array();
  auto next = tasks.begin();
  for (int i = 0; i < job.vertices[vertex].parallelism; ++i) {
    while (next != tasks.end() && next->subtask < i) ++next;
    if (next == tasks.end() || next->subtask != i) {
      subtasks.push_back({{"className", "pending"}, {"index", i}, {"status", "pending_or_failed"}});
    } else {
      subtasks.push_back(subtask_json(record, *next));
    }
  }
  json["subtasks"] = std::move(subtasks);
  return json;
}

Json checkpoints_json(const JobSnapshot& job) {
  const CheckpointReport& report = *job.checkpoints;
  const auto latest = [&](const std::optional<CheckpointRecord>& record) {
    return record ? checkpoint_json(job, *record, false) : Json(nullptr);
  };
  Json history = Json::array();
  for (const CheckpointRecord& record : report.history)
    history.push_back(checkpoint_json(job, record, false));
  Json restored = nullptr;
  if (report.latest_restored) {
    restored = {{"id", report.latest_restored->id},
                {"restore_timestamp", report.latest_restored->restored_ms},
                {"is_savepoint", false},
                {"external_path", report.latest_restored->uri}};
  }
  return {{"counts",
           {{"restored", report.restored},
            {"total", report.triggered},
            {"in_progress", report.in_progress},
            {"completed", report.completed},
            {"failed", report.failed + report.aborted}}},
          {"summary",
           {{"checkpointed_size", summary_json(report.bytes)},
            {"state_size", summary_json(report.bytes)},
            {"end_to_end_duration", summary_json(report.duration_ms)},
            {"alignment_buffered", no_summary()},
            {"processed_data", no_summary()},
            {"persisted_data", no_summary()}}},
          {"latest",
           {{"completed", latest(report.latest_completed)},
            {"savepoint", latest(report.latest_savepoint)},
            {"failed", latest(report.latest_failed)},
            {"restored", std::move(restored)}}},
          {"history", std::move(history)}};
}

Json checkpoint_config_json(const JobSnapshot& job) {
  const JobSnapshot::CheckpointSettings& settings = job.checkpoint_settings;
  return {{"mode", settings.exactly_once ? "exactly_once" : "at_least_once"},
          {"interval", settings.interval_ms},
          {"timeout", settings.timeout_ms},
          {"min_pause", settings.min_pause_ms},
          {"max_concurrent", settings.max_concurrent},
          {"externalization",
           {{"enabled", true}, {"delete_on_cancellation", settings.delete_on_cancellation}}},
          {"state_backend", "HashMapStateBackend"},
          {"checkpoint_storage", "FileSystemCheckpointStorage"},
          {"unaligned_checkpoints", settings.unaligned},
          {"tolerable_failed_checkpoints", settings.tolerable_failures},
          {"aligned_checkpoint_timeout", settings.aligned_timeout_ms},
          {"checkpoints_after_tasks_finish", true},
          {"state_changelog_enabled", false},
          {"changelog_periodic_materialization_interval", 0},
          {"changelog_storage", "none"}};
}

}  // namespace weir::rest
