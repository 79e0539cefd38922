#pragma once

#include <functional>
#include <string>

#include "checkpoint/completed_checkpoint.h"
#include "checkpoint/protocol/stop_mode.h"
#include "weir/status.h"

namespace weir {

/// Receives a checkpoint, or why there is none.
using CheckpointDone = std::function<void(const StatusOr<CompletedCheckpoint>&)>;

struct SavepointRequest {
  std::string directory{};  ///< URI; a subdirectory is made there. Empty: the configured one
  SnapshotFormat format = SnapshotFormat::kCanonical;
  StopMode stop = StopMode::kNone;  ///< whether it ends the job
};

}  // namespace weir
