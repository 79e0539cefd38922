#include "runtime/barrier_tracker.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using enum BarrierAction;

TEST(BarrierTracker, OneChannelIsAlwaysAligned) {
  BarrierTracker tracker(1, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 1), kSnapshot);
  EXPECT_FALSE(tracker.blocked(0));
  EXPECT_EQ(tracker.on_barrier(0, 2), kSnapshot);
}

TEST(BarrierTracker, FirstBarrierBlocksOnlyItsChannel) {
  BarrierTracker tracker(3, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(1, 7), kHold);
  EXPECT_FALSE(tracker.blocked(0));
  EXPECT_TRUE(tracker.blocked(1));
  EXPECT_FALSE(tracker.blocked(2));
}

TEST(BarrierTracker, LastBarrierReleasesAll) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 1), kHold);
  EXPECT_EQ(tracker.on_barrier(1, 1), kSnapshot);
  EXPECT_FALSE(tracker.blocked(0));
  EXPECT_FALSE(tracker.blocked(1));
  EXPECT_EQ(tracker.open(), 0);
}

TEST(BarrierTracker, NewerBarrierAbortsTheOpenCheckpoint) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 1), kHold);
  EXPECT_EQ(tracker.on_barrier(1, 2), kHold);  // channel 1 never delivers 1
  EXPECT_FALSE(tracker.blocked(0));
  EXPECT_TRUE(tracker.blocked(1));
  EXPECT_EQ(tracker.on_barrier(0, 2), kSnapshot);
  EXPECT_EQ(tracker.on_barrier(1, 1), kDrop)
      << "a barrier of a given-up checkpoint must not be taken";
}

TEST(BarrierTracker, AbortReleasesChannelsAndDropsLaterBarriers) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 3), kHold);
  tracker.on_abort(3);
  EXPECT_FALSE(tracker.blocked(0));
  EXPECT_EQ(tracker.on_barrier(1, 3), kDrop);
  EXPECT_FALSE(tracker.blocked(1));
  EXPECT_EQ(tracker.on_barrier(1, 4), kHold);
  EXPECT_EQ(tracker.on_barrier(0, 4), kSnapshot);
}

TEST(BarrierTracker, AbortBeforeTheFirstBarrierDropsIt) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  tracker.on_abort(1);
  EXPECT_EQ(tracker.on_barrier(0, 1), kDrop);
  EXPECT_FALSE(tracker.blocked(0));
}

TEST(BarrierTracker, AbortOfAnOlderCheckpointLeavesTheOpenOneAlone) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 5), kHold);
  tracker.on_abort(4);
  EXPECT_TRUE(tracker.blocked(0));
  EXPECT_EQ(tracker.on_barrier(1, 5), kSnapshot);
}

TEST(BarrierTracker, AtLeastOnceNeverBlocks) {
  BarrierTracker tracker(2, CheckpointingMode::kAtLeastOnce);
  EXPECT_EQ(tracker.on_barrier(0, 1), kHold);
  EXPECT_FALSE(tracker.blocked(0));
  EXPECT_EQ(tracker.on_barrier(0, 2), kHold);
  EXPECT_EQ(tracker.on_barrier(1, 1), kSnapshot);
  EXPECT_EQ(tracker.on_barrier(1, 2), kSnapshot);
}

TEST(BarrierTracker, AtLeastOnceForgetsOlderCheckpointsWhenANewerIsComplete) {
  BarrierTracker tracker(2, CheckpointingMode::kAtLeastOnce);
  EXPECT_EQ(tracker.on_barrier(0, 1), kHold);
  EXPECT_EQ(tracker.on_barrier(0, 2), kHold);
  EXPECT_EQ(tracker.on_barrier(1, 2), kSnapshot);
  EXPECT_EQ(tracker.on_barrier(1, 1), kDrop);
}

TEST(BarrierTracker, AtLeastOnceAbortDropsOnlyThatCheckpoint) {
  BarrierTracker tracker(2, CheckpointingMode::kAtLeastOnce);
  EXPECT_EQ(tracker.on_barrier(0, 1), kHold);
  EXPECT_EQ(tracker.on_barrier(0, 2), kHold);
  tracker.on_abort(2);
  EXPECT_EQ(tracker.on_barrier(1, 2), kDrop);
  EXPECT_EQ(tracker.on_barrier(1, 1), kSnapshot);
}

TEST(BarrierTracker, AbortOfANewerCheckpointLeavesTheOpenOneAlone) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 5), kHold);
  tracker.on_abort(6);
  EXPECT_TRUE(tracker.blocked(0));
  EXPECT_EQ(tracker.on_barrier(1, 5), kSnapshot);
  EXPECT_EQ(tracker.on_barrier(0, 6), kDrop);
  EXPECT_FALSE(tracker.blocked(0)) << "6 is dropped";
  EXPECT_EQ(tracker.on_barrier(1, 6), kDrop);
  EXPECT_EQ(tracker.on_barrier(0, 7), kHold);
  EXPECT_EQ(tracker.on_barrier(1, 7), kSnapshot);
}

TEST(BarrierTracker, AbortOfANewerCheckpointBeforeAnyBarrierLeavesTheOthersAlone) {
  for (const auto mode : {CheckpointingMode::kExactlyOnce, CheckpointingMode::kAtLeastOnce}) {
    BarrierTracker tracker(2, mode);
    tracker.on_abort(6);
    tracker.on_abort(8);
    for (const CheckpointId id : {5, 6, 7, 8, 9}) {
      EXPECT_EQ(tracker.on_barrier(0, id), id % 2 == 1 ? kHold : kDrop) << id;
      EXPECT_EQ(tracker.on_barrier(1, id), id % 2 == 1 ? kSnapshot : kDrop) << id;
      EXPECT_FALSE(tracker.blocked(0)) << id;
    }
  }
}

TEST(BarrierTracker, BarrierOfAnAbortedCheckpointShowsThatTheOpenOneIsLost) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 5), kHold);
  tracker.on_abort(6);
  EXPECT_EQ(tracker.on_barrier(1, 6), kDrop);  // channel 1 never delivers 5
  EXPECT_FALSE(tracker.blocked(0));
  EXPECT_FALSE(tracker.blocked(1));
  EXPECT_EQ(tracker.on_barrier(1, 5), kDrop);
  EXPECT_FALSE(tracker.blocked(1));
}

TEST(BarrierTracker, LateBarrierOfAnOlderCheckpointIsDropped) {
  BarrierTracker tracker(3, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 2), kHold);
  EXPECT_EQ(tracker.on_barrier(1, 1), kDrop);
  EXPECT_FALSE(tracker.blocked(1)) << "its channel goes on to barrier 2";
  EXPECT_EQ(tracker.open(), 2);
  EXPECT_EQ(tracker.on_barrier(1, 2), kHold);
  EXPECT_EQ(tracker.on_barrier(2, 2), kSnapshot);
}

TEST(BarrierTracker, SourceTakesTriggersInOrder) {
  BarrierTracker tracker(1, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.take_trigger(), std::nullopt);
  tracker.on_trigger(1);
  tracker.on_trigger(2);
  EXPECT_EQ(tracker.take_trigger(), 1);
  EXPECT_EQ(tracker.take_trigger(), 2);
  EXPECT_EQ(tracker.take_trigger(), std::nullopt);
  EXPECT_FALSE(tracker.blocked(0));
}

TEST(BarrierTracker, AbortedTriggerIsNotTaken) {
  BarrierTracker tracker(1, CheckpointingMode::kExactlyOnce);
  for (const CheckpointId id : {1, 2, 3}) tracker.on_trigger(id);
  tracker.on_abort(1);
  tracker.on_abort(2);
  EXPECT_EQ(tracker.take_trigger(), 3);
}

TEST(BarrierTracker, OnlyACheckpointTakenAfterTheEndContainsTheEnd) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  tracker.on_barrier(0, 1);
  tracker.on_barrier(1, 1);
  tracker.on_end();
  EXPECT_FALSE(tracker.holds_end(1));
  tracker.on_barrier(0, 2);
  EXPECT_FALSE(tracker.holds_end(2)) << "not all channels have delivered it";
  tracker.on_barrier(1, 2);
  tracker.on_barrier(0, 3);
  tracker.on_barrier(1, 3);
  EXPECT_FALSE(tracker.holds_end(1));
  EXPECT_TRUE(tracker.holds_end(2));
  EXPECT_TRUE(tracker.holds_end(3));
}

TEST(BarrierTracker, OvertakingNeedsNoBarrierAndRecordsAllChannels) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.overtaking(), 0);
  tracker.overtake(4);
  EXPECT_EQ(tracker.overtaking(), 4);
  EXPECT_TRUE(tracker.pulls(0) && tracker.pulls(1));
  tracker.take_overtaking();
  EXPECT_EQ(tracker.overtaking(), 0) << "once";
  EXPECT_EQ(tracker.recording(), 4);
  EXPECT_TRUE(tracker.missing(0) && tracker.missing(1));
  EXPECT_EQ(tracker.on_barrier(1, 4), kHold);
  EXPECT_FALSE(tracker.missing(1) || tracker.blocked(1)) << "its later elements may be processed";
  EXPECT_FALSE(tracker.recorded());
  EXPECT_EQ(tracker.on_barrier(0, 4), kHold);
  EXPECT_TRUE(tracker.recorded());
  tracker.end_recording();
  EXPECT_EQ(tracker.recording(), 0);
  EXPECT_EQ(tracker.on_barrier(0, 4), kDrop);
}

TEST(BarrierTracker, ChannelsThatHaveDeliveredTheBarrierAreNotRecorded) {
  BarrierTracker tracker(3, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(1, 4), kHold);
  tracker.overtake(4);
  EXPECT_TRUE(tracker.blocked(1)) << "until the snapshot";
  EXPECT_FALSE(tracker.pulls(1));
  tracker.take_overtaking();
  EXPECT_FALSE(tracker.blocked(1));
  EXPECT_TRUE(tracker.missing(0) && !tracker.missing(1) && tracker.missing(2));
}

TEST(BarrierTracker, LastBarrierBeforeTheSnapshotLeavesItToTheOvertaking) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  tracker.overtake(4);
  EXPECT_EQ(tracker.on_barrier(0, 4), kHold);
  EXPECT_EQ(tracker.on_barrier(1, 4), kHold) << "what was pulled may not be processed yet";
  EXPECT_EQ(tracker.overtaking(), 4);
  tracker.take_overtaking();
  EXPECT_TRUE(tracker.recorded());
}

TEST(BarrierTracker, AnAlignedCheckpointDoesNotOvertakeAfterwards) {
  BarrierTracker tracker(1, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 4), kSnapshot);
  tracker.overtake(4);
  EXPECT_EQ(tracker.overtaking(), 0);
  tracker.on_abort(5);
  tracker.overtake(5);
  EXPECT_EQ(tracker.overtaking(), 0) << "aborted";
}

TEST(BarrierTracker, OvertakingWaitsForChannelsThatMustBeAligned) {
  BarrierTracker tracker(3, CheckpointingMode::kExactlyOnce, {false, true, true});
  tracker.overtake(4);
  EXPECT_TRUE(tracker.pulls(0));
  EXPECT_FALSE(tracker.pulls(1));
  EXPECT_EQ(tracker.on_barrier(1, 4), kHold);
  EXPECT_EQ(tracker.overtaking(), 0);
  EXPECT_EQ(tracker.on_barrier(2, 4), kHold);
  EXPECT_EQ(tracker.overtaking(), 4);
  tracker.take_overtaking();
  EXPECT_TRUE(tracker.missing(0) && !tracker.missing(1));
}

TEST(BarrierTracker, AbortEndsTheRecording) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  tracker.overtake(4);
  tracker.take_overtaking();
  tracker.on_abort(4);
  EXPECT_EQ(tracker.recording(), 0);
  EXPECT_EQ(tracker.on_barrier(0, 4), kDrop);
  tracker.overtake(5);
  tracker.on_abort(5);
  EXPECT_EQ(tracker.overtaking(), 0);
  EXPECT_FALSE(tracker.pulls(0));
}

TEST(BarrierTracker, ASavepointIsAlignedBehindARecordedCheckpoint) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  tracker.overtake(4);
  tracker.take_overtaking();
  EXPECT_EQ(tracker.on_barrier(0, 4), kHold);
  EXPECT_EQ(tracker.on_barrier(0, 5), kHold) << "the savepoint's";
  EXPECT_TRUE(tracker.blocked(0));
  EXPECT_EQ(tracker.recording(), 4);
  EXPECT_EQ(tracker.on_barrier(1, 4), kHold);
  EXPECT_TRUE(tracker.recorded());
  tracker.end_recording();
  EXPECT_EQ(tracker.on_barrier(1, 5), kSnapshot);
}

TEST(BarrierTracker, ABarrierOfANewerCheckpointShowsThatTheRecordedOneIsLost) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  tracker.overtake(4);
  tracker.take_overtaking();
  EXPECT_EQ(tracker.on_barrier(1, 5), kHold) << "channel 1 never delivers 4";
  EXPECT_EQ(tracker.recording(), 0);
  EXPECT_TRUE(tracker.blocked(1));
  EXPECT_EQ(tracker.on_barrier(0, 4), kDrop);
  EXPECT_EQ(tracker.on_barrier(0, 5), kSnapshot);
}

TEST(BarrierTracker, OvertakingWaitsForAnOlderCheckpointThatIsAligned) {
  BarrierTracker tracker(2, CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(tracker.on_barrier(0, 4), kHold);
  tracker.overtake(5);
  EXPECT_EQ(tracker.overtaking(), 0);
  EXPECT_FALSE(tracker.pulls(1));
  EXPECT_EQ(tracker.on_barrier(1, 4), kSnapshot);
  EXPECT_EQ(tracker.overtaking(), 5);
}

TEST(AbortedCheckpoints, AreForgottenWhenNothingOfThemCanArrive) {
  AbortedCheckpoints aborted;
  for (const CheckpointId id : {3, 5, 9}) aborted.add(id);
  aborted.forget_up_to(5);
  EXPECT_FALSE(aborted.contains(3));
  EXPECT_FALSE(aborted.contains(5));
  EXPECT_TRUE(aborted.contains(9));
}

TEST(AbortedCheckpoints, UseBoundedMemory) {
  AbortedCheckpoints aborted;
  for (CheckpointId id = 1; id <= 5000; ++id) aborted.add(id);
  EXPECT_EQ(aborted.size(), AbortedCheckpoints::kMax);
  EXPECT_TRUE(aborted.contains(5000));
  EXPECT_FALSE(aborted.contains(1));
}

}  // namespace
}  // namespace weir
