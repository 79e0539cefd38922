#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "platform/clock.h"

namespace weir {

/// Why a checkpoint is taken.
enum class CheckpointKind {
  kPeriodic,   ///< by time, or by the number of records
  kManual,     ///< a user asked for it
  kSavepoint,  ///< a user owns it; the job goes on
  kStop,       ///< a savepoint with which the job ends
  kFinal,      ///< after the end of all input, so that sinks commit the last results
};
std::string_view to_string(CheckpointKind kind);
/// After it has completed the attempt takes no further checkpoint.
inline bool is_last(CheckpointKind kind) {
  return kind == CheckpointKind::kFinal || kind == CheckpointKind::kStop;
}
inline bool is_savepoint(CheckpointKind kind) {
  return kind == CheckpointKind::kSavepoint || kind == CheckpointKind::kStop;
}

/// How the state is laid out. Flink's words.
enum class SnapshotFormat {
  kConfigured,   ///< as the settings say
  kFull,         ///< a checkpoint that needs no other one
  kIncremental,  ///< a checkpoint with files of earlier ones
  kCanonical,    ///< a savepoint that every state backend can read
  kNative,       ///< a savepoint in the layout of the state backend
};
std::string_view to_string(SnapshotFormat format);

struct CompletedCheckpoint {
  CheckpointId id = 0;
  CheckpointKind kind = CheckpointKind::kPeriodic;
  std::string uri;
  int64_t timestamp_ms = 0;
  MonotonicTime duration{0};  ///< from the trigger until it was durable
  int64_t bytes = 0;
};

}  // namespace weir
