#pragma once

#include <span>
#include <string_view>

namespace weir {

/// Where one checkpoint stands in its life.
enum class CheckpointPhase {
  kPreparing,     ///< its directory is being made; no task knows of it yet
  kTriggered,     ///< the sources were told; acknowledgements come in
  kAcknowledged,  ///< all acknowledgements are here; waits for its turn to be written
  kFinalizing,    ///< `_metadata` is being written: from here on only storage can tell how it ends
  kUnknown,       ///< storage could not say whether `_metadata` is there; asked again until it does
  kCompleted,     ///< durable
  kAborted,       ///< will never be complete
};

std::string_view to_string(CheckpointPhase phase);

struct PhaseMove {
  CheckpointPhase from;
  CheckpointPhase to;
  std::string_view because;
};

/// Every legal move; any other is a mistake of ours.
std::span<const PhaseMove> phase_moves();
bool may_move(CheckpointPhase from, CheckpointPhase to);

/// Whether a checkpoint may still be aborted by decision (timeout, decline, stop). Afterwards one
/// must wait for storage.
bool may_abort(CheckpointPhase phase);
inline bool is_terminal(CheckpointPhase phase) {
  return phase == CheckpointPhase::kCompleted || phase == CheckpointPhase::kAborted;
}

}  // namespace weir
