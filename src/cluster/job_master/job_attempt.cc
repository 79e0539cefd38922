#include "cluster/job_master/job_attempt.h"

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "cluster/deployment.h"
#include "graph/scale.h"

namespace weir {

CheckpointParticipants JobAttempt::participants() const {
  return participants_of(graph_, worker_of_shard_);
}

Status JobAttempt::deploy(const JobGraph& graph, const JobOptions& options,
                          const StartingPoint& start, int shards) {
  ++number_;
  stage_ = Stage::kDeploying;
  WEIR_ASSIGN_OR_RETURN(
      graph_, with_max_parallelisms(limit_parallelism(graph, shards), start.max_parallelisms));
  WEIR_ASSIGN_OR_RETURN(const auto plan, restore_plan(graph_, options, start));
  worker_of_shard_ = pool_.place(shards);
  const std::vector<PooledWorker*> workers = pool_.of_attempt();
  std::vector<std::string> addresses;
  for (const PooledWorker* worker : workers) addresses.push_back(worker->offer.data_address);
  Deployment deployment(graph_, number_, start, plan.get(), worker_of_shard_, std::move(addresses));
  for (PooledWorker* worker : workers) worker->send(deployment.of_worker(worker->index));
  return {};
}

void JobAttempt::start(bool stopped) {
  stage_ = Stage::kRunning;
  send(Start{number_, stopped});
}

void JobAttempt::leave(MonotonicTime deadline) {
  stage_ = Stage::kLeaving;
  deadline_ = deadline;
  send(Cancel{number_});
}

bool JobAttempt::all_left() const {
  if (bug_enabled(Bug::kRestartBeforeAllLeft)) return true;
  const auto workers = pool_.of_attempt();
  return std::all_of(workers.begin(), workers.end(),
                     [](const PooledWorker* worker) { return worker->left; });
}

std::vector<int64_t> JobAttempt::overdue(MonotonicTime now) const {
  std::vector<int64_t> sessions;
  if (stage_ != Stage::kLeaving || now < deadline_) return sessions;
  for (const PooledWorker* worker : pool_.of_attempt()) {
    if (!worker->left) sessions.push_back(worker->session);
  }
  return sessions;
}

void JobAttempt::forget() {
  stage_ = Stage::kNone;
  pool_.forget_attempt();
}

bool JobAttempt::is_current(AttemptId attempt) const {
  return attempt == number_ || bug_enabled(Bug::kLateMessageOfEarlierAttempt);
}

JobAttempt::Event JobAttempt::on_message(PooledWorker& worker, const FromWorker& message) {
  using Kind = Event::Kind;
  if (worker.index < 0) return {};
  if (const auto* canceled = std::get_if<Canceled>(&message)) {
    if (!is_current(canceled->attempt)) return {};
    worker.left = true;
    return {Kind::kLeft};
  }
  if (!is_active()) return {};
  if (const auto* deployed = std::get_if<Deployed>(&message)) {
    if (!is_current(deployed->attempt) || stage_ != Stage::kDeploying) return {};
    worker.deployed = true;
    if (bug_enabled(Bug::kStartBeforeAllDeployed)) worker.send(Start{number_});
    if (pool_.all_of_attempt(&PooledWorker::deployed)) return {Kind::kDeployed};
  } else if (const auto* failed = std::get_if<TaskFailed>(&message)) {
    if (is_current(failed->attempt)) return {Kind::kFailed, failed->status, failed->task};
  } else if (const auto* ended = std::get_if<TasksEnded>(&message)) {
    if (!is_current(ended->attempt)) return {};
    bool PooledWorker::* const what =
        ended->finished ? &PooledWorker::finished : &PooledWorker::ended;
    worker.*what = true;
    if (pool_.all_of_attempt(what)) return {ended->finished ? Kind::kFinished : Kind::kEnded};
  } else if (const auto* report = std::get_if<ProgressReport>(&message)) {
    if (!is_current(report->attempt)) return {};
    pool_.set_watermark(worker, report->watermark);
    Event event{Kind::kProgress};
    event.source_records =
        report->source_records - std::exchange(worker.records, report->source_records);
    event.late_records =
        report->late_records - std::exchange(worker.late_records, report->late_records);
    return event;
  }
  return {};
}

bool JobAttempt::is_of(const PooledWorker& worker, AttemptId attempt, int32_t subtask) const {
  const auto shard = static_cast<size_t>(subtask);
  return stage_ == Stage::kRunning && attempt == number_ && worker.index >= 0 &&
         shard < worker_of_shard_.size() && worker_of_shard_[shard] == worker.index;
}

void JobAttempt::send_to(int32_t shard, const FromMaster& message) {
  const int32_t index = worker_of_shard_[static_cast<size_t>(shard)];
  for (PooledWorker* worker : pool_.of_attempt()) {
    if (worker->index == index) worker->send(message);
  }
}

void JobAttempt::send(const FromMaster& message) {
  const std::string frame = encode(message);
  for (PooledWorker* worker : pool_.of_attempt()) worker->connection->send(frame);
}

}  // namespace weir
