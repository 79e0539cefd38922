#include "rest/page_status.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <vector>

#include "base/version.h"
#include "rest/json.h"

namespace weir::rest {
namespace {

constexpr int64_t kNoWatermark = INT64_MIN;
constexpr int64_t kLastWatermark = INT64_MAX;

/// Null: there is none yet; "end": event time has ended.
Json watermark_json(int64_t watermark) {
  if (watermark == kNoWatermark) return nullptr;
  if (watermark == kLastWatermark) return "end";
  return watermark;
}

/// The spread of a number over subtasks.
struct Spread {
  double sum = 0;
  double max = 0;
  int count = 0;
  void add(double value) {
    sum += value;
    max = count == 0 ? value : std::max(max, value);
    ++count;
  }
  Json json() const { return {{"avg", count == 0 ? 0.0 : sum / count}, {"max", max}}; }
};

double share(double ms_per_second) { return ms_per_second / 1000; }
double fill_of(const TaskFigures& figures) {
  if (figures.queue_capacity <= 0) return 0;
  return static_cast<double>(figures.queued) / static_cast<double>(figures.queue_capacity);
}

std::span<const TaskStatus> tasks_of(const JobSnapshot& job, size_t vertex) {
  const auto range =
      std::ranges::equal_range(job.figures->tasks, static_cast<int32_t>(vertex), {},
                               [](const TaskStatus& task) { return task.figures.vertex; });
  return {range.begin(), range.end()};
}

/// The state of the vertex' tasks in the last completed checkpoint.
std::span<const TaskCheckpointFigures> states_of(const JobSnapshot& job, size_t vertex) {
  if (!job.checkpoints || !job.checkpoints->latest_completed) return {};
  const auto& tasks = job.checkpoints->latest_completed->tasks;
  if (!tasks) return {};
  const auto range = std::ranges::equal_range(*tasks, static_cast<int32_t>(vertex), {},
                                              &TaskCheckpointFigures::vertex);
  return {range.begin(), range.end()};
}

/// The metrics of one operator, by name: sums of counters and meters, the largest gauge, and the
/// largest 99th percentile.
Json operator_metrics(std::span<const TaskStatus> tasks, int32_t op) {
  std::map<std::string, double> values;
  for (const TaskStatus& task : tasks) {
    for (const OperatorFigures& of : task.figures.operators) {
      if (of.op != op) continue;
      for (const MetricValue& metric : of.values) {
        const auto number = static_cast<double>(metric.value);
        if (metric.histogram) {
          double& most = values[metric.name + " p99"];
          most = std::max(most, metric.histogram->p99);
        } else if (metric.kind == MetricGroup::Kind::kGauge) {
          const auto [at, first] = values.emplace(metric.name, number);
          if (!first) at->second = std::max(at->second, number);
        } else {
          values[metric.name] += number;
        }
      }
    }
  }
  Json json = Json::object();
  constexpr size_t kMax = 40;
  for (const auto& [name, value] : values) {
    if (json.size() == kMax) break;
    json[name] = value;
  }
  return json;
}

Json operators_json(const JobSnapshot& job, size_t vertex) {
  const auto tasks = tasks_of(job, vertex);
  const auto states = states_of(job, vertex);
  Json list = Json::array();
  const auto& operators = job.vertices[vertex].operators;
  for (size_t i = 0; i < operators.size(); ++i) {
    int64_t bytes = 0;
    for (const TaskCheckpointFigures& task : states)
      bytes += i < task.state_bytes.size() ? task.state_bytes[i] : 0;
    list.push_back({{"id", operators[i].id},
                    {"name", operators[i].name},
                    {"state_bytes", bytes},
                    {"metrics", operator_metrics(tasks, static_cast<int32_t>(i))}});
  }
  return list;
}

Json vertex_json_of_page(const JobSnapshot& job, size_t index) {
  const JobSnapshot::Vertex& vertex = job.vertices[index];
  Spread busy, idle, back, queue, in, out, state;
  TaskFigures total;
  total.input_watermark = total.output_watermark = kLastWatermark;
  double bytes_in = 0;
  double bytes_out = 0;
  const auto tasks = tasks_of(job, index);
  for (const TaskStatus& task : tasks) {
    busy.add(share(task.rates.busy_ms));
    idle.add(share(task.rates.idle_ms));
    back.add(share(task.rates.back_pressured_ms));
    queue.add(fill_of(task.figures));
    in.add(task.rates.records_in);
    out.add(task.rates.records_out);
    bytes_in += task.rates.bytes_in;
    bytes_out += task.rates.bytes_out;
    total.records_in += task.figures.records_in;
    total.records_out += task.figures.records_out;
    total.input_watermark = std::min(total.input_watermark, task.figures.input_watermark);
    total.output_watermark = std::min(total.output_watermark, task.figures.output_watermark);
  }
  for (const TaskCheckpointFigures& task : states_of(job, index))
    state.add(static_cast<double>(task.bytes()));
  if (tasks.empty()) total.input_watermark = total.output_watermark = kNoWatermark;
  return {{"id", vertex.id},
          {"name", vertex.name},
          {"parallelism", vertex.parallelism},
          {"max_parallelism", vertex.max_parallelism},
          {"source", vertex.is_source},
          {"records_in", total.records_in},
          {"records_out", total.records_out},
          {"in_per_second", in.sum},
          {"out_per_second", out.sum},
          {"bytes_in_per_second", bytes_in},
          {"bytes_out_per_second", bytes_out},
          {"in", in.json()},
          {"out", out.json()},
          {"busy", busy.json()},
          {"idle", idle.json()},
          {"back", back.json()},
          {"queue", queue.json()},
          {"watermark_in", watermark_json(total.input_watermark)},
          {"watermark_out", watermark_json(total.output_watermark)},
          {"state_bytes", state.sum},
          {"state", state.json()},
          {"operators", operators_json(job, index)}};
}

/// One list for each figure, by subtask; shares in thousandths, so that the body stays small.
Json subtasks_json(const JobSnapshot& job, size_t vertex) {
  Json lists[] = {Json::array(), Json::array(), Json::array(), Json::array(),
                  Json::array(), Json::array(), Json::array(), Json::array()};
  const auto whole = [](double number) { return static_cast<int64_t>(std::llround(number)); };
  const auto states = states_of(job, vertex);
  auto state = states.begin();
  for (const TaskStatus& task : tasks_of(job, vertex)) {
    const TaskFigures& figures = task.figures;
    while (state != states.end() && state->subtask < figures.subtask) ++state;
    const bool known = state != states.end() && state->subtask == figures.subtask;
    const Json values[] = {whole(task.rates.busy_ms),      whole(task.rates.back_pressured_ms),
                           whole(fill_of(figures) * 1000), whole(task.rates.records_in),
                           whole(task.rates.records_out),  watermark_json(figures.output_watermark),
                           known ? state->bytes() : 0,     task.worker};
    for (size_t i = 0; i < std::size(values); ++i) lists[i].push_back(values[i]);
  }
  const char* const names[] = {"busy", "back",      "queue", "in",
                               "out",  "watermark", "state", "worker"};
  Json json = {{"id", job.vertices[vertex].id}};
  for (size_t i = 0; i < std::size(names); ++i) json[names[i]] = std::move(lists[i]);
  return json;
}

Json record_json(const JobSnapshot& job, const CheckpointRecord& record) {
  const bool running = record.state == CheckpointRecord::State::kInProgress;
  return {{"id", record.id},
          {"savepoint", is_savepoint(record.kind)},
          {"triggered", record.triggered_ms},
          {"duration",
           running ? job.now_ms - record.triggered_ms : whole_ms(record.ended - record.triggered)},
          {"subtasks", record.subtasks},
          {"acknowledged", record.acknowledged},
          {"bytes", record.bytes},
          {"path", record.uri},
          {"failure", record.failure}};
}

Json checkpoints_json_of_page(const JobSnapshot& job) {
  if (!job.checkpoints) return nullptr;
  const CheckpointReport& report = *job.checkpoints;
  const JobSnapshot::CheckpointSettings& settings = job.checkpoint_settings;
  Json running = Json::array();
  for (const CheckpointRecord& record : report.history) {
    if (record.state == CheckpointRecord::State::kInProgress)
      running.push_back(record_json(job, record));
  }
  const auto latest = [&](const std::optional<CheckpointRecord>& record) {
    return record ? record_json(job, *record) : Json(nullptr);
  };
  Json recent = Json::array();
  for (const CheckpointPoint& point : report.recent) {
    recent.push_back(Json::array({point.id, point.completed ? 1 : 0, point.savepoint ? 1 : 0,
                                  point.triggered_ms, point.duration_us, point.alignment_us,
                                  point.sync_us, point.async_us, point.publish_us, point.bytes}));
  }
  Json restored = nullptr;
  if (report.latest_restored && report.latest_restored->id >= 0) {
    restored = {{"id", report.latest_restored->id},
                {"at", report.latest_restored->restored_ms},
                {"path", report.latest_restored->uri}};
  }
  return {{"interval", settings.interval_ms},
          {"timeout", settings.timeout_ms},
          {"exactly_once", settings.exactly_once},
          {"triggered", report.triggered},
          {"completed", report.completed},
          {"failed", report.failed},
          {"aborted", report.aborted},
          {"running", std::move(running)},
          {"completed_last", latest(report.latest_completed)},
          {"failed_last", latest(report.latest_failed)},
          {"savepoint_last", latest(report.latest_savepoint)},
          {"restored", std::move(restored)},
          {"recent", std::move(recent)}};
}

Json workers_json_of_page(const JobSnapshot& job) {
  Json list = Json::array();
  for (const JobSnapshot::Worker& worker : job.workers) {
    list.push_back({{"id", worker.id},
                    {"index", worker.index},
                    {"host", worker.data_address.empty() ? worker.host : worker.data_address},
                    {"slots", worker.slots},
                    {"used", worker.used_slots},
                    {"heard", worker.last_heard_ms},
                    {"cpu", worker.figures.cpu_load},
                    {"memory", worker.figures.process.resident_bytes},
                    {"files", worker.figures.process.open_files},
                    {"threads", worker.figures.process.threads}});
  }
  return list;
}

Json failures_json(const JobSnapshot& job) {
  Json list = Json::array();
  for (const JobSnapshot::Failure& failure : job.failures)
    list.push_back({{"at", failure.at_ms}, {"task", failure.task}, {"message", failure.message}});
  return list;
}

}  // namespace

Json page_status_json(const JobSnapshot& job, std::optional<size_t> vertex) {
  Json vertices = Json::array();
  for (size_t i = 0; i < job.vertices.size(); ++i) vertices.push_back(vertex_json_of_page(job, i));
  Json edges = Json::array();
  for (const JobSnapshot::Edge& edge : job.edges)
    edges.push_back({{"from", edge.from}, {"to", edge.to}, {"ship", edge.ship_strategy}});
  const auto entered = job.entered_ms.find(job.state);
  Json json = {{"version", weir_version()},
               {"now", job.now_ms},
               {"id", job.job_id},
               {"name", job.name},
               {"state", job.state},
               {"since", entered == job.entered_ms.end() ? job.started_ms : entered->second},
               {"started", job.started_ms},
               {"ended", job.ended_ms},
               {"restarts", job.restarts},
               {"restart_strategy", job.restart_strategy},
               {"vertices", std::move(vertices)},
               {"edges", std::move(edges)},
               {"checkpoints", checkpoints_json_of_page(job)},
               {"failures", failures_json(job)},
               {"workers", workers_json_of_page(job)},
               {"left_out", job.figures->left_out}};
  if (vertex) json["subtasks"] = subtasks_json(job, *vertex);
  return json;
}

}  // namespace weir::rest
