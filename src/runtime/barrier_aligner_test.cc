#include "runtime/barrier_aligner.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(BarrierAligner, OneChannelIsAlwaysAligned) {
  BarrierAligner aligner(1, CheckpointingMode::kExactlyOnce);
  EXPECT_TRUE(aligner.on_barrier(0, 1));
  EXPECT_FALSE(aligner.blocked(0));
  EXPECT_TRUE(aligner.on_barrier(0, 2));
}

TEST(BarrierAligner, FirstBarrierBlocksOnlyItsChannel) {
  BarrierAligner aligner(3, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(1, 7));
  EXPECT_FALSE(aligner.blocked(0));
  EXPECT_TRUE(aligner.blocked(1));
  EXPECT_FALSE(aligner.blocked(2));
}

TEST(BarrierAligner, LastBarrierReleasesAll) {
  BarrierAligner aligner(2, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 1));
  EXPECT_TRUE(aligner.on_barrier(1, 1));
  EXPECT_FALSE(aligner.blocked(0));
  EXPECT_FALSE(aligner.blocked(1));
  EXPECT_EQ(aligner.open(), 0);
}

TEST(BarrierAligner, NewerBarrierGivesUpTheOpenOne) {
  BarrierAligner aligner(2, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 1));
  EXPECT_FALSE(aligner.on_barrier(1, 2));  // channel 1 never delivers 1
  EXPECT_FALSE(aligner.blocked(0));
  EXPECT_TRUE(aligner.blocked(1));
  EXPECT_TRUE(aligner.on_barrier(0, 2));
  EXPECT_FALSE(aligner.on_barrier(1, 1)) << "a barrier of a given-up checkpoint must not be taken";
}

TEST(BarrierAligner, AbortReleasesAndDropsWhatIsStillToCome) {
  BarrierAligner aligner(2, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 3));
  aligner.on_abort(3);
  EXPECT_FALSE(aligner.blocked(0));
  EXPECT_FALSE(aligner.on_barrier(1, 3));
  EXPECT_FALSE(aligner.blocked(1));
  EXPECT_FALSE(aligner.on_barrier(1, 4));
  EXPECT_TRUE(aligner.on_barrier(0, 4));
}

TEST(BarrierAligner, AbortBeforeTheFirstBarrierDropsIt) {
  BarrierAligner aligner(2, CheckpointingMode::kExactlyOnce);
  aligner.on_abort(1);
  EXPECT_FALSE(aligner.on_barrier(0, 1));
  EXPECT_FALSE(aligner.blocked(0));
}

TEST(BarrierAligner, AbortOfAnOlderOneLeavesTheOpenOneAlone) {
  BarrierAligner aligner(2, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 5));
  aligner.on_abort(4);
  EXPECT_TRUE(aligner.blocked(0));
  EXPECT_TRUE(aligner.on_barrier(1, 5));
}

TEST(BarrierAligner, AtLeastOnceNeverBlocks) {
  BarrierAligner aligner(2, CheckpointingMode::kAtLeastOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 1));
  EXPECT_FALSE(aligner.blocked(0));
  EXPECT_FALSE(aligner.on_barrier(0, 2));
  EXPECT_TRUE(aligner.on_barrier(1, 1));
  EXPECT_TRUE(aligner.on_barrier(1, 2));
}

TEST(BarrierAligner, AtLeastOnceForgetsOlderOnesWhenANewerIsComplete) {
  BarrierAligner aligner(2, CheckpointingMode::kAtLeastOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 1));
  EXPECT_FALSE(aligner.on_barrier(0, 2));
  EXPECT_TRUE(aligner.on_barrier(1, 2));
  EXPECT_FALSE(aligner.on_barrier(1, 1));
}

TEST(BarrierAligner, AtLeastOnceAbortDropsThatOneOnly) {
  BarrierAligner aligner(2, CheckpointingMode::kAtLeastOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 1));
  EXPECT_FALSE(aligner.on_barrier(0, 2));
  aligner.on_abort(2);
  EXPECT_FALSE(aligner.on_barrier(1, 2));
  EXPECT_TRUE(aligner.on_barrier(1, 1));
}

TEST(BarrierAligner, AbortOfANewerOneLeavesTheOpenOneAlone) {
  BarrierAligner aligner(2, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 5));
  aligner.on_abort(6);
  EXPECT_TRUE(aligner.blocked(0));
  EXPECT_TRUE(aligner.on_barrier(1, 5));
  EXPECT_FALSE(aligner.on_barrier(0, 6));
  EXPECT_FALSE(aligner.blocked(0)) << "6 is dropped";
  EXPECT_FALSE(aligner.on_barrier(1, 6));
  EXPECT_FALSE(aligner.on_barrier(0, 7));
  EXPECT_TRUE(aligner.on_barrier(1, 7));
}

TEST(BarrierAligner, AbortOfANewerOneBeforeAnyBarrierLeavesTheOthersAlone) {
  for (const auto mode : {CheckpointingMode::kExactlyOnce, CheckpointingMode::kAtLeastOnce}) {
    BarrierAligner aligner(2, mode);
    aligner.on_abort(6);
    aligner.on_abort(8);
    for (const CheckpointId id : {5, 6, 7, 8, 9}) {
      EXPECT_FALSE(aligner.on_barrier(0, id)) << id;
      EXPECT_EQ(aligner.on_barrier(1, id), id % 2 == 1) << id;
      EXPECT_FALSE(aligner.blocked(0)) << id;
    }
  }
}

TEST(BarrierAligner, BarrierOfAnAbortedOneStillSaysThatTheOpenOneIsLost) {
  BarrierAligner aligner(2, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 5));
  aligner.on_abort(6);
  EXPECT_FALSE(aligner.on_barrier(1, 6));  // channel 1 never delivers 5
  EXPECT_FALSE(aligner.blocked(0));
  EXPECT_FALSE(aligner.blocked(1));
  EXPECT_FALSE(aligner.on_barrier(1, 5));
  EXPECT_FALSE(aligner.blocked(1));
}

TEST(BarrierAligner, OlderBarrierThatComesLateIsDropped) {
  BarrierAligner aligner(3, CheckpointingMode::kExactlyOnce);
  EXPECT_FALSE(aligner.on_barrier(0, 2));
  EXPECT_FALSE(aligner.on_barrier(1, 1));
  EXPECT_FALSE(aligner.blocked(1)) << "its channel goes on to barrier 2";
  EXPECT_EQ(aligner.open(), 2);
  EXPECT_FALSE(aligner.on_barrier(1, 2));
  EXPECT_TRUE(aligner.on_barrier(2, 2));
}

TEST(AbortedCheckpoints, AreForgottenWhenNothingOfThemCanCome) {
  AbortedCheckpoints aborted;
  for (const CheckpointId id : {3, 5, 9}) aborted.add(id);
  aborted.forget_up_to(5);
  EXPECT_FALSE(aborted.contains(3));
  EXPECT_FALSE(aborted.contains(5));
  EXPECT_TRUE(aborted.contains(9));
}

TEST(AbortedCheckpoints, TakeBoundedMemory) {
  AbortedCheckpoints aborted;
  for (CheckpointId id = 1; id <= 5000; ++id) aborted.add(id);
  EXPECT_EQ(aborted.size(), AbortedCheckpoints::kMax);
  EXPECT_TRUE(aborted.contains(5000));
  EXPECT_FALSE(aborted.contains(1));
}

}  // namespace
}  // namespace weir
