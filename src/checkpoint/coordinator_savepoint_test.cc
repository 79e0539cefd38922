// Savepoints: checkpoints with a copy that the user owns.

#include "checkpoint/sidecar.h"
#include "checkpoint/testing/coordinator_fixture.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class CoordinatorSavepoints : public Coordinator {
 protected:
  /// The outcome of the request, when there is one.
  std::shared_ptr<std::optional<StatusOr<CompletedCheckpoint>>> ask(CheckpointKind kind,
                                                                    bool drain = false) {
    auto outcome = std::make_shared<std::optional<StatusOr<CompletedCheckpoint>>>();
    const Status status =
        coordinator_->request({kind, SnapshotFormat::kCanonical, "mem:///s",
                               [outcome](const StatusOr<CompletedCheckpoint>& result) {
                                 EXPECT_FALSE(outcome->has_value()) << "twice";
                                 *outcome = result;
                               },
                               drain});
    EXPECT_TRUE(status.ok()) << status.message();
    poll();
    return outcome;
  }
  /// The process writes its file in both directories and acknowledges.
  void acknowledge_both(CheckpointId id, int process) {
    ASSERT_TRUE(write_file(fs_->inner(), copy_of(process), "data").ok());
    acknowledge(id, process);
  }
  std::string copy_of(int process) const {
    return cat(host_.triggered.savepoint.substr(6), "/", file_name(process));
  }
  void finish(CheckpointId id) {
    host_.run_all();
    acknowledge_both(id, 0);
    acknowledge_both(id, 1);
    host_.run_all();
    poll();
  }
  std::vector<FileInfo> savepoints() { return fs_->inner().list("/s").value(); }
};

TEST_F(CoordinatorSavepoints, ASavepointIsAWholeCopyThatStays) {
  start();
  const auto outcome = ask(CheckpointKind::kSavepoint);
  host_.run_all();
  ASSERT_EQ(host_.take(), Said{"trigger 1"});
  EXPECT_EQ(host_.triggered.stop, StopMode::kNone);
  const std::string uri = host_.triggered.savepoint;
  EXPECT_EQ(uri.substr(0, 26), "mem:///s/savepoint-000000-") << uri;
  EXPECT_EQ(uri.size(), 38u);
  finish(1);
  ASSERT_TRUE(outcome->has_value());
  ASSERT_TRUE((*outcome)->ok()) << (*outcome)->status().message();
  EXPECT_EQ((**outcome)->savepoint, uri);
  EXPECT_EQ(host_.take(), (Said{"complete 1", "completed 1"})) << "sinks commit, as always";
  EXPECT_TRUE(complete(1)) << "a restart does not need the savepoint";

  take(2);
  EXPECT_EQ(directories(), "chk-2:4");
  const FileLocation savepoint = *files_.resolve(uri);
  EXPECT_EQ(fs_->inner().list(savepoint.path).value().size(), 4u);
  const auto sidecar = decode_sidecar(read_file(*fs_, savepoint.child("_weir").path).value());
  ASSERT_TRUE(sidecar.ok());
  EXPECT_EQ(sidecar->checkpoint_id, 1);
  EXPECT_EQ(sidecar->files.size(), 2u);
  const std::string metadata = read_file(*fs_, savepoint.child("_metadata").path).value();
  EXPECT_TRUE(verify_metadata(*sidecar, metadata).ok());
}

TEST_F(CoordinatorSavepoints, ADirectoryThatCannotBeMadeFailsOnlyTheSavepoint) {
  options_.tolerable_failed_checkpoints = 0;
  start();
  fs_->before = [](std::string_view op, const std::string& path) {
    return op == "mkdir" && path.starts_with("/s") ? permission_denied("not yours") : Status();
  };
  const auto outcome = ask(CheckpointKind::kSavepoint);
  host_.run_all();
  ASSERT_TRUE(outcome->has_value());
  EXPECT_EQ((*outcome)->status().to_string(),
            "PERMISSION_DENIED: cannot make a directory for the savepoint in mem:///s: not yours");
  EXPECT_EQ(host_.take(), Said{}) << "no task knows, and the job does not fail";
  take(2);
  EXPECT_TRUE(complete(2));
}

TEST_F(CoordinatorSavepoints, AFailedSavepointLeavesNothing) {
  options_.tolerable_failed_checkpoints = 0;
  start();
  const auto outcome = ask(CheckpointKind::kSavepoint);
  host_.run_all();
  acknowledge_both(1, 0);
  coordinator_->decline({1, 1, 1, resource_exhausted("the disk is full")});
  host_.run_all();
  ASSERT_TRUE(outcome->has_value());
  EXPECT_FALSE((*outcome)->ok());
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"})) << "the job does not fail";
  EXPECT_TRUE(savepoints().empty());
  // A file that is written too late.
  ASSERT_TRUE(write_file(fs_->inner(), copy_of(1), "data").ok());
  coordinator_->acknowledge(ack(1, 1));
  host_.run_all();
  EXPECT_TRUE(savepoints().empty());
}

TEST_F(CoordinatorSavepoints, EndOfTheAttemptFailsTheSavepoint) {
  start();
  const auto outcome = ask(CheckpointKind::kSavepoint);
  host_.run_all();
  acknowledge_both(1, 0);
  coordinator_->stop(1);
  host_.run_all();
  ASSERT_TRUE(outcome->has_value());
  EXPECT_EQ((*outcome)->status().code(), StatusCode::kCancelled);
  EXPECT_TRUE(savepoints().empty());
}

TEST_F(CoordinatorSavepoints, ASavepointThatIsNotPublishedLeavesTheCheckpointWhole) {
  start();
  const auto outcome = ask(CheckpointKind::kStop);
  fs_->before = [](std::string_view op, const std::string& path) {
    return op == "rename" && path.starts_with("/s") ? resource_exhausted("quota") : Status();
  };
  finish(1);
  ASSERT_TRUE(outcome->has_value());
  EXPECT_EQ((*outcome)->status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1"})) << "the job goes on";
  EXPECT_TRUE(complete(1));
  EXPECT_TRUE(savepoints().empty());
  fs_->before = [](std::string_view, const std::string&) { return Status(); };
  take(2);
  EXPECT_EQ(host_.take(), (Said{"trigger 2", "complete 2", "completed 2"}));
}

TEST_F(CoordinatorSavepoints, AFileMissingInTheCopyIsNoticed) {
  start();
  const auto outcome = ask(CheckpointKind::kSavepoint);
  host_.run_all();
  acknowledge_both(1, 0);
  acknowledge(1, 1);  // its file is in the checkpoint only
  host_.run_all();
  ASSERT_TRUE(outcome->has_value());
  EXPECT_EQ((*outcome)->status().code(), StatusCode::kDataLoss);
  EXPECT_TRUE(complete(1));
  EXPECT_TRUE(savepoints().empty());
}

TEST_F(CoordinatorSavepoints, AStopEndsTheJobWithItsSavepoint) {
  start();
  const auto outcome = ask(CheckpointKind::kStop);
  host_.run_all();
  EXPECT_EQ(host_.triggered.stop, StopMode::kSuspend);
  finish(1);
  ASSERT_TRUE(outcome->has_value());
  EXPECT_TRUE((*outcome)->ok());
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "end with 1", "completed 1"}));
  EXPECT_EQ(pass(100s), MonotonicTime::max());
  EXPECT_TRUE(host_.works.empty()) << "no further checkpoint";
}

TEST_F(CoordinatorSavepoints, OnlyAFailedDrainNeedsARestart) {
  for (const bool drain : {false, true}) {
    start_over();
    start(1);
    const auto outcome = ask(CheckpointKind::kStop, drain);
    host_.run_all();
    EXPECT_EQ(host_.triggered.stop, drain ? StopMode::kDrain : StopMode::kSuspend);
    coordinator_->decline({1, 1, 0, unavailable("no room")});
    EXPECT_EQ(host_.take(), drain ? (Said{"trigger 1", "abort 1", "drain failed"})
                                  : (Said{"trigger 1", "abort 1"}));
    ASSERT_TRUE(outcome->has_value());
    EXPECT_FALSE((*outcome)->ok());
  }
}

TEST_F(CoordinatorSavepoints, AClaimedSnapshotIsDeletedWhenItIsNotRetained) {
  start(1);
  const auto outcome = ask(CheckpointKind::kSavepoint);
  finish(1);
  ASSERT_TRUE(outcome->has_value() && (*outcome)->ok());
  options_.claimed = *files_.resolve((**outcome)->savepoint);
  options_.num_retained = 2;
  options_.highest_used_id = 1;
  make();
  start(2, 1);
  take(2);
  EXPECT_EQ(savepoints().size(), 1u) << "the claimed one and 2 are retained";
  take(3);
  EXPECT_TRUE(savepoints().empty());
}

TEST_F(CoordinatorSavepoints, AClaimedSnapshotIsDeletedWithACanceledJob) {
  for (const auto retention :
       {RetentionPolicy::kRetainOnCancellation, RetentionPolicy::kDeleteOnCancellation}) {
    start_over();
    options_.retention = retention;
    options_.claimed.reset();
    options_.highest_used_id = 0;
    start(1);
    const auto outcome = ask(CheckpointKind::kSavepoint);
    finish(1);
    ASSERT_TRUE(outcome->has_value() && (*outcome)->ok());
    options_.claimed = *files_.resolve((**outcome)->savepoint);
    options_.highest_used_id = 1;
    make();
    start(2, 1);
    coordinator_->shut_down(JobOutcome::kCanceled, [] {});
    host_.run_all();
    EXPECT_EQ(savepoints().empty(), retention == RetentionPolicy::kDeleteOnCancellation);
    ASSERT_TRUE(fs_->inner().remove_all("/s").ok());
  }
}

TEST_F(CoordinatorSavepoints, DisposalRemovesTheSavepointAndNothingElse) {
  start();
  const auto outcome = ask(CheckpointKind::kSavepoint);
  finish(1);
  ASSERT_TRUE(outcome->has_value() && (*outcome)->ok());
  const FileLocation savepoint = *files_.resolve((**outcome)->savepoint);
  ASSERT_TRUE(write_file(fs_->inner(), savepoint.child("notes").path, "mine").ok());
  EXPECT_EQ(dispose_savepoint(savepoint).code(), StatusCode::kFailedPrecondition);
  const auto left = fs_->inner().list(savepoint.path).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].path, savepoint.child("notes").path);
  EXPECT_EQ(dispose_savepoint(savepoint).code(), StatusCode::kNotFound) << "it is none any more";

  const auto second = ask(CheckpointKind::kSavepoint);
  finish(2);
  ASSERT_TRUE(second->has_value() && (*second)->ok());
  const FileLocation whole = *files_.resolve((**second)->savepoint + "/_metadata");
  EXPECT_TRUE(dispose_savepoint(whole).ok());
  EXPECT_EQ(savepoints().size(), 1u);
}

TEST_F(CoordinatorSavepoints, ADisposalThatIsInterruptedLeavesNoSavepointThatLooksComplete) {
  start();
  const auto outcome = ask(CheckpointKind::kSavepoint);
  finish(1);
  ASSERT_TRUE(outcome->has_value() && (*outcome)->ok());
  const FileLocation savepoint = *files_.resolve((**outcome)->savepoint);
  int removals = 1;
  fs_->before = [&](std::string_view operation, const std::string&) {
    return operation == "remove" && removals-- == 0 ? unavailable("no answer") : Status();
  };
  EXPECT_EQ(dispose_savepoint(savepoint).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(fs_->exists(savepoint.path));
  EXPECT_FALSE(fs_->exists(savepoint.child("_metadata").path));
}

}  // namespace
}  // namespace weir
