#include "checkpoint/request_queue.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using End = CheckpointRequestQueue::End;
using Running = CheckpointRequestQueue::Running;

constexpr MonotonicTime kNever = MonotonicTime::max();

/// Of an attempt that has been running since 100 s.
CheckpointRequestQueue queue_of(TriggerPolicyOptions options) {
  CheckpointRequestQueue queue(options);
  queue.begin_attempt(100s);
  return queue;
}
CheckpointRequest request(CheckpointKind kind) {
  CheckpointRequest made;
  made.kind = kind;
  if (is_savepoint(kind)) made.target = "hdfs:///s";
  return made;
}
/// The kind that starts, or the seconds after which to ask again.
std::string next(CheckpointRequestQueue& queue, MonotonicTime now, Running running = {}) {
  const auto decision = queue.next(now, running);
  if (decision.start) return std::string(to_string(decision.start->kind));
  if (decision.ask_again == kNever) return "never";
  return std::to_string(std::chrono::duration<double>(decision.ask_again).count()).substr(0, 5);
}

TEST(CheckpointRequestQueue, PeriodicCheckpointStartsAfterTheInterval) {
  auto queue = queue_of({.interval = 10s});
  EXPECT_EQ(next(queue, 105s), "110.0");
  EXPECT_EQ(next(queue, 110s - 1ns), "110.0");
  EXPECT_EQ(next(queue, 110s), "periodic");
  EXPECT_EQ(next(queue, 110s), "120.0") << "from the last trigger on";
}

TEST(CheckpointRequestQueue, PeriodicCheckpointStartsEarlierAfterEnoughEvents) {
  auto queue = queue_of({.interval = 10s, .event_threshold = 1000});
  queue.on_source_events(999);
  EXPECT_EQ(next(queue, 101s), "110.0");
  queue.on_source_events(1);
  EXPECT_EQ(next(queue, 101s), "periodic");
  EXPECT_EQ(next(queue, 101s), "111.0") << "events count from the last trigger";
}

TEST(CheckpointRequestQueue, EventsAloneTriggerAPeriodicCheckpoint) {
  auto queue = queue_of({.event_threshold = 5});
  queue.on_source_events(4);
  EXPECT_EQ(next(queue, 1000s), "never");
  queue.on_source_events(1);
  EXPECT_EQ(next(queue, 1000s), "periodic");
}

TEST(CheckpointRequestQueue, OnlyRequestsStartWithoutIntervalAndThreshold) {
  auto queue = queue_of({});
  queue.on_source_events(1 << 30);
  EXPECT_EQ(next(queue, 1000s), "never");
  ASSERT_TRUE(queue.add(request(CheckpointKind::kManual)).ok());
  EXPECT_EQ(next(queue, 1000s), "manual");
}

TEST(CheckpointRequestQueue, PeriodicCheckpointPausesAfterTheEndOfTheLast) {
  auto queue = queue_of({.interval = 10s, .event_threshold = 1000, .min_pause = 5s});
  queue.on_end(CheckpointKind::kPeriodic, End::kCompleted, 109s);
  EXPECT_EQ(next(queue, 111s), "114.0");
  queue.on_source_events(5000);
  EXPECT_EQ(next(queue, 111s), "114.0");
  EXPECT_EQ(next(queue, 114s), "periodic");
}

TEST(CheckpointRequestQueue, TheLaterOfIntervalAndPauseCounts) {
  auto queue = queue_of({.interval = 10s, .min_pause = 2s});
  queue.on_end(CheckpointKind::kPeriodic, End::kCompleted, 101s);
  EXPECT_EQ(next(queue, 104s), "110.0");
}

TEST(CheckpointRequestQueue, WaitsWhileTheMaximumRuns) {
  auto queue = queue_of({.interval = 10s, .max_concurrent = 2});
  EXPECT_EQ(next(queue, 200s, {.pending = 2}), "never");
  ASSERT_TRUE(queue.add(request(CheckpointKind::kManual)).ok());
  EXPECT_EQ(next(queue, 200s, {.pending = 2}), "never");
  EXPECT_EQ(next(queue, 200s, {.pending = 1}), "manual");
}

TEST(CheckpointRequestQueue, SavepointDoesNotWaitForOthers) {
  auto queue = queue_of({.interval = 10s});
  ASSERT_TRUE(queue.add(request(CheckpointKind::kSavepoint)).ok());
  EXPECT_EQ(next(queue, 101s, {.pending = 1, .preparing = true}), "never")
      << "ids reach the tasks in order";
  EXPECT_EQ(next(queue, 101s, {.pending = 1}), "savepoint");
  EXPECT_EQ(next(queue, 101s), "111.0") << "it counts as a checkpoint";
}

TEST(CheckpointRequestQueue, NothingStartsBesideASavepoint) {
  auto queue = queue_of({.interval = 10s, .max_concurrent = 9});
  ASSERT_TRUE(queue.add(request(CheckpointKind::kSavepoint)).ok());
  EXPECT_EQ(next(queue, 200s, {.pending = 1, .savepoint = true}), "never")
      << "a newer checkpoint could complete first, and then it would be given up";
  EXPECT_EQ(next(queue, 200s, {.pending = 0}), "savepoint");
}

TEST(CheckpointRequestQueue, NothingStartsUntilTasksAreNotifiedOfThePreviousOne) {
  auto queue = queue_of({.interval = 10s, .max_concurrent = 2});
  EXPECT_EQ(next(queue, 200s, {.pending = 1, .preparing = true}), "never");
}

TEST(CheckpointRequestQueue, NothingStartsWhileTooManyDeletionsArePending) {
  auto queue = queue_of({.interval = 10s, .max_deletions = 3});
  EXPECT_EQ(next(queue, 200s, {.deletions = 4}), "never");
  EXPECT_EQ(next(queue, 200s, {.deletions = 3}), "periodic");
}

TEST(CheckpointRequestQueue, RequestsIgnoreIntervalAndPause) {
  for (const CheckpointKind kind : {CheckpointKind::kManual, CheckpointKind::kFinal,
                                    CheckpointKind::kSavepoint, CheckpointKind::kStop}) {
    auto queue = queue_of({.interval = 10s, .min_pause = 60s});
    queue.on_end(CheckpointKind::kPeriodic, End::kCompleted, 101s);
    ASSERT_TRUE(queue.add(request(kind)).ok());
    EXPECT_EQ(next(queue, 101s), to_string(kind));
  }
}

TEST(CheckpointRequestQueue, RequestAfterAFailureWaits) {
  auto queue = queue_of({.pause_after_failure = 1s});
  queue.on_end(CheckpointKind::kFinal, End::kFailed, 101s);
  ASSERT_TRUE(queue.add(request(CheckpointKind::kFinal)).ok());
  EXPECT_EQ(next(queue, 101s), "102.0");
  queue.on_end(CheckpointKind::kPeriodic, End::kAborted, 101s);
  EXPECT_EQ(next(queue, 101s), "102.0") << "an abort mends nothing";
  EXPECT_EQ(next(queue, 102s), "final");
}

TEST(CheckpointRequestQueue, SavepointsGoFirstThenManualOnesThenTheFinalOne) {
  auto queue = queue_of({.interval = 10s, .max_concurrent = 9});
  for (const char* target : {"first", "second"}) {
    CheckpointRequest savepoint = request(CheckpointKind::kSavepoint);
    ASSERT_TRUE(queue.add(request(CheckpointKind::kManual)).ok());
    savepoint.target = target;
    ASSERT_TRUE(queue.add(savepoint).ok());
  }
  ASSERT_TRUE(queue.add(request(CheckpointKind::kFinal)).ok());
  for (const char* target : {"first", "second"})
    EXPECT_EQ(queue.next(200s, {}).start.value().target, target);
  EXPECT_EQ(next(queue, 200s), "manual");
  EXPECT_EQ(next(queue, 200s), "manual");
  EXPECT_EQ(next(queue, 200s), "final");
  EXPECT_EQ(next(queue, 1000s), "never") << "nothing beside the final one";
}

TEST(CheckpointRequestQueue, LastCheckpointRefusesAllOthersUntilItFails) {
  for (const CheckpointKind last : {CheckpointKind::kFinal, CheckpointKind::kStop}) {
    auto queue = queue_of({.interval = 10s, .pause_after_failure = 0s});
    ASSERT_TRUE(queue.add(request(last)).ok());
    EXPECT_EQ(queue.add(request(CheckpointKind::kManual)).to_string(),
              "FAILED_PRECONDITION: a manual checkpoint is refused: the last checkpoint of the job "
              "is being taken");
    EXPECT_EQ(queue.add(request(last)).code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(next(queue, 200s), to_string(last));
    EXPECT_EQ(queue.add(request(CheckpointKind::kManual)).code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(next(queue, 300s), "never");
    queue.on_end(last, End::kFailed, 300s);
    EXPECT_EQ(next(queue, 300s), "periodic");
    ASSERT_TRUE(queue.add(request(last)).ok());
    EXPECT_EQ(next(queue, 300s), to_string(last));
    queue.on_end(last, End::kCompleted, 301s);
    EXPECT_EQ(next(queue, 1000s), "never");
    EXPECT_EQ(queue.add(request(CheckpointKind::kManual)).to_string(),
              "FAILED_PRECONDITION: a manual checkpoint is refused: the last checkpoint of the job "
              "is complete, and the job ends");
  }
}

TEST(CheckpointRequestQueue, TakesAnIncrementalCheckpointIfCheckpointsAre) {
  CheckpointRequestQueue queue({}, /*incremental=*/true);
  queue.begin_attempt({});
  EXPECT_TRUE(queue.add({CheckpointKind::kManual, SnapshotFormat::kIncremental, "", {}}).ok());
}

TEST(CheckpointRequestQueue, RefusesAnInvalidKindOfCheckpoint) {
  auto queue = queue_of({});
  const auto refusal = [&](CheckpointKind kind, SnapshotFormat format, const char* target) {
    return queue.add({kind, format, target, {}}).to_string();
  };
  EXPECT_EQ(refusal(CheckpointKind::kManual, SnapshotFormat::kCanonical, ""),
            "INVALID_ARGUMENT: a checkpoint cannot have the format CANONICAL: ask for CONFIGURED "
            "or FULL, or for a savepoint");
  EXPECT_EQ(refusal(CheckpointKind::kManual, SnapshotFormat::kIncremental, ""),
            "FAILED_PRECONDITION: an incremental checkpoint cannot be taken: "
            "execution.checkpointing.incremental is false, so nothing knows what has changed; set "
            "it to true, or ask for CONFIGURED or FULL");
  EXPECT_EQ(refusal(CheckpointKind::kManual, SnapshotFormat::kFull, "hdfs:///s"),
            "INVALID_ARGUMENT: a checkpoint cannot be written to hdfs:///s: it goes to the job's "
            "own directory; ask for a savepoint");
  EXPECT_EQ(refusal(CheckpointKind::kStop, SnapshotFormat::kCanonical, ""),
            "INVALID_ARGUMENT: a savepoint needs a directory: name one in the request, or set "
            "execution.checkpointing.savepoint-dir");
  EXPECT_EQ(refusal(CheckpointKind::kSavepoint, SnapshotFormat::kFull, "hdfs:///s"),
            "INVALID_ARGUMENT: a savepoint cannot have the format FULL: ask for CANONICAL or "
            "NATIVE, or for a checkpoint");
  EXPECT_EQ(refusal(CheckpointKind::kSavepoint, SnapshotFormat::kNative, "hdfs:///s"), "OK");
  EXPECT_EQ(refusal(CheckpointKind::kManual, SnapshotFormat::kFull, ""), "OK");
}

TEST(CheckpointRequestQueue, RefusesTooManyWaitingRequests) {
  auto queue = queue_of({});
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(queue.add(request(CheckpointKind::kManual)).ok());
  EXPECT_EQ(queue.add(request(CheckpointKind::kManual)).to_string(),
            "RESOURCE_EXHAUSTED: a manual checkpoint is refused: 1000 wait already; ask again when "
            "some of them have ended");
}

TEST(CheckpointRequestQueue, EndOfTheAttemptReturnsAllWaitingRequests) {
  auto queue = queue_of({.interval = 10s});
  ASSERT_TRUE(queue.add(request(CheckpointKind::kManual)).ok());
  ASSERT_TRUE(queue.add(request(CheckpointKind::kFinal)).ok());
  EXPECT_EQ(queue.clear().size(), 2u);
  EXPECT_TRUE(queue.clear().empty());
  queue.begin_attempt(500s);
  EXPECT_EQ(next(queue, 501s), "510.0");
  EXPECT_TRUE(queue.add(request(CheckpointKind::kFinal)).ok()) << "of the next attempt";
}

}  // namespace
}  // namespace weir
