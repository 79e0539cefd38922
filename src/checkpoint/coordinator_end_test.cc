// The end of an attempt, of the input and of the job.

#include "checkpoint/testing/coordinator_fixture.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// The store of a leader whose job has ended.
class EndedJob final : public LeaderStore {
 public:
  StatusOr<std::optional<RecordedJob>> job() override { return std::optional<RecordedJob>(); }
  Status set_job(const RecordedJob&) override { return {}; }
  StatusOr<std::optional<CompletedPointer>> pointer() override {
    return std::optional<CompletedPointer>();
  }
  Status set_pointer(const CompletedPointer& pointer) override {
    return pointer.id == 1 ? Status() : cancelled("the job has ended");
  }
  StatusOr<std::optional<RecordedResult>> result() override {
    return std::optional<RecordedResult>();
  }
  Status set_result(const RecordedResult&) override { return {}; }
};

/// The cancellation did not wait for it.
TEST_F(Coordinator, CheckpointThatIsPublishedAfterTheJobsEndIsRemoved) {
  options_.store = std::make_shared<EndedJob>();
  for (const bool retain : {true, false}) {
    options_.retention =
        retain ? RetentionPolicy::kRetainOnCancellation : RetentionPolicy::kDeleteOnCancellation;
    start_over();
    start();
    take(1);
    take_until_written(2);
    host_.take();
    bool ended = false;
    coordinator_->shut_down(JobOutcome::kCanceled, [&] { ended = true; });
    host_.run_all();
    EXPECT_TRUE(ended);
    EXPECT_EQ(host_.take(), Said{});
    EXPECT_EQ(directories(), retain ? "chk-1:4" : "");
  }
}

TEST_F(Coordinator, StopWorksAtEveryPoint) {
  // Stops the attempt after `point` steps in the life of checkpoint 2.
  for (int point = 0; point <= 6; ++point) {
    SCOPED_TRACE(point);
    start_over();
    start(1);
    take(1);
    if (point >= 1) pass(10s);        // its directory is being created
    if (point >= 2) host_.run_all();  // it is triggered
    if (point >= 3) acknowledge(2, 0);
    if (point >= 4) acknowledge(2, 1);  // it is being written
    if (point >= 5) host_.run_one();    // it is complete, and 1 is being deleted
    if (point >= 6) host_.run_all();
    host_.take();

    coordinator_->stop(1);
    EXPECT_EQ(pass(100s), MonotonicTime::max());
    bool idle = false;
    coordinator_->when_idle([&] { idle = true; });
    EXPECT_EQ(idle, point != 4);
    host_.run_all();
    EXPECT_TRUE(idle);
    EXPECT_EQ(pass(100s), MonotonicTime::max());
    EXPECT_TRUE(host_.works.empty());
    EXPECT_EQ(host_.take(), point == 4 ? Said{"completed 2"} : Said{});
    EXPECT_EQ(coordinator_->newest_completed(), point >= 4 ? 2 : 1);
    EXPECT_EQ(coordinator_->counts().failed, 0);

    const CheckpointId next = point >= 1 ? 3 : 2;
    start(2);
    take(next);
    EXPECT_EQ(host_.take(),
              (Said{cat("trigger ", next), cat("complete ", next), cat("completed ", next)}));
    EXPECT_EQ(directories(), cat("chk-", next, ":4"));
  }
}

TEST_F(Coordinator, StopOfAnotherAttemptHasNoEffect) {
  start(2);
  pass(10s);
  host_.run_all();
  coordinator_->stop(1);
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1"}));
}

TEST_F(Coordinator, IgnoresAcknowledgementsOfAnEarlierAttemptAndRemovesTheirFiles) {
  start(1);
  pass(10s);
  host_.run_all();
  acknowledge(1, 0);
  const AcknowledgeCheckpoint late = ack(1, 1);
  coordinator_->stop(1);
  start(2);
  pass(10s);
  host_.run_all();
  acknowledge(2, 0);
  ASSERT_TRUE(write_file(fs_->inner(), file_of(1, 1), "data").ok());
  coordinator_->acknowledge(late);
  AcknowledgeCheckpoint disguised = ack(2, 1);
  disguised.attempt = 1;
  coordinator_->acknowledge(disguised);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "trigger 2"}));
  EXPECT_EQ(directories(), "chk-1:0 chk-2:1");
}

TEST_F(Coordinator, WaitsForAnUnknownOutcomeBeforeTheNextAttempt) {
  start();
  take_until_written(1);
  silence_at_rename(true);
  host_.run_all();
  coordinator_->stop(1);
  bool idle = false;
  coordinator_->when_idle([&] { idle = true; });
  pass(10s);
  host_.run_all();
  EXPECT_FALSE(idle);
  silence(false);
  fs_->after = fs_->before;
  pass(10s);
  host_.run_all();
  EXPECT_TRUE(idle);
  EXPECT_EQ(coordinator_->newest_completed(), 1);
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "completed 1"}));
}

TEST_F(Coordinator, HostMayStopFromWithinACall) {
  options_.trigger.max_concurrent = 3;
  options_.tolerable_failed_checkpoints = 0;
  const auto said_until_stop_at = [&](const std::string& moment) {
    host_.on_say = nullptr;
    start_over();
    start();
    host_.on_say = [&](const std::string& said) {
      if (said == moment) coordinator_->stop(1);
    };
    for (int i = 0; i < 3; ++i) {
      pass(10s);
      host_.run_all();
    }
    if (moment == "abort 1") pass(100s);
    if (moment == "abort 2" || moment.starts_with("complete")) {
      for (const int process : {0, 1}) acknowledge(3, process);
    }
    host_.run_all();
    const Said said = host_.take();
    EXPECT_EQ(pass(100s), MonotonicTime::max());
    host_.run_all();
    EXPECT_EQ(host_.take(), Said{});
    EXPECT_EQ(coordinator_->report()->in_progress, 0);
    return said;
  };
  EXPECT_EQ(said_until_stop_at("trigger 1"), Said{"trigger 1"});
  EXPECT_EQ(said_until_stop_at("abort 1"),
            (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1"}));
  // 3 completes and subsumes 1 and 2.
  EXPECT_EQ(said_until_stop_at("abort 2"),
            (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1", "abort 2", "completed 3"}));
  EXPECT_EQ(said_until_stop_at("complete 3"),
            (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1", "abort 2", "complete 3",
                  "completed 3"}));
  EXPECT_EQ(said_until_stop_at("completed 3"),
            (Said{"trigger 1", "trigger 2", "trigger 3", "abort 1", "abort 2", "complete 3",
                  "completed 3"}));
}

TEST_F(Coordinator, FinalCheckpointStartsAtOnceAndIsTheLast) {
  options_.trigger.min_pause = 1000s;
  start();
  take(1);
  host_.take();
  std::vector<Status> done;
  request_final([&](Status status) { done.push_back(status); });
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{"trigger 2"});
  acknowledge(2, 0);
  acknowledge(2, 1);
  EXPECT_TRUE(done.empty());
  host_.run_all();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_TRUE(done[0].ok());
  EXPECT_EQ(host_.take(), (Said{"end with 2", "completed 2"}));
  EXPECT_EQ(pass(10000s), MonotonicTime::max());
  EXPECT_TRUE(host_.works.empty());
}

TEST_F(Coordinator, FinalCheckpointWaitsForTheOneInProgress) {
  start();
  pass(10s);
  host_.run_all();
  int done = 0;
  request_final([&](const Status&) { ++done; });
  poll();
  EXPECT_TRUE(host_.works.empty());
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(done, 0);
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1", "trigger 2"}));
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(done, 1);
}

TEST_F(Coordinator, FailedFinalCheckpointMayBeRequestedAgain) {
  start();
  std::vector<std::string> done;
  std::function<void(Status)> again = [&](Status status) {
    done.push_back(status.to_string());
    if (!status.ok()) request_final(again);
  };
  request_final(again);
  poll();
  host_.run_all();
  coordinator_->decline({1, 1, 0, resource_exhausted("disk full")});
  EXPECT_EQ(done, Said{"RESOURCE_EXHAUSTED: process 0 declined checkpoint 1: disk full"});
  EXPECT_EQ(poll(), clock_.now_ + 100ms);
  pass(100ms);
  host_.run_all();
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(done.back(), "OK");
}

TEST_F(Coordinator, StoppedFinalCheckpointAnswersOnceWithItsOutcome) {
  start();
  Said done;
  const auto say = [&](Status status) { done.push_back(std::string(status.message())); };
  request_final(say);
  poll();
  host_.run_all();
  acknowledge(1, 0);
  acknowledge(1, 1);
  coordinator_->stop(1);
  EXPECT_EQ(done, Said{}) << "it is being written";
  host_.run_all();
  EXPECT_TRUE(complete(1));
  EXPECT_EQ(done, Said{""});
  request_final(say);
  EXPECT_EQ(pass(10s), MonotonicTime::max());
  EXPECT_EQ(done, Said{""}) << "no attempt runs";
}

TEST_F(Coordinator, ManualCheckpointIgnoresIntervalAndPause) {
  options_.trigger.min_pause = 1000s;
  start();
  take(1);
  host_.take();
  std::vector<StatusOr<CompletedCheckpoint>> done;
  const auto ask = [&] {
    return coordinator_->request(
        {CheckpointKind::kManual, SnapshotFormat::kFull, {}, [&](const auto& result) {
           done.push_back(result);
         }});
  };
  ASSERT_TRUE(ask().ok());
  ASSERT_TRUE(ask().ok());
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{"trigger 2"});
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].value().id, 2);
  EXPECT_EQ(done[0].value().kind, CheckpointKind::kManual);
  EXPECT_EQ(done[0].value().uri, "mem:///c/job/chk-2");
  poll();  // the second one's turn
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"complete 2", "completed 2", "trigger 3"}));
  coordinator_->decline({1, 3, 0, resource_exhausted("disk full")});
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[1].status().message(), "process 0 declined checkpoint 3: disk full");
  EXPECT_EQ(coordinator_->report()->history.at(0).kind, CheckpointKind::kManual);
  const MonotonicTime end = clock_.now_;
  EXPECT_EQ(pass(100s), end + 1000s) << "the pause is for periodic ones";
}

TEST_F(Coordinator, ManualCheckpointIsAnsweredWhenItsAttemptEnds) {
  start();
  std::vector<std::string> done;
  const auto ask = [&] {
    return request(CheckpointKind::kManual,
                   [&](Status status) { done.push_back(status.to_string()); });
  };
  ASSERT_TRUE(ask().ok());
  poll();
  host_.run_all();
  ASSERT_TRUE(ask().ok());  // waits in the queue
  coordinator_->stop(1);
  EXPECT_EQ(done, (Said{"CANCELLED: attempt 1 was stopped", "CANCELLED: attempt 1 was stopped"}));
  EXPECT_EQ(ask().to_string(),
            "FAILED_PRECONDITION: a manual checkpoint is refused: the job is not running now; ask "
            "again when it is");
  EXPECT_EQ(coordinator_->counts().failed, 0);
  EXPECT_EQ(coordinator_->counts().aborted, 1);
}

TEST_F(Coordinator, ManualCheckpointIsAnsweredAtTheEndThoughStorageDoesNotAnswer) {
  start();
  Said done;
  ASSERT_TRUE(request(CheckpointKind::kManual, [&](Status status) {
                done.push_back(std::string(status.message()));
              }).ok());
  poll();
  host_.run_all();
  acknowledge(1, 0);
  acknowledge(1, 1);
  silence_at_rename(true);
  coordinator_->shut_down(JobOutcome::kFailed, [] {});
  host_.run_all();
  EXPECT_EQ(done, Said{"storage did not say whether checkpoint 1 was completed before the job "
                       "ended"});
}

TEST_F(Coordinator, LastCheckpointSurvivesTheJobUnlessACancelDeletesIt) {
  const auto left_after = [&](JobOutcome outcome, RetentionPolicy retention) {
    start_over();
    options_.retention = retention;
    options_.num_retained = 1;
    start();
    take(1);
    pass(10s);
    host_.run_all();  // 2 is in progress
    int done = 0;
    coordinator_->shut_down(outcome, [&] { ++done; });
    host_.run_all();
    EXPECT_EQ(done, 1);
    return directories();
  };
  for (const JobOutcome outcome :
       {JobOutcome::kFinished, JobOutcome::kFailed, JobOutcome::kSuspended}) {
    EXPECT_EQ(left_after(outcome, RetentionPolicy::kDeleteOnCancellation), "chk-1:4 chk-2:0");
  }
  EXPECT_EQ(left_after(JobOutcome::kCanceled, RetentionPolicy::kRetainOnCancellation),
            "chk-1:4 chk-2:0");
  EXPECT_EQ(left_after(JobOutcome::kCanceled, RetentionPolicy::kDeleteOnCancellation), "chk-2:0");
}

TEST_F(Coordinator, OldCheckpointStaysIfALaterStartMayContinueFromIt) {
  Lineage lineage{.newest = 1, .lines = {{1, 0, {}, 7, {}}}};
  ASSERT_TRUE(record_lineage(options_.job, lineage, /*nonce=*/9).ok());
  make();
  coordinator_->begin_start(1);
  start();
  take(1);
  take_until_written(2);
  host_.run_one();  // 2 is complete, and 1 is being deleted
  ++lineage.newest;
  ASSERT_TRUE(record_lineage(options_.job, lineage, /*nonce=*/9).ok());
  host_.run_all();
  EXPECT_EQ(directories(), "chk-1:4 chk-2:4");
}

TEST_F(Coordinator, CanceledStartDeletesNothingOfALaterStart) {
  for (const bool superseded : {false, true}) {
    start_over();
    options_.retention = RetentionPolicy::kDeleteOnCancellation;
    Lineage lineage;
    for (lineage.newest = 1; lineage.newest <= (superseded ? 2 : 1); ++lineage.newest) {
      lineage.lines = {{lineage.newest, 0, {}, 7, {}}};
      ASSERT_TRUE(record_lineage(options_.job, lineage, /*nonce=*/9).ok());
      if (lineage.newest > 1) continue;
      make();
      coordinator_->begin_start(1);
      start();
      take(1);
    }
    int done = 0;
    coordinator_->shut_down(JobOutcome::kCanceled, [&] { ++done; });
    host_.run_all();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(directories(), superseded ? "chk-1:4" : "");
  }
}

TEST_F(Coordinator, NoStartContinuesFromACheckpointThatACanceledStartDeletes) {
  options_.retention = RetentionPolicy::kDeleteOnCancellation;
  Lineage lineage{.newest = 1, .lines = {{1, 0, {}, 7, {}}}};
  ASSERT_TRUE(record_lineage(options_.job, lineage, /*nonce=*/9).ok());
  make();
  coordinator_->begin_start(1);
  start();
  take(1);
  fs_->before = [](std::string_view op, const std::string& path) {  // it is killed
    return op == "remove" && path.ends_with("/_metadata") ? unavailable("killed") : Status();
  };
  coordinator_->shut_down(JobOutcome::kCanceled, [] {});
  host_.run_all();
  silence(false);
  ASSERT_TRUE(complete(1));
  const Lineage recorded = read_lineage(options_.job).value();
  EXPECT_EQ(recorded.newest, 2);
  EXPECT_FALSE(recorded.living({1})->holds(1, std::nullopt));
  EXPECT_FALSE(check_newest_start(options_.job, 1).ok());
}

TEST_F(Coordinator, ShutDownWaitsForAWriteAndKeepsItsCheckpoint) {
  start();
  take_until_written(1);
  int done = 0;
  coordinator_->shut_down(JobOutcome::kFailed, [&] { ++done; });
  EXPECT_EQ(done, 0);
  host_.run_all();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(directories(), "chk-1:4");
}

TEST_F(Coordinator, ShutDownNeitherWaitsForSilentStorageNorDeletesAnything) {
  options_.retention = RetentionPolicy::kDeleteOnCancellation;
  start();
  take(1);
  take_until_written(2);
  fs_->before = [](std::string_view op, const std::string& path) {  // only for the outcome of 2
    const bool metadata = path.starts_with("/c/job/chk-2/_metadata");
    return metadata && (op == "rename" || op == "open" || op == "remove") ? unavailable("no answer")
                                                                          : Status();
  };
  int done = 0;
  coordinator_->shut_down(JobOutcome::kCanceled, [&] { ++done; });
  host_.run_all();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(directories(), "chk-1:4 chk-2:4");
}

}  // namespace
}  // namespace weir
