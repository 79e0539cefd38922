#pragma once

#include <span>
#include <string_view>

namespace weir {

/// The phase of one checkpoint.
enum class CheckpointPhase {
  kPreparing,     ///< its directory is being created; no task knows of it yet
  kTriggered,     ///< the sources are notified; collecting acknowledgements
  kAcknowledged,  ///< all have acknowledged; waits for its turn to be written
  kFinalizing,    ///< `_metadata` is being written; from here on only storage knows the outcome
  kUnknown,    ///< storage could not say whether `_metadata` exists; it is asked again until it can
  kCompleted,  ///< durable
  kAborted,    ///< will never complete
};

std::string_view to_string(CheckpointPhase phase);

struct PhaseMove {
  CheckpointPhase from;
  CheckpointPhase to;
  std::string_view because;
};

/// Every legal move; any other is a bug.
std::span<const PhaseMove> phase_moves();
bool may_move(CheckpointPhase from, CheckpointPhase to);

/// Whether a checkpoint may still be aborted by a decision (timeout, decline, stop). In later
/// phases the caller must wait for storage.
bool may_abort(CheckpointPhase phase);
inline bool is_terminal(CheckpointPhase phase) {
  return phase == CheckpointPhase::kCompleted || phase == CheckpointPhase::kAborted;
}

}  // namespace weir
