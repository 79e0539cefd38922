#include "checkpoint/completed_checkpoint.h"

namespace weir {

std::string_view to_string(CheckpointKind kind) {
  switch (kind) {
    case CheckpointKind::kPeriodic: return "periodic";
    case CheckpointKind::kManual: return "manual";
    case CheckpointKind::kSavepoint: return "savepoint";
    case CheckpointKind::kStop: return "stop";
    case CheckpointKind::kFinal: return "final";
  }
  return "?";
}

std::string_view to_string(SnapshotFormat format) {
  switch (format) {
    case SnapshotFormat::kConfigured: return "CONFIGURED";
    case SnapshotFormat::kFull: return "FULL";
    case SnapshotFormat::kIncremental: return "INCREMENTAL";
    case SnapshotFormat::kCanonical: return "CANONICAL";
    case SnapshotFormat::kNative: return "NATIVE";
  }
  return "?";
}

}  // namespace weir
