// Barriers that overtake, in whole jobs on one and on two workers.

#include <gtest/gtest.h>

#include "runtime/testing/two_workers.h"

namespace weir::exchange_tests {
namespace {

using std::chrono::milliseconds;

/// A pair whose counters get more than they can process, so that their channels are full.
struct FullPair : Pair {
  FullPair(std::vector<int> placement, std::optional<MonotonicTime> overtake_after)
      : Pair(std::move(placement), 3000) {
    for (const auto& worker : workers) {
      worker->options.channel_capacity = 32;
      worker->options.batch_size = 2;
      worker->options.overtake_after = overtake_after;
    }
    deploy(0);
    deploy(1);
    deliver_all();
    start();
    for (int i = 0; i < 600; ++i) round();
  }
  void round() {
    world.steps.step_all();
    deliver_all();
  }
  void trigger(CheckpointId id) {
    for (const auto& worker : workers) worker->trigger(id);
  }
  bool complete(CheckpointId id) const {
    return workers[0]->snapshots[id] + workers[1]->snapshots[id] == static_cast<int>(kTasks);
  }
  /// The number of rounds, of one ms each, until the checkpoint is complete.
  int rounds_of(CheckpointId id) {
    trigger(id);
    int rounds = 0;
    for (; rounds < 5000 && !complete(id); ++rounds) round();
    return rounds;
  }
  int64_t in_flight_to_counters(CheckpointId id) const {
    return workers[0]->in_flight[id]["count"] + workers[1]->in_flight[id]["count"];
  }
  void expect_consistent(CheckpointId id) {
    EXPECT_EQ(log.emitted[id], log.counted[id] + in_flight_to_counters(id)) << id;
  }
};

TEST(Overtaking, ACheckpointDoesNotWaitForFullChannels) {
  for (const auto& placement : std::vector<std::vector<int>>{{0, 0, 0, 1}, {0, 1, 0, 1}}) {
    FullPair aligned(placement, std::nullopt);
    FullPair unaligned(placement, milliseconds(0));
    const int slow = aligned.rounds_of(1);
    const int fast = unaligned.rounds_of(1);
    EXPECT_GT(slow, 40) << "the channels are not full";
    EXPECT_LT(fast, 20);
    EXPECT_EQ(aligned.in_flight_to_counters(1), 0);
    EXPECT_GT(unaligned.in_flight_to_counters(1), 100);
    EXPECT_EQ(aligned.workers[0]->overtook[1] + aligned.workers[1]->overtook[1], 0);
    EXPECT_GT(unaligned.workers[0]->overtook[1] + unaligned.workers[1]->overtook[1], 0);
    aligned.expect_consistent(1);
    unaligned.expect_consistent(1);
  }
}

TEST(Overtaking, AnAlignedCheckpointOvertakesAfterItsTimeout) {
  FullPair pair({0, 1, 0, 1}, milliseconds(20));
  const int rounds = pair.rounds_of(1);
  EXPECT_GE(rounds, 20);
  EXPECT_LT(rounds, 40);
  EXPECT_GT(pair.in_flight_to_counters(1), 100);
  pair.expect_consistent(1);
}

TEST(Overtaking, EveryCheckpointIsConsistentAndTheResultsAreTheSame) {
  const auto expected = expected_results(3000);
  for (const int after : {0, 1, 5, 30}) {
    FullPair pair({0, 1, 0, 1}, milliseconds(after));
    CheckpointId id = 0;
    int complete = 0;
    while (pair.ended() < kTasks && id < 2000) {
      ++id;
      pair.trigger(id);
      for (int i = 0; i < 60; ++i) pair.round();
      if (!pair.complete(id)) continue;
      ++complete;
      pair.expect_consistent(id);
    }
    EXPECT_GT(complete, 5);
    EXPECT_EQ(pair.log.results, expected);
  }
}

TEST(Overtaking, AbortedCheckpointsLeaveNothingBehind) {
  FullPair pair({0, 1, 0, 1}, milliseconds(0));
  for (CheckpointId id = 1; id < 200; id += 2) {
    pair.trigger(id);
    for (int i = 0; i < static_cast<int>(id) % 4; ++i) pair.world.steps.step_all();
    for (const auto& worker : pair.workers)
      worker->execution->post_to_all(Shard::CheckpointAborted{id});
    pair.rounds_of(id + 1);
    EXPECT_TRUE(pair.complete(id + 1)) << id + 1;
    pair.expect_consistent(id + 1);
  }
}

TEST(Overtaking, ASavepointStaysAligned) {
  FullPair pair({0, 1, 0, 1}, milliseconds(0));
  pair.trigger(1);
  for (const auto& worker : pair.workers)
    worker->execution->post_to_all(Shard::TriggerCheckpoint{2});
  for (int i = 0; i < 5000 && !pair.complete(2); ++i) pair.round();
  ASSERT_TRUE(pair.complete(1) && pair.complete(2));
  EXPECT_GT(pair.in_flight_to_counters(1), 0);
  EXPECT_EQ(pair.in_flight_to_counters(2), 0);
  pair.expect_consistent(1);
  pair.expect_consistent(2);
}

}  // namespace
}  // namespace weir::exchange_tests
