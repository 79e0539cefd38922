// Incremental checkpoints: the files in `shared/`.

#include <set>

#include "checkpoint/protocol/paths.h"
#include "checkpoint/testing/coordinator_fixture.h"

namespace weir {
namespace {

using Ids = std::set<CheckpointId>;

class SharedFilesOfJob : public Coordinator {
 protected:
  SharedFilesOfJob() { options_.incremental = true; }

  static std::string name(CheckpointId id, int process) {
    return shared_file_name({id, {process, data_file_nonce(coordinator_mark(0, 0), 1)}});
  }
  std::string path(CheckpointId id, int process) { return "/c/job/shared/" + name(id, process); }
  void write(CheckpointId id, int process) {
    ASSERT_TRUE(write_file(fs_->inner(), path(id, process), "data").ok());
  }
  /// Process 0 acknowledges `id` with its own file and those of older checkpoints; process 1 has no
  /// state in files.
  void acknowledge_both(CheckpointId id, const std::vector<CheckpointId>& older) {
    write(id, 0);
    AcknowledgeCheckpoint message = ack(id, 0);
    KeyedStateHandle& handle = *message.states[0].state.keyed_state;
    message.files.clear();
    std::vector<CheckpointId> ids = older;
    ids.push_back(id);
    for (const CheckpointId each : ids) {
      KeyedStateHandle layer{{0, 7}, std::vector<int64_t>(8, 0), {}};
      const std::string file = shared_reference(name(each, 0));
      layer.offsets[0] = 1;
      layer.stream = FileSegment{file, 0, 4};
      layer.changes = each != ids.front();
      handle.layers.push_back(layer);
      message.files.push_back({file, 4, 0});
    }
    coordinator_->acknowledge(message);
    AcknowledgeCheckpoint other = ack(id, 1);
    other.states[0].state.keyed_state->stream = InlineBytes{"data"};
    other.files.clear();
    coordinator_->acknowledge(other);
  }
  void trigger() {
    pass(std::chrono::seconds(10));
    host_.run_all();
  }
  void take(CheckpointId id, const std::vector<CheckpointId>& older = {}) {
    trigger();
    acknowledge_both(id, older);
    host_.run_all();
    poll();
    ASSERT_TRUE(complete(id)) << id;
  }
  /// The checkpoints that have a file.
  Ids there() {
    Ids ids;
    const std::vector<FileInfo> files = fs_->inner().list("/c/job/shared").value();
    for (const FileInfo& file : files)
      ids.insert(parse_shared_file_name(file.path.substr(file.path.rfind('/') + 1))->id);
    return ids;
  }
};

TEST_F(SharedFilesOfJob, StayAsLongAsTheNewestCheckpointRefersToThem) {
  start();
  take(1);
  take(2, {1});
  EXPECT_EQ(there(), (Ids{1, 2}));
  take(3, {1});
  EXPECT_EQ(there(), (Ids{1, 3}));
  take(4);
  EXPECT_EQ(there(), (Ids{4}));
}

TEST_F(SharedFilesOfJob, StayForEachRetainedCheckpoint) {
  options_.num_retained = 2;
  start();
  take(1);
  take(2);
  take(3, {2});
  EXPECT_EQ(there(), (Ids{2, 3}));
  take(4, {3});
  EXPECT_EQ(there(), (Ids{2, 3, 4}));
  take(5);
  EXPECT_EQ(there(), (Ids{3, 4, 5}));
}

TEST_F(SharedFilesOfJob, StayThoughASupersededStartUsesTheIdOfADeletedCheckpoint) {
  start();
  take(1);
  take(2, {1});
  ASSERT_TRUE(prepare_checkpoint_directory(options_.job, 1).ok()) << "1 is deleted";
  ASSERT_TRUE(discard_unfinished(options_.job, 1, DirectoryAfterwards::kRemoved).ok());
  EXPECT_EQ(there(), (Ids{1, 2}));
}

TEST_F(SharedFilesOfJob, OfAnAbortedCheckpointGoAtOnce) {
  start();
  take(1);
  trigger();
  write(2, 0);
  write(2, 1);
  coordinator_->decline({attempt_, 2, 1, unavailable("slow")});
  host_.run_all();
  EXPECT_EQ(there(), (Ids{1}));
  write(2, 1);  // a late writer
  coordinator_->acknowledge([&] {
    AcknowledgeCheckpoint late = ack(2, 1);
    late.files[0].name = shared_reference(name(2, 1));
    return late;
  }());
  host_.run_all();
  EXPECT_EQ(there(), (Ids{1}));
  take(3, {1});
  EXPECT_EQ(there(), (Ids{1, 3}));
}

TEST_F(SharedFilesOfJob, ThatAPendingCheckpointMayBuildOnStay) {
  options_.trigger.max_concurrent = 2;
  start();
  take(1);
  trigger();  // 2
  trigger();  // 3
  acknowledge_both(2, {});
  host_.run_all();
  ASSERT_TRUE(complete(2));
  EXPECT_EQ(there(), (Ids{1, 2}));  // 3 was triggered when 1 was the newest
  acknowledge_both(3, {1});
  host_.run_all();
  ASSERT_TRUE(complete(3));
  EXPECT_EQ(there(), (Ids{1, 3}));
}

TEST_F(SharedFilesOfJob, ThatMayBeGoneFailTheCheckpointThatBuildsOnThem) {
  start();
  take(1);
  take(2);
  trigger();
  acknowledge_both(3, {1});
  host_.run_all();
  EXPECT_FALSE(complete(3));
  EXPECT_EQ(there(), (Ids{2}));
  take(4, {2});
  EXPECT_EQ(there(), (Ids{2, 4}));
}

TEST_F(SharedFilesOfJob, OfAnEarlierAttemptAreNothingToBuildOn) {
  start();
  take(1);
  coordinator_->stop(1);
  host_.run_all();
  start(2, 1);
  trigger();
  acknowledge_both(2, {1});
  host_.run_all();
  EXPECT_FALSE(complete(2));
}

TEST_F(SharedFilesOfJob, OfKilledStartsAreRemovedAndThoseOfOtherCheckpointsStay) {
  start();
  take(1);
  take(2, {1});
  // The process dies. The next one starts from checkpoint 2, which stays another's.
  coordinator_.reset();
  host_.works.clear();
  write(3, 0);
  write(9, 0);  // of a start that may still run
  options_.highest_used_id = 3;
  start(2, 2);
  take(4);
  EXPECT_EQ(there(), (Ids{1, 2, 4, 9}));
  ASSERT_TRUE(fs_->inner().remove_all("/c/job/chk-2").ok());
  take(5, {4});
  EXPECT_EQ(there(), (Ids{4, 5, 9}));
}

TEST_F(SharedFilesOfJob, UploadsOfKilledWritersAreAborted) {
  start();
  take(1);
  coordinator_.reset();
  host_.works.clear();
  fs_->uploads = {path(1, 0), path(3, 0), path(9, 0), "/c/job/shared/of another program"};
  options_.highest_used_id = 3;
  start(2, 1);
  take(4);
  EXPECT_EQ(there(), (Ids{1, 4}));  // the file of 1 is complete
  EXPECT_EQ(fs_->uploads, (std::set<std::string>{path(9, 0), "/c/job/shared/of another program"}));
}

TEST_F(SharedFilesOfJob, OfACheckpointThatIsHalfRemovedStayForOthers) {
  start();
  take(1);
  take(2, {1});
  // Killed while it removed checkpoint 1: that looks like a checkpoint that never completed.
  ASSERT_TRUE(fs_->inner().make_directories("/c/job/chk-1").ok());
  ASSERT_TRUE(discard_unfinished(options_.job, 1, DirectoryAfterwards::kRemoved).ok());
  EXPECT_EQ(there(), (Ids{1, 2}));
}

/// This one was superseded without knowing it, and the next one takes checkpoint 2.
TEST_F(SharedFilesOfJob, OfANewerCheckpointOfAnotherCoordinatorStayAtTheEnd) {
  start();
  take(1);
  trigger();
  write(2, 0);
  const std::string other =
      cat("/c/job/shared/",
          shared_file_name({2, {0, data_file_nonce(coordinator_mark(/*epoch=*/1, 0), 1)}}));
  ASSERT_TRUE(write_file(fs_->inner(), other, "data").ok());
  coordinator_->shut_down(JobOutcome::kFinished, [] {});
  host_.run_all();
  EXPECT_TRUE(fs_->exists(other));
  EXPECT_TRUE(fs_->exists(path(1, 0)));
  EXPECT_FALSE(fs_->exists(path(2, 0)));
}

TEST_F(SharedFilesOfJob, StayIfItIsNotKnownWhatACheckpointRefersTo) {
  start();
  take(1);
  fs_->before = [](std::string_view op, const std::string& at) {
    return op == "open" && at == "/c/job/chk-2/_weir" ? unavailable("no answer") : Status();
  };
  take(2);
  EXPECT_EQ(there(), (Ids{1, 2}));
  fs_->before = [](std::string_view, const std::string&) { return Status(); };
  take(3);
  EXPECT_EQ(there(), (Ids{3}));
}

}  // namespace
}  // namespace weir
