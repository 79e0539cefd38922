#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/protocol/messages.h"
#include "checkpoint/restore_plan.h"
#include "checkpoint/sidecar.h"
#include "platform/transport.h"

namespace weir {

// What the job master and the workers say to each other. Every message names the attempt it belongs to; one that comes from another
// attempt than the receiver's has no effect.

/// What an attempt starts from. Shared by the messages to all workers.
struct StartingPoint {
  CheckpointId restored_checkpoint = -1;              ///< -1: a fresh start
  std::string restored_directory;                     ///< URI of the checkpoint's directory
  std::shared_ptr<const RestorePlan> plan;            ///< null on a fresh start
  std::shared_ptr<const Sidecar> sidecar;             ///< types as the checkpoint was written with; null if it has none
  std::vector<std::vector<std::string>> splits;       ///< by vertex: of the sources that find nothing in the checkpoint
};

// From the job master.

struct DeployMessage final : Message {
  int64_t attempt = 0;
  std::shared_ptr<const StartingPoint> start;
};
struct CancelMessage final : Message {
  int64_t attempt = 0;
};
/// A protocol message of the checkpoint coordinator, as it is.
template <class Body>
struct CheckpointMessage final : Message {
  explicit CheckpointMessage(Body b) : body(std::move(b)) {}
  Body body;
};
using TriggerMessage = CheckpointMessage<TriggerCheckpoint>;
using CompletedMessage = CheckpointMessage<NotifyCheckpointComplete>;
using AbortedMessage = CheckpointMessage<NotifyCheckpointAborted>;

// From a worker.

using AcknowledgeMessage = CheckpointMessage<AcknowledgeCheckpoint>;
using DeclineMessage = CheckpointMessage<DeclineCheckpoint>;
/// Every task is restored and runs.
struct RunningMessage final : Message {
  int64_t attempt = 0;
};
struct TaskFailedMessage final : Message {
  int64_t attempt = 0;
  std::string task;
  Status status;
};
/// Every task has seen the end of its input. `finished`: and every side effect of the last checkpoint is done.
struct EndedMessage final : Message {
  int64_t attempt = 0;
  bool finished = false;
};
/// Nothing of the attempt is left: no task runs, no blocking work is under way.
struct CancelledMessage final : Message {
  int64_t attempt = 0;
};
struct ProgressMessage final : Message {
  int64_t attempt = 0;
  int64_t source_records = 0;                ///< since the attempt began
  Timestamp watermark = kMinWatermark;       ///< least of the tasks without outputs
};

}  // namespace weir
