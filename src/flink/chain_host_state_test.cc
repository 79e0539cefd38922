// Snapshots, and restores from them.

#include "flink/test_chain_host.h"

namespace weir {
namespace {

TEST_F(ChainHostTest, KeyedStateContinuesAtAnotherParallelism) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  caller.call(ChainCall::kBarrier);
  const auto taken = caller.snapshot(3, world_);
  EXPECT_TRUE(taken.rest);
  EXPECT_GT(taken.groups.size(), 30u);
  EXPECT_EQ(restored_sums(graph, taken), pairs(100, 11));
}

#ifdef WEIR_BUGS
TEST_F(ChainHostTest, ChainThatIgnoresStateFromFlinkIsDetected) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  const auto taken = caller.snapshot(3, world_);
  enable_bug(Bug::kHostedStateNotRestored);
  EXPECT_NE(restored_sums(graph, taken), pairs(100, 11));
}

TEST_F(ChainHostTest, RecordsKeptAtABarrierAreDetected) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}}));
  enable_bug(Bug::kHostedBarrierNotFlushed);
  EXPECT_EQ(caller.call(ChainCall::kBarrier).records(), "");
}
#endif

TEST_F(ChainHostTest, SnapshotIsAsOfItsCallWhileRecordsContinue) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  auto taken = caller.begin_snapshot(3);
  int chunks = 0;
  do {
    if (++chunks % 10 == 0) {
      EXPECT_FALSE(caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 1000))).dead);
    }
  } while (caller.take_chunk(3, taken, world_));
  EXPECT_GT(chunks, 30);
  EXPECT_EQ(restored_sums(graph, taken), pairs(100, 11));
}

TEST_F(ChainHostTest, DroppedSnapshotHasNoRest) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100)));
  caller.begin_snapshot(3);
  EXPECT_FALSE(caller.call(ChainCall::kSnapshotDrop, 3).dead);
  while (world_.run_one()) {}
  EXPECT_FALSE(caller.call(ChainCall::kSnapshotDrop, 3).dead) << "a second time is ordinary";
  EXPECT_EQ(caller.call(ChainCall::kSnapshotChunk, 3).sentence,
            "middle (1/1): SNAPSHOT_CHUNK was called for checkpoint 3, of which there is no rest");
}

TEST_F(ChainHostTest, WorkBeforeTheAcknowledgementIsDoneBeforeAllIsWritten) {
  script_.has_before_ack = true;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  auto taken = caller.begin_snapshot(1);
  EXPECT_TRUE(taken.rest);
  EXPECT_TRUE(caller.take_chunk(1, taken, world_)) << "nothing has run yet";
  EXPECT_FALSE(caller.take_chunk(1, taken, world_));
  script_.before_ack = unavailable("the disk is gone");
  caller.begin_snapshot(2);
  world_.run_one();
  EXPECT_FALSE(caller.take_chunk(2, taken, world_));
  EXPECT_EQ(caller.failed_snapshot,
            "what belongs to checkpoint 2: operator 'scripted' (uid 'scripted', subtask 0): the "
            "disk is gone");
}

TEST_F(ChainHostTest, ChainContinuesAfterAFailedCheckpoint) {
  script_.has_before_ack = true;
  const JobGraph graph = three_vertices(reading({}, 1), {summing(), scripted(script_)});
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  script_.before_ack = unavailable("the disk is gone");
  auto lost = caller.begin_snapshot(3);
  while (caller.take_chunk(3, lost, world_)) {}
  EXPECT_EQ(caller.failed_snapshot,
            "what belongs to checkpoint 3: operator 'scripted' (uid 'scripted', subtask 0): the "
            "disk is gone");
  EXPECT_FALSE(caller.call(ChainCall::kSnapshotDrop, 3).dead);
  EXPECT_FALSE(caller.call(ChainCall::kAborted, 3).dead);
  script_.before_ack = {};
  EXPECT_FALSE(caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 1000))).dead);
  EXPECT_EQ(restored_sums(graph, caller.snapshot(4, world_)), pairs(100, 1011));
}

TEST_F(ChainHostTest, CheckpointIdsContinueFromTheRestoredOne) {
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  OpenRequest request = caller.opening();
  const std::string header = encode_hosted_element(HostedHeader{41, {}});
  request.start = ChainStart::kFromFlink;
  request.restored = 3;
  request.elements = {header};
  ASSERT_FALSE(caller.open(request).dead);
  caller.call(ChainCall::kReady);
  const auto taken = caller.snapshot(4, world_);
  caller.call(ChainCall::kCompleted, 4);
  caller.call(ChainCall::kAborted, 5);
  caller.call(ChainCall::kCommit);
  EXPECT_EQ(script_.seen, (std::vector<std::string>{"open 41", "snapshot 42", "completed 42",
                                                    "aborted 43", "commit"}));
  ASSERT_EQ(taken.united.size(), 1u);
  EXPECT_EQ(std::get<HostedHeader>(decode_hosted_element(taken.united[0]).value()).checkpoint_id,
            42);
}

TEST_F(ChainHostTest, StateOfARemovedOperatorIsRefusedUnlessItMayBeDropped) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}}));
  const auto taken = caller.snapshot(1, world_);
  ASSERT_EQ(taken.groups.size(), 1u);
  const JobGraph without = scripted_graph();
  for (const bool drop : {false, true}) {
    TestCaller other(without, 1, world_, {.ignore_unclaimed_state = drop});
    OpenRequest request = other.opening();
    const auto elements = taken.elements();
    request.start = ChainStart::kFromFlink;
    request.restored = 1;
    request.elements.assign(elements.begin(), elements.end());
    ASSERT_FALSE(other.open(request).dead);
    BinaryWriter body;
    body.put_i32(taken.groups.begin()->first);
    body.put_bool(true);
    body.put_raw(taken.groups.begin()->second);
    const TestReply reply = other.call(ChainCall::kRestoreGroup, body.buffer());
    EXPECT_EQ(reply.dead, !drop);
    if (!drop) {
      EXPECT_EQ(reply.sentence,
                "middle (1/1): the checkpoint holds keyed state of operator uid 'sum', which is "
                "not in 'middle'; give it its uid back, or set "
                "execution.state-recovery.ignore-unclaimed-state to drop that state");
    }
  }
}

}  // namespace
}  // namespace weir
