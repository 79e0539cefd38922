#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/protocol/participants.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/protocol/stop_mode.h"
#include "checkpoint/protocol/task_figures.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "weir/status.h"

namespace weir {

// Messages about checkpoints between the coordinator and the processes of a job. A message may be
// lost, late or duplicated. A message that names another attempt than the running one has no
// effect.

/// To every process: start checkpoint `id`. Ids reach each process in ascending order.
struct TriggerCheckpoint {
  AttemptId attempt = 0;
  CheckpointId id = 0;
  /// Wall clock of the coordinator; only a label, no decision depends on it.
  int64_t timestamp_ms = 0;
  std::string savepoint{};  ///< URI of a directory that gets a copy of each data file; empty: none
  StopMode stop = StopMode::kNone;
  bool full = false;         ///< it refers to no older one; savepoints never do
  CoordinatorMark mark = 0;  ///< begins the nonce in the names of its data files
};

/// From a process: the state of these subtasks is durable. A process may send several of these for
/// one checkpoint, each for different subtasks and with the data files that they refer to. Subtasks
/// without state are listed too.
struct AcknowledgeCheckpoint {
  AttemptId attempt = 0;
  CheckpointId id = 0;
  int process = 0;
  std::vector<OperatorSubtaskState> states{};
  std::vector<DataFile> files{};
  std::vector<OperatorStateDescription> descriptions{};  ///< types of the contents of the states
  std::vector<TaskCheckpointFigures> tasks{};
};

/// From a process: it cannot take checkpoint `id`.
struct DeclineCheckpoint {
  AttemptId attempt = 0;
  CheckpointId id = 0;
  int process = 0;
  Status reason{};
};

/// To every process: checkpoint `id` is durable, and covers everything that older ones would have
/// made durable.
struct NotifyCheckpointComplete {
  AttemptId attempt = 0;
  CheckpointId id = 0;
  /// The job ends with it: stopped tasks finish. Otherwise they continue.
  bool ends_job = false;
};

/// To every process: checkpoint `id` will never complete. Stop aligning and writing for it; its
/// files are removed. Never sent after the completion of the same id.
struct NotifyCheckpointAborted {
  AttemptId attempt = 0;
  CheckpointId id = 0;
};

}  // namespace weir
