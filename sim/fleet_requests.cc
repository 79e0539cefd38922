#include "fleet_requests.h"

#include <algorithm>

#include "base/strings.h"

namespace weir::sim {
namespace {

constexpr MonotonicTime kNever = MonotonicTime::max();

/// Whether results stay the same if event time ends early and the job then goes on.
bool may_drain(const WorkloadPlan& plan) {
  const bool by_time = std::any_of(plan.steps.begin(), plan.steps.end(), [](const StepPlan& step) {
    return step.kind == StepKind::kIntervalJoin || step.kind == StepKind::kWindowJoin;
  });
  return !by_time && (plan.ending == Ending::kPlain || plan.ending == Ending::kReduce) &&
         plan.sources.back().kind != SourceKind::kSilent;
}

}  // namespace

RequestsPlan draw_requests(const FleetPlan& plan, const FleetFaults& faults, uint64_t seed,
                           bool wide) {
  RequestsPlan requests;
  SimRandom random(splitmix_output(seed ^ 0x5a7e));
  if (!wide || !random.chance(0.4)) return requests;
  const MonotonicTime phase = std::max(faults.phase, plan.lasts);
  requests.gap =
      std::max<MonotonicTime>(phase / random.between(2, 12), std::chrono::milliseconds(100));
  requests.checkpoint = random.chance(0.5) ? 0.3 : 0;
  if (random.chance(0.5)) requests.stop = random.chance(0.5) ? 0.2 : 0.6;
  if (may_drain(plan.workload) && random.chance(0.5)) requests.drain = 0.5;
  if (random.chance(0.2)) requests.cancel = 0.2;
  return requests;
}

void FleetRequests::Counts::add(const Counts& other) {
  checkpoints += other.checkpoints;
  savepoints += other.savepoints;
  stops += other.stops;
  drains += other.drains;
  cancels += other.cancels;
  refused += other.refused;
  taken += other.taken;
  restored += other.restored;
}

FleetRequests::FleetRequests(const FleetPlan& plan, const FleetFaults& faults, uint64_t seed,
                             SimWorld& world, bool wide)
    : plan_(draw_requests(plan, faults, seed, wide)),
      directory_(cat(plan.workload.checkpoint_disk, "/savepoints")),
      world_(world),
      random_(splitmix_output(seed ^ 0x5a7f)),
      due_(next()) {}

MonotonicTime FleetRequests::next() const {
  return plan_.gap.count() == 0
             ? kNever
             : world_.now() + MonotonicTime(random_.between(1, 2 * plan_.gap.count()));
}

void FleetRequests::ask(FleetMember* leader) {
  due_ = next();
  if (leader == nullptr) return;
  Counts& counts = answers_->counts;
  if (random_.chance(plan_.cancel)) {
    ++counts.cancels;
    return leader->cancel();
  }
  if (random_.chance(plan_.checkpoint)) {
    ++counts.checkpoints;
    return leader->take_checkpoint(
        [answers = answers_](const auto& result) { answers->counts.refused += !result.ok(); });
  }
  SavepointRequest request{.directory = directory_};
  ++counts.savepoints;
  if (random_.chance(plan_.stop)) {
    ++counts.stops;
    request.stop = random_.chance(plan_.drain) ? StopMode::kDrain : StopMode::kSuspend;
    counts.drains += request.stop == StopMode::kDrain;
  }
  leader->take_savepoint(request, [answers = answers_, stop = request.stop](const auto& result) {
    if (!result.ok()) {
      ++answers->counts.refused;
      return;
    }
    ++answers->counts.taken;
    answers->taken.push_back({result->id, result->savepoint, stop != StopMode::kNone});
  });
}

std::vector<std::string> FleetRequests::check(const FileWatch& watch) const {
  std::vector<std::string> complaints;
  for (const Savepoint& each : answers_->taken) {
    const std::string path = each.uri.substr(directory_.size() - std::string("/savepoints").size());
    for (std::string& complaint : watch.check_snapshot(each.id, path))
      complaints.push_back(std::move(complaint));
  }
  return complaints;
}

}  // namespace weir::sim
