#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "platform/clock.h"

namespace weir {

/// Why a checkpoint is taken.
enum class CheckpointKind {
  kPeriodic,   ///< due by time or by the number of records
  kManual,     ///< requested by a user
  kSavepoint,  ///< with a copy that the user owns; the job continues
  kStop,       ///< with a copy that the user owns; ends the job
  kFinal,      ///< after the end of all input, so that sinks commit the last results
};
std::string_view to_string(CheckpointKind kind);
/// Once it has completed, the attempt takes no further checkpoint.
inline bool is_last(CheckpointKind kind) {
  return kind == CheckpointKind::kFinal || kind == CheckpointKind::kStop;
}
inline bool is_savepoint(CheckpointKind kind) {
  return kind == CheckpointKind::kSavepoint || kind == CheckpointKind::kStop;
}

/// The layout of the state, in Flink's terms.
enum class SnapshotFormat {
  kConfigured,   ///< as configured
  kFull,         ///< a checkpoint that depends on no other
  kIncremental,  ///< a checkpoint that refers to files of earlier ones
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
  std::string savepoint{};  ///< URI of its savepoint; empty: it has none
};

}  // namespace weir
