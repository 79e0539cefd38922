#pragma once

#include <string>

#include "base/ids.h"
#include "weir/status.h"

namespace weir {

/// Whether trying again may mend it. What the program, its settings or its input make wrong stays
/// wrong.
inline bool may_pass(const Status& failure) {
  switch (failure.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kUnimplemented: return false;
    default: return true;
  }
}
/// The same of what happened while the next attempt was prepared: there a missing or a damaged
/// checkpoint is no accident of a moment either.
inline bool preparation_may_pass(const Status& failure) {
  return may_pass(failure) && failure.code() != StatusCode::kNotFound &&
         failure.code() != StatusCode::kDataLoss;
}

/// Remembers how the attempts of a job failed, to know what comes again and again. Pure.
class FailureHistory {
 public:
  /// How many times in a row an attempt has failed like this, with no checkpoint completed in
  /// between: from 1 up.
  int count(const Status& failure) {
    same_ = failure.message() == last_ ? same_ + 1 : 1;
    last_ = failure.message();
    return same_;
  }
  void on_completed() {
    same_ = 0;
    last_.clear();
    failed_restore_ = -1;
  }
  /// An attempt has failed to restore this checkpoint. True: for the second time in a row, and not
  /// because storage did not answer.
  bool restore_failed_again(CheckpointId checkpoint, const Status& failure) {
    if (failure.code() == StatusCode::kUnavailable || failure.code() == StatusCode::kCancelled)
      return false;
    if (failed_restore_ == checkpoint) return true;
    failed_restore_ = checkpoint;
    return false;
  }

 private:
  std::string last_;
  int same_ = 0;
  CheckpointId failed_restore_ = -1;
};

}  // namespace weir
