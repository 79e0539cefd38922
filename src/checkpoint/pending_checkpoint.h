#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/protocol/messages.h"
#include "checkpoint/protocol/state.h"
#include "platform/clock.h"

namespace weir {

enum class AckOutcome {
  kAccepted,
  kDuplicate,  ///< these subtasks have acknowledged before
  kUnknown,    ///< of another attempt, another checkpoint, or from a process that these subtasks do
               ///< not run in
  kTooLate,    ///< the checkpoint was aborted
  kInvalid,    ///< contradicts itself or the job: the checkpoint cannot complete
};
std::string_view to_string(AckOutcome outcome);

/// One checkpoint from its trigger to its end: who has acknowledged, and what. Pure.
/// Thread: the job master's.
/// Invariants: phases move along phase_moves(); a subtask's state is taken once; an acknowledgement
/// is taken whole or not at all. Not here: messages, files, time-outs (CheckpointCoordinator).
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

  /// Takes the message's contents if the outcome is kAccepted; moves to kAcknowledged with the last
  /// one. `reason` is set for kInvalid.
  AckOutcome acknowledge(const AcknowledgeCheckpoint& message, Status* reason);

  /// "2 of 8 subtasks have not acknowledged: process 1 (2)". Empty if all have.
  std::string missing() const;

  // What `_metadata` and the sidecar are made of, once all have acknowledged.
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
  std::map<SubtaskId, int> waiting_;  // to the process that is to acknowledge
  std::map<SubtaskId, SubtaskState> states_;
  std::vector<DataFile> files_;
  std::set<std::string> file_names_;  ///< theirs
  std::map<OperatorId, OperatorStateDescription> descriptions_;
};

}  // namespace weir
