#include "cluster/testing/worker_fixture.h"
#include "cluster/worker.h"

namespace weir::cluster_tests {
namespace {

class WorkerSnapshotTest : public WorkerTest {
 protected:
  WorkerSnapshotTest() {
    options_.checkpoint_directory = "/job";
    options_.max_unfinished_writes = 2;
    make();
    register_with(1);
    send(deployment(7));
    send(Start{7});
  }
};

TEST_F(WorkerSnapshotTest, AcknowledgesACheckpoint) {
  send(TriggerCheckpoint{7, 1, 0});
  const auto ack = take<AcknowledgeCheckpoint>();
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->id, 1);
}

TEST_F(WorkerSnapshotTest, DeclinesCheckpointsWhileEarlierOnesAreBeingWritten) {
  world_.hangs = executors::kSnapshots;
  send(TriggerCheckpoint{7, 1, 0});
  send(TriggerCheckpoint{7, 2, 0});
  EXPECT_FALSE(take<DeclineCheckpoint>().has_value());
  world_.pass(seconds(9));
  send(TriggerCheckpoint{7, 3, 0});
  const auto declined = take<DeclineCheckpoint>();
  ASSERT_TRUE(declined.has_value());
  EXPECT_EQ(declined->id, 3);
  EXPECT_NE(declined->reason.message().find(
                "the state of 2 earlier checkpoints is still being written (checkpoint 1 for 9"),
            std::string_view::npos)
      << declined->reason.message();
  world_.answer();
  settle();
  EXPECT_EQ(take<AcknowledgeCheckpoint>()->id, 2) << "3 was not taken";
  send(TriggerCheckpoint{7, 4, 0});
  EXPECT_EQ(take<AcknowledgeCheckpoint>()->id, 4);
}

TEST_F(WorkerSnapshotTest, WritesNothingOfACheckpointAbortedInTheQueue) {
  world_.hangs = executors::kSnapshots;
  for (const CheckpointId id : {1, 2, 3, 4}) {
    send(TriggerCheckpoint{7, id, 0});
    send(NotifyCheckpointAborted{7, id});
    EXPECT_FALSE(take<DeclineCheckpoint>().has_value()) << "nothing is kept for " << id;
  }
  send(TriggerCheckpoint{7, 5, 0});
  world_.answer();
  settle();
  const auto ack = take<AcknowledgeCheckpoint>();
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->id, 5);
}

TEST_F(WorkerSnapshotTest, AbortOfALaterCheckpointDoesNotAffectAnEarlierOne) {
  to_worker_.on_frame(encode(TriggerCheckpoint{7, 1, 0}));
  to_worker_.on_frame(encode(TriggerCheckpoint{7, 2, 0}));
  send(NotifyCheckpointAborted{7, 2});
  const auto ack = take<AcknowledgeCheckpoint>();
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->id, 1);
}

TEST_F(WorkerSnapshotTest, AbortOfAnEarlierAttemptHasNoEffect) {
  to_worker_.on_frame(encode(TriggerCheckpoint{7, 1, 0}));
  send(NotifyCheckpointAborted{6, 1});
  const auto ack = take<AcknowledgeCheckpoint>();
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->id, 1);
}

TEST_F(WorkerTest, SaysWhyACheckpointCannotBeWritten) {
  options_.checkpoint_directory = "hdfs:job";  // not a valid URI
  make();
  register_with(1);
  send(deployment(7));
  send(Start{7});
  send(TriggerCheckpoint{7, 1, 0});
  const auto declined = take<DeclineCheckpoint>();
  ASSERT_TRUE(declined.has_value());
  EXPECT_EQ(declined->attempt, 7);
  EXPECT_EQ(declined->id, 1);
  EXPECT_NE(declined->reason.message().find("hdfs:job"), std::string_view::npos)
      << declined->reason.message();
}

}  // namespace
}  // namespace weir::cluster_tests
