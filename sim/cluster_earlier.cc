#include "cluster_earlier.h"

#include <utility>

#include "base/strings.h"

namespace weir::sim {

void EarlierStarts::add(std::unique_ptr<Incarnation> start) {
  ++statistics_.overlaps;
  if (random_.chance(plan_.pause_earlier)) {
    const MonotonicTime pause = random_.delay(plan_.pause_max);
    if (random_.chance(0.5)) start->process.pause(pause);
    else start->process.pause_at_next(Operation::kFile, pause);
  }
  const bool prepared = start->runner->view().state != JobState::kPreparing;
  starts_.push_back({std::move(start), prepared});
}

void EarlierStarts::tend(bool faults, bool later_runs) {
  for (Earlier& each : starts_) {
    if (!faults || !each.start->runs()) continue;
    if (random_.chance(plan_.kill_earlier)) {
      each.start->process.kill();
    } else if (later_runs && each.prepared && random_.chance(plan_.cancel_earlier)) {
      ++statistics_.cancels;
      each.start->runner->cancel();
    }
  }
  std::vector<Earlier> running;
  for (Earlier& each : std::exchange(starts_, {})) {
    if (each.start->runs()) running.push_back(std::move(each));
    else remove(each);
  }
  starts_ = std::move(running);
}

void EarlierStarts::remove(Earlier& earlier) {
  if (!earlier.start->alive()) ++statistics_.kills;
  else if (earlier.start->superseded()) ++statistics_.superseded;
  statistics_.restarts_inside += earlier.start->runner->view().restarts;
  earlier.start->leave(world_);
}

std::unique_ptr<Incarnation> EarlierStarts::take() {
  while (!starts_.empty()) {
    Earlier newest = std::move(starts_.back());
    starts_.pop_back();
    if (newest.start->runs()) return std::move(newest.start);
    remove(newest);
  }
  return nullptr;
}

void EarlierStarts::kill_all() {
  for (Earlier& each : starts_) each.start->process.kill();
  tend(false, false);
}

std::string EarlierStarts::text() const {
  std::string text;
  for (const Earlier& each : starts_) {
    const JobView view = each.start->runner->view();
    text += cat(text.empty() ? "" : ", ", each.start->process.name(), " (", to_string(view.state),
                ": ", view.failure.message(), ")");
  }
  return text;
}

}  // namespace weir::sim
