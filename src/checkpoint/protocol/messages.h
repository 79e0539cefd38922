#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/protocol/participants.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "weir/status.h"

namespace weir {

// What the coordinator and the processes of a job say to each other about checkpoints. None is
// assumed to arrive once, in time or at all; a message of another attempt than the running one has
// no effect.

/// To every process: start checkpoint `id`. Ids reach a process in ascending order.
struct TriggerCheckpoint {
  AttemptId attempt = 0;
  CheckpointId id = 0;
  int64_t timestamp_ms = 0;  ///< wall clock of the coordinator; a label, nothing is decided by it
};

/// From a process: all that these subtasks contribute is durable. A process may send several for
/// one checkpoint, each for other subtasks and with the data files that those refer to. A subtask
/// without state is named all the same.
struct AcknowledgeCheckpoint {
  AttemptId attempt = 0;
  CheckpointId id = 0;
  int process = 0;
  std::vector<OperatorSubtaskState> states{};
  std::vector<DataFile> files{};
  std::vector<OperatorStateDescription> descriptions{};  ///< the types of the states' contents
};

/// From a process: it cannot take checkpoint `id`.
struct DeclineCheckpoint {
  AttemptId attempt = 0;
  CheckpointId id = 0;
  int process = 0;
  Status reason{};
};

/// To every process: checkpoint `id` is durable, and with it all that older ones would have made
/// durable.
struct NotifyCheckpointComplete {
  AttemptId attempt = 0;
  CheckpointId id = 0;
};

/// To every process: checkpoint `id` will never be complete. Stop aligning and writing for it; what
/// was written is removed. Never follows a completion of the same id.
struct NotifyCheckpointAborted {
  AttemptId attempt = 0;
  CheckpointId id = 0;
};

}  // namespace weir
