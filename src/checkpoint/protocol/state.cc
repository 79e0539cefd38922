#include "checkpoint/protocol/state.h"

namespace weir {
namespace {

using enum CheckpointPhase;

constexpr PhaseMove kMoves[] = {
    {kPreparing, kTriggered, "the directory exists"},
    {kPreparing, kAborted, "the directory cannot be made, timeout, stop"},
    {kTriggered, kAcknowledged, "the last acknowledgement came"},
    {kTriggered, kAborted, "declined, malformed acknowledgement, timeout, subsumed, stop"},
    {kAcknowledged, kFinalizing, "no other checkpoint is being written"},
    {kAcknowledged, kAborted, "timeout, subsumed, stop"},
    {kFinalizing, kCompleted, "_metadata is durable"},
    {kFinalizing, kAborted, "_metadata was not published and never will be"},
    {kFinalizing, kUnknown, "storage did not answer"},
    {kUnknown, kCompleted, "_metadata turned out to be there"},
    {kUnknown, kAborted, "_metadata turned out not to be there"},
};

}  // namespace

std::string_view to_string(CheckpointPhase phase) {
  switch (phase) {
    case kPreparing: return "preparing";
    case kTriggered: return "triggered";
    case kAcknowledged: return "acknowledged";
    case kFinalizing: return "finalizing";
    case kUnknown: return "unknown";
    case kCompleted: return "completed";
    case kAborted: return "aborted";
  }
  return "?";
}

std::span<const PhaseMove> phase_moves() { return kMoves; }

bool may_move(CheckpointPhase from, CheckpointPhase to) {
  for (const PhaseMove& move : kMoves) {
    if (move.from == from && move.to == to) return true;
  }
  return false;
}

bool may_abort(CheckpointPhase phase) {
  return phase == kPreparing || phase == kTriggered || phase == kAcknowledged;
}

}  // namespace weir
