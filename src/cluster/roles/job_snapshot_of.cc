#include "cluster/roles/job_snapshot_of.h"

#include <algorithm>
#include <map>

#include "config/options.h"

namespace weir {
namespace {

/// Flink's JobStatus.
const char* job_status_of(JobState state) {
  switch (state) {
    case JobState::kPreparing: return "INITIALIZING";
    case JobState::kWaitingForSlots: return "CREATED";
    case JobState::kRunning: return "RUNNING";
    case JobState::kRestarting: return "RESTARTING";
    case JobState::kCancelling: return "CANCELLING";
    case JobState::kFinished: return "FINISHED";
    case JobState::kFailed: return "FAILED";
    case JobState::kCanceled: return "CANCELED";
  }
  return "";
}

/// Flink's ExecutionState of all tasks. Single tasks are not distinguished.
const char* task_state_of(const JobView& view) {
  switch (view.state) {
    case JobState::kPreparing:
    case JobState::kWaitingForSlots:
    case JobState::kRestarting: return view.shards > 0 ? "INITIALIZING" : "SCHEDULED";
    case JobState::kRunning: return "RUNNING";
    case JobState::kCancelling: return "CANCELING";
    case JobState::kFinished: return "FINISHED";
    case JobState::kFailed: return "FAILED";
    case JobState::kCanceled: return "CANCELED";
  }
  return "";
}

const char* ship_strategy_of(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kForward: return "FORWARD";
    case Partitioning::kHash: return "HASH";
    case Partitioning::kRebalance: return "REBALANCE";
    case Partitioning::kBroadcast: return "BROADCAST";
    case Partitioning::kRescale: return "RESCALE";
    case Partitioning::kShuffle: return "SHUFFLE";
    case Partitioning::kGlobal: return "GLOBAL";
    case Partitioning::kCustom: return "CUSTOM";
  }
  return "";
}

const char* strategy_text(RestartStrategyType type) {
  switch (type) {
    case RestartStrategyType::kNone: return "none";
    case RestartStrategyType::kFixedDelay: return "fixed-delay";
    case RestartStrategyType::kFailureRate: return "failure-rate";
    case RestartStrategyType::kExponentialDelay: return "exponential-delay";
  }
  return "";
}

void add_graph(const JobGraph& graph, int shards, JobSnapshot* job) {
  for (const JobVertex& vertex : graph.vertices) {
    JobSnapshot::Vertex& shown = job->vertices.emplace_back();
    shown.id = vertex.chain.front().id.to_hex();
    shown.name = vertex.name;
    shown.parallelism = shards > 0 ? std::min(vertex.parallelism, shards) : vertex.parallelism;
    shown.program_parallelism = vertex.parallelism;
    shown.max_parallelism = vertex.max_parallelism;
    shown.is_source = vertex.is_source;
    for (const JobOperator& op : vertex.chain)
      shown.operators.push_back({op.id.to_hex(), op.name, op.description});
  }
  for (const JobEdge& edge : graph.edges)
    job->edges.push_back({edge.from, edge.to, ship_strategy_of(edge.partitioning)});
}

void add_workers(const JobView& view, JobSnapshot* job) {
  const JobDetail& detail = *view.detail;
  std::map<int32_t, int> used_slots;
  for (const int32_t index : detail.worker_of_shard) ++used_slots[index];
  for (const JobDetail::Worker& worker : detail.workers) {
    JobSnapshot::Worker& shown = job->workers.emplace_back();
    shown.id = worker.id;
    shown.host = worker.host;
    shown.data_address = worker.data_address;
    shown.slots = worker.slots;
    shown.last_heard_ms = worker.last_heard_ms;
    shown.index = worker.index;
    if (worker.index < 0) continue;
    shown.used_slots = used_slots[worker.index];
    const auto figures = detail.figures.workers.find(worker.index);
    if (figures != detail.figures.workers.end()) shown.figures = figures->second;
  }
}

JobSnapshot::CheckpointSettings checkpoint_settings_of(const JobOptions& options) {
  JobSnapshot::CheckpointSettings settings;
  settings.exactly_once = options.worker.execution.mode == CheckpointingMode::kExactlyOnce;
  settings.interval_ms = options.trigger.interval ? whole_ms(*options.trigger.interval) : 0;
  settings.timeout_ms = whole_ms(options.checkpoint_timeout);
  settings.min_pause_ms = whole_ms(options.trigger.min_pause);
  settings.max_concurrent = options.trigger.max_concurrent;
  settings.tolerable_failures = options.tolerable_failed_checkpoints;
  const auto& overtake_after = options.worker.execution.overtake_after;
  settings.unaligned = overtake_after.has_value();
  settings.aligned_timeout_ms = whole_ms(overtake_after.value_or(MonotonicTime()));
  settings.delete_on_cancellation = options.retention == RetentionPolicy::kDeleteOnCancellation;
  return settings;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> shown_settings(
    const Configuration& configuration) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const Configuration::Entry& entry : configuration.entries()) {
    const ConfigKey* key = find_config_key(entry.key);
    const bool secret = key == nullptr || key->type == ConfigType::kSecret;
    settings.emplace_back(entry.key, secret ? "******" : entry.value);
  }
  return settings;
}

std::shared_ptr<const JobSnapshot> job_snapshot_of(
    const JobGraph& graph, const JobOptions& options, const JobView& view,
    std::vector<std::pair<std::string, std::string>> settings, int64_t now_ms) {
  auto job = std::make_shared<JobSnapshot>();
  job->job_id = graph.id.to_hex();
  job->name = graph.name;
  job->state = job_status_of(view.state);
  job->now_ms = now_ms;
  job->started_ms = now_ms;
  for (size_t i = 0; i < kJobStates; ++i) {
    if (view.entered_ms[i] == 0) continue;
    job->entered_ms[job_status_of(static_cast<JobState>(i))] = view.entered_ms[i];
    job->started_ms = std::min(job->started_ms, view.entered_ms[i]);
  }
  const int64_t entered = view.entered_ms[static_cast<size_t>(view.state)];
  if (is_terminal(view.state)) job->ended_ms = entered;
  job->restarts = view.restarts;
  job->restart_strategy = strategy_text(options.restart.type);
  add_graph(graph, view.shards, job.get());
  job->slots_wanted = view.slots_wanted;
  job->task_state = task_state_of(view);
  const int64_t running = view.entered_ms[static_cast<size_t>(JobState::kRunning)];
  job->tasks_since_ms = is_terminal(view.state) && running > 0 ? running : entered;
  job->worker_of_shard = view.detail->worker_of_shard;
  // Shares its owner with the view's detail.
  job->figures = std::shared_ptr<const AttemptFigures>(view.detail, &view.detail->figures);
  add_workers(view, job.get());
  for (const JobDetail::Failure& failure : view.detail->failures)
    job->failures.push_back({failure.at_ms, failure.message, failure.where, ""});
  if (options.checkpoints_enabled) job->checkpoints = view.checkpoints;
  job->checkpoint_settings = checkpoint_settings_of(options);
  job->configuration = std::move(settings);
  return job;
}

}  // namespace weir
