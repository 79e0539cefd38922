#include "checkpoint/request_queue.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

constexpr size_t kMaxWaiting = 1000;

/// Lower ranks start first.
int rank(CheckpointKind kind) {
  switch (kind) {
    case CheckpointKind::kSavepoint:
    case CheckpointKind::kStop: return 0;
    case CheckpointKind::kManual: return 1;
    case CheckpointKind::kFinal: return 2;
    case CheckpointKind::kPeriodic: return 3;
  }
  return 3;
}

/// Checks that kind, format and target are consistent.
Status check(const CheckpointRequest& request, bool incremental) {
  const SnapshotFormat format = request.format;
  const bool of_savepoint =
      format == SnapshotFormat::kCanonical || format == SnapshotFormat::kNative;
  if (is_savepoint(request.kind)) {
    if (request.target.empty()) {
      return invalid_argument(
          "a savepoint needs a directory: name one in the request, or set "
          "execution.checkpointing.savepoint-dir");
    }
    if (of_savepoint || format == SnapshotFormat::kConfigured) return {};
    return invalid_argument(cat("a savepoint cannot have the format ", to_string(format),
                                ": ask for CANONICAL or NATIVE, or for a checkpoint"));
  }
  if (of_savepoint) {
    return invalid_argument(cat("a checkpoint cannot have the format ", to_string(format),
                                ": ask for CONFIGURED or FULL, or for a savepoint"));
  }
  if (!request.target.empty()) {
    return invalid_argument(cat("a checkpoint cannot be written to ", request.target,
                                ": it goes to the job's own directory; ask for a savepoint"));
  }
  if (format == SnapshotFormat::kIncremental && !incremental) {
    return failed_precondition(
        "an incremental checkpoint cannot be taken: execution.checkpointing.incremental is false, "
        "so nothing knows what has changed; set it to true, or ask for CONFIGURED or FULL");
  }
  return {};
}

}  // namespace

void CheckpointRequestQueue::begin_attempt(MonotonicTime now) {
  WEIR_CHECK(waiting_.empty());
  last_trigger_ = now;
  last_end_.reset();
  last_failed_ = false;
  events_since_trigger_ = 0;
  last_ = Last::kNone;
}

Status CheckpointRequestQueue::add(CheckpointRequest request) {
  WEIR_RETURN_IF_ERROR(check(request, incremental_));
  const auto what = [&] { return cat("a ", to_string(request.kind), " checkpoint is refused: "); };
  if (last_ == Last::kCompleted) {
    return failed_precondition(
        cat(what(), "the last checkpoint of the job is complete, and the job ends"));
  }
  if (last_ != Last::kNone) {
    return failed_precondition(cat(what(), "the last checkpoint of the job is being taken"));
  }
  if (waiting_.size() >= kMaxWaiting) {
    return resource_exhausted(
        cat(what(), waiting_.size(), " wait already; ask again when some of them have ended"));
  }
  if (is_last(request.kind)) last_ = Last::kWaits;
  waiting_.push_back(std::move(request));
  return {};
}

CheckpointRequestQueue::Decision CheckpointRequestQueue::next(MonotonicTime now,
                                                              const Running& running) {
  if (last_ == Last::kRuns || last_ == Last::kCompleted) return {};
  if (running.preparing || running.savepoint || running.deletions > options_.max_deletions)
    return {};
  const auto first =
      std::min_element(waiting_.begin(), waiting_.end(),
                       [](const auto& a, const auto& b) { return rank(a.kind) < rank(b.kind); });
  const bool any_number = first != waiting_.end() && is_savepoint(first->kind);
  if (running.pending >= options_.max_concurrent && !any_number) return {};

  MonotonicTime due = now;
  if (first == waiting_.end()) {
    due = periodic_due(now);
  } else if (last_failed_ && last_end_) {
    due = *last_end_ + options_.pause_after_failure;  // the caller may request again at once
  }
  if (due > now) return {.ask_again = due};
  Decision decision;
  if (first == waiting_.end()) {
    decision.start = CheckpointRequest{};
  } else {
    decision.start = std::move(*first);
    waiting_.erase(first);
  }
  if (is_last(decision.start->kind)) last_ = Last::kRuns;
  last_trigger_ = now;
  events_since_trigger_ = 0;
  return decision;
}

/// When a periodic checkpoint may start; MonotonicTime::max(): not before some event.
MonotonicTime CheckpointRequestQueue::periodic_due(MonotonicTime now) const {
  const bool enough_events =
      options_.event_threshold > 0 && events_since_trigger_ >= options_.event_threshold;
  if (!enough_events && !options_.interval) return MonotonicTime::max();
  const MonotonicTime due = enough_events ? now : last_trigger_ + *options_.interval;
  return last_end_ ? std::max(due, *last_end_ + options_.min_pause) : due;
}

void CheckpointRequestQueue::on_end(CheckpointKind kind, End end, MonotonicTime now) {
  last_end_ = now;
  if (end != End::kAborted) last_failed_ = end == End::kFailed;
  if (is_last(kind)) last_ = end == End::kCompleted ? Last::kCompleted : Last::kNone;
}

std::vector<CheckpointRequest> CheckpointRequestQueue::clear() {
  last_ = Last::kNone;
  std::vector<CheckpointRequest> all(std::make_move_iterator(waiting_.begin()),
                                     std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  return all;
}

}  // namespace weir
