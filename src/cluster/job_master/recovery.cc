#include "cluster/job_master/recovery.h"

#include <utility>

namespace weir {

bool may_pass(const Status& failure) {
  switch (failure.code()) {
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
  if (!may_pass(failure)) {
    decision.next = Next::kGiveUp;
  } else if (deploying && restored >= 0 && restore_failed_again(restored, failure)) {
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
  return preparation_may_pass(failure) ? Next::kRestart : Next::kGiveUp;
}

void Recovery::on_checkpoint_completed() {
  damage_met_ = false;
  repeated_ = 0;
  last_failure_.clear();
  failed_restore_ = -1;
}

int Recovery::count(const Status& failure) {
  repeated_ = failure.message() == last_failure_ ? repeated_ + 1 : 1;
  last_failure_ = failure.message();
  return repeated_;
}

/// Whether this is the second failure in a row, and storage did answer.
bool Recovery::restore_failed_again(CheckpointId checkpoint, const Status& failure) {
  if (failure.code() == StatusCode::kUnavailable || failure.code() == StatusCode::kCancelled)
    return false;
  return std::exchange(failed_restore_, checkpoint) == checkpoint;
}

}  // namespace weir
