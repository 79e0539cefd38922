#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/strings.h"
#include "checkpoint/publication.h"
#include "checkpoint/testing/faulty_file_system.h"
#include "checkpoint/testing/one_file_system.h"
#include "cluster/job_preparation.h"

namespace weir {

/// What elected leaders agree on, without ZooKeeper.
class Records final : public LeaderStore {
 public:
  StatusOr<std::optional<RecordedJob>> job() override { return job_; }
  Status set_job(const RecordedJob& job) override {
    if (deposed_) return aborted("another leads");
    job_ = job;
    return {};
  }
  StatusOr<std::optional<CompletedPointer>> pointer() override { return pointer_; }
  Status set_pointer(const CompletedPointer& pointer) override {
    if (deposed_) return aborted("another leads");
    pointer_ = pointer;
    return {};
  }
  StatusOr<std::optional<RecordedResult>> result() override { return result_; }
  Status set_result(const RecordedResult&) override { return {}; }

  std::optional<RecordedJob> job_;
  std::optional<RecordedResult> result_;
  std::optional<CompletedPointer> pointer_;
  bool deposed_ = false;
};

class JobPreparation : public testing::Test {
 protected:
  StatusOr<PreparedJob> prepare(const std::string& from, LeaderStore* store = nullptr) {
    JobOptions options = options_;
    options.job_directory = "mem:///c/job";
    options.checkpoints_enabled = true;
    options.restore_from = from;
    return prepare_job(graph_, options, files_, {.store = store, .epoch = 1, .nonce = ++nonce_});
  }
  /// Writes a checkpoint of a job without state.
  CompletedPointer publish(CheckpointId id) {
    return publish(id, read_lineage(*files_.resolve("mem:///c/job"))->newest);
  }
  CompletedPointer publish(CheckpointId id, StartNumber start) {
    CheckpointContent content;
    content.metadata.checkpoint_id = id;
    content.sidecar.start = start;
    content.sidecar.arguments = graph_.arguments;
    CheckpointPublication publication(*files_.resolve("mem:///c/job"), content, 1);
    EXPECT_EQ(publication.publish().outcome, PublishOutcome::kPublished);
    return publication.pointer();
  }

  CheckpointId restored(const std::string& from) {
    const auto prepared = prepare(from);
    EXPECT_TRUE(prepared.ok()) << prepared.status().to_string();
    return prepared.ok() ? prepared->start->restored_checkpoint : -2;
  }
  std::string refusal(const std::string& from) {
    return std::string(prepare(from).status().message());
  }
  std::string path_of(CheckpointId id) { return cat("mem:///c/job/chk-", id); }
  /// The first run: completes checkpoints 1 to 11.
  void run_to_eleven() {
    ASSERT_EQ(restored("none"), -1);
    for (CheckpointId id = 1; id <= 11; ++id) publish(id);
  }

  const std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  OneFileSystem files_{fs_};
  JobGraph graph_;
  JobOptions options_;
  Records records_;
  uint64_t nonce_ = 0;
};

}  // namespace weir
