#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/protocol/messages.h"
#include "checkpoint/protocol/state.h"
#include "platform/clock.h"

namespace weir {

enum class AckOutcome {
  kAccepted,
  kDuplicate,  ///< these subtasks have acknowledged already
  /// Of another attempt or checkpoint, or from a process that does not run these subtasks.
  kUnknown,
  kTooLate,  ///< the checkpoint was aborted
  kInvalid,  ///< contradicts itself or the job, so the checkpoint cannot complete
};
std::string_view to_string(AckOutcome outcome);

/// One checkpoint from its trigger to its end: collects the acknowledgements and their content.
/// Pure.
/// Thread: the job master's.
/// Invariants: phases move along phase_moves(); a subtask's state is accepted once; an
/// acknowledgement is accepted whole or not at all.
/// Not here: messages, files, timeouts (CheckpointCoordinator).
class PendingCheckpoint {
 public:
  PendingCheckpoint(AttemptId attempt, CheckpointId id, int64_t timestamp_ms, MonotonicTime started,
                    std::shared_ptr<const CheckpointParticipants> participants);

  AttemptId attempt() const { return attempt_; }
  CheckpointId id() const { return id_; }
  int64_t timestamp_ms() const { return timestamp_ms_; }
  MonotonicTime started() const { return started_; }
  int subtasks() const { return static_cast<int>(waiting_.size() + states_.size()); }
  int acknowledged() const { return static_cast<int>(states_.size()); }
  CheckpointPhase phase() const { return phase_; }
  /// The move must be legal.
  void move_to(CheckpointPhase phase);

  /// Takes over the message's contents if the outcome is kAccepted; moves to kAcknowledged with the
  /// last one. Sets `reason` for kInvalid.
  AckOutcome acknowledge(const AcknowledgeCheckpoint& message, Status* reason);

  /// Sets the states of source enumerators, at the moment when the triggers are sent.
  void set_enumerators(std::map<OperatorId, std::string> states) {
    enumerators_ = std::move(states);
  }

  /// "2 of 8 subtasks have not acknowledged: process 1 (2)". Empty if all have.
  std::string missing() const;

  // The content of `_metadata` and the sidecar. Complete once all have acknowledged.
  CheckpointMetadata metadata() const;
  const std::vector<DataFile>& files() const { return files_; }
  std::vector<OperatorStateDescription> descriptions() const;

 private:
  // Set once.
  const AttemptId attempt_;
  const CheckpointId id_;
  const int64_t timestamp_ms_;
  const MonotonicTime started_;
  const std::shared_ptr<const CheckpointParticipants> participants_;

  CheckpointPhase phase_ = CheckpointPhase::kPreparing;
  std::map<SubtaskId, int> waiting_;  // to the process that must acknowledge
  std::map<SubtaskId, SubtaskState> states_;
  std::map<OperatorId, std::string> enumerators_;
  std::vector<DataFile> files_;
  std::set<std::string> file_names_;  ///< names of the data files
  std::map<OperatorId, OperatorStateDescription> descriptions_;
};

}  // namespace weir
