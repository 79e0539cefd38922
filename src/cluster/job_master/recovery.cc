#include "cluster/job_master/recovery.h"

#include <cctype>
#include <string_view>
#include <utility>

namespace weir {
namespace {

/// Without the numbers of subtasks: after a restart another one may meet the same record.
std::string without_subtask(std::string_view message) {
  constexpr std::string_view kSubtask = "subtask ";
  std::string result;
  for (size_t at = 0; at < message.size();) {
    const size_t found = message.find(kSubtask, at);
    if (found == std::string_view::npos) return result.append(message.substr(at));
    result.append(message.substr(at, found + kSubtask.size() - at));
    at = found + kSubtask.size();
    while (at < message.size() && std::isdigit(static_cast<unsigned char>(message[at]))) ++at;
  }
  return result;
}

}  // namespace

bool unwanted(const Status& failure) { return failure.code() == StatusCode::kCancelled; }

bool may_pass(const Status& failure) {
  switch (failure.code()) {
    case StatusCode::kCancelled:
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kUnimplemented: return false;
    default: return true;
  }
}

bool preparation_may_pass(const Status& failure) {
  return may_pass(failure) && failure.code() != StatusCode::kNotFound &&
         failure.code() != StatusCode::kDataLoss;
}

Recovery::Decision Recovery::on_attempt_failed(const Status& failure, bool deploying,
                                               CheckpointId restored) {
  Decision decision;
  decision.repeated = count(failure);
  decision.checkpoints = checkpoints_since_;
  const bool refused_at_the_start =
      failure.code() == StatusCode::kPermissionDenied && !has_run_ && !takes_over_;
  if (!may_pass(failure) || refused_at_the_start) {
    decision.next = Next::kFailJob;
  } else if (deploying && restored >= 0 && cannot_be_restored(restored, failure)) {
    decision.next = Next::kSetAside;
  } else if (deploying && failure.code() == StatusCode::kDataLoss) {
    const bool known = std::exchange(damage_met_, true);
    // If the job has never run, the damaged checkpoint is the one to start from.
    decision.start_anew = !has_run_;
    if (!has_run_ && !known) decision.next = Next::kPrepareAnew;
  }
  return decision;
}

Recovery::Next Recovery::on_preparation_failed(const Status& failure, bool restart) const {
  // At the first start a retry is useless. But after a change of leader, or after damage, storage
  // may be away only briefly.
  const bool storage_is_away =
      (takes_over_ || damage_met_) && failure.code() == StatusCode::kUnavailable;
  if (!restart && !storage_is_away) return Next::kRefuse;
  return preparation_may_pass(failure) ? Next::kRestart : Next::kFailJob;
}

void Recovery::on_checkpoint_completed() {
  damage_met_ = false;
  checkpoints_since_ = true;
  failed_restore_ = -1;
}

int Recovery::count(const Status& failure) {
  std::string text = without_subtask(failure.message());
  if (text == last_failure_) return ++repeated_;
  last_failure_ = std::move(text);
  checkpoints_since_ = false;
  return repeated_ = 1;
}

/// Whether storage did answer, and the restore has failed for this reason before. Different reasons
/// may each pass by themselves. But a message may name whatever was met first, so their number is
/// bounded too.
bool Recovery::cannot_be_restored(CheckpointId checkpoint, const Status& failure) {
  constexpr size_t kMaxReasons = 4;
  if (failure.code() == StatusCode::kUnavailable || failure.code() == StatusCode::kCancelled)
    return false;
  if (std::exchange(failed_restore_, checkpoint) != checkpoint) restore_failures_.clear();
  const bool again = !restore_failures_.insert(without_subtask(failure.message())).second;
  return again || restore_failures_.size() == kMaxReasons;
}

}  // namespace weir
