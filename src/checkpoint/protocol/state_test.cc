#include "checkpoint/protocol/state.h"

#include <gtest/gtest.h>

#include <set>

namespace weir {
namespace {

using enum CheckpointPhase;

constexpr CheckpointPhase kAll[] = {kPreparing, kTriggered, kAcknowledged, kFinalizing,
                                    kUnknown,   kCompleted, kAborted};

TEST(CheckpointPhase, NothingLeavesATerminalPhase) {
  for (const PhaseMove& move : phase_moves())
    EXPECT_FALSE(is_terminal(move.from)) << to_string(move.from);
}

TEST(CheckpointPhase, EveryPhaseIsReachableAndLeadsToAnEnd) {
  std::set<CheckpointPhase> reached{kPreparing};
  for (size_t round = 0; round < std::size(kAll); ++round) {
    for (const PhaseMove& move : phase_moves()) {
      if (reached.contains(move.from)) reached.insert(move.to);
    }
  }
  EXPECT_EQ(reached.size(), std::size(kAll));
  for (const CheckpointPhase phase : kAll)
    EXPECT_TRUE(is_terminal(phase) || may_move(phase, kAborted)) << to_string(phase);
}

TEST(CheckpointPhase, OnlyACheckpointBeingWrittenCompletes) {
  for (const CheckpointPhase phase : kAll)
    EXPECT_EQ(may_move(phase, kCompleted), phase == kFinalizing || phase == kUnknown);
}

TEST(CheckpointPhase, WritingIsNotAbortedByDecision) {
  EXPECT_TRUE(may_abort(kPreparing));
  EXPECT_TRUE(may_abort(kTriggered));
  EXPECT_TRUE(may_abort(kAcknowledged));
  for (const CheckpointPhase phase : {kFinalizing, kUnknown, kCompleted, kAborted})
    EXPECT_FALSE(may_abort(phase));
}

TEST(CheckpointPhase, NamesDiffer) {
  std::set<std::string_view> names;
  for (const CheckpointPhase phase : kAll) names.insert(to_string(phase));
  EXPECT_EQ(names.size(), std::size(kAll));
}

}  // namespace
}  // namespace weir
