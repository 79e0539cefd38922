#include "cluster/job_preparation.h"

#include <gtest/gtest.h>

#include "checkpoint/publication.h"
#include "checkpoint/testing/one_file_system.h"

namespace weir {
namespace {

class Records final : public LeaderStore {
 public:
  StatusOr<std::optional<CompletedPointer>> pointer() override { return pointer_; }
  Status set_pointer(const CompletedPointer& pointer) override {
    if (deposed_) return aborted("another leads");
    pointer_ = pointer;
    return {};
  }
  StatusOr<std::optional<JobResult>> result() override { return std::optional<JobResult>(); }
  Status set_result(const JobResult&) override { return {}; }

  std::optional<CompletedPointer> pointer_;
  bool deposed_ = false;
};

class JobPreparation : public testing::Test {
 protected:
  StatusOr<PreparedJob> prepare(const std::string& from, LeaderStore* store) {
    JobOptions options;
    options.job_directory = "mem:///c/job";
    options.checkpoints_enabled = true;
    options.restore_from = from;
    return prepare_job(JobGraph(), options, files_, store, ++nonce_, /*read_all=*/true);
  }
  /// A checkpoint of a job without state.
  CompletedPointer publish(CheckpointId id) {
    CheckpointContent content;
    content.metadata.checkpoint_id = id;
    CheckpointPublication publication(*files_.resolve("mem:///c/job"), content, 1);
    EXPECT_EQ(publication.publish().outcome, PublishOutcome::kPublished);
    return publication.pointer();
  }

  OneFileSystem files_;
  Records records_;
  uint64_t nonce_ = 0;
};

TEST_F(JobPreparation, LatestMeansTheBeginningToLaterLeadersIfItDidToTheFirst) {
  ASSERT_TRUE(prepare("latest", &records_).ok());
  ASSERT_TRUE(records_.pointer_.has_value());
  EXPECT_EQ(records_.pointer_->id, 0);
  publish(1);  // a leader does that which is deposed before it counts
  const auto later = prepare("latest", &records_);
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->start->restored_checkpoint, -1);
  EXPECT_EQ(later->unconfirmed, std::vector<CheckpointId>{1});
  EXPECT_EQ(later->highest_used_id, 1);
}

TEST_F(JobPreparation, LatestMeansTheSameCheckpointToLaterLeaders) {
  const CompletedPointer three = publish(3);
  ASSERT_TRUE(prepare("latest", &records_).ok());
  ASSERT_TRUE(records_.pointer_.has_value());
  EXPECT_EQ(records_.pointer_->id, 3);
  EXPECT_EQ(records_.pointer_->uri, three.uri);
  EXPECT_EQ(records_.pointer_->metadata_length, three.metadata_length);
  EXPECT_EQ(records_.pointer_->metadata_checksum, three.metadata_checksum);
  publish(4);
  const auto later = prepare("latest", &records_);
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->start->restored_checkpoint, 3);
  EXPECT_EQ(later->unconfirmed, std::vector<CheckpointId>{4});
}

TEST_F(JobPreparation, WhereTheJobBeginsIsRecordedOnlyForLatest) {
  ASSERT_TRUE(prepare("none", &records_).ok());
  EXPECT_FALSE(records_.pointer_.has_value());
  ASSERT_TRUE(prepare("latest", &records_).ok());
  const CompletedPointer one = publish(1);
  const auto from_one = prepare(one.uri, &records_);  // somebody has changed the command line before the first checkpoint
  ASSERT_TRUE(from_one.ok());
  EXPECT_EQ(from_one->start->restored_checkpoint, 1);
  EXPECT_TRUE(from_one->unconfirmed.empty());
}

TEST_F(JobPreparation, ALeaderThatIsDeposedWhileItPreparesDoesNotStart) {
  records_.deposed_ = true;
  EXPECT_EQ(prepare("latest", &records_).status().code(), StatusCode::kAborted);
}

}  // namespace
}  // namespace weir
