#include "checkpoint/storage.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/testing/faulty_file_system.h"

namespace weir {
namespace {

using Ids = std::vector<CheckpointId>;

class Storage : public testing::Test {
 protected:
  void put(const std::string& path) { ASSERT_TRUE(write_file(fs_->inner(), path, "x").ok()); }
  void fail(std::string_view operation, const std::string& path) {
    fs_->before = [=](std::string_view op, const std::string& at) {
      return op == operation && at == path ? unavailable("no answer") : Status();
    };
  }

  std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  FileLocation job_{fs_, "/c/job", "mem://c/job"};
};

TEST_F(Storage, PreparesTheDirectoriesThatFlinkExpects) {
  ASSERT_TRUE(prepare_job_directory(job_).ok());
  EXPECT_TRUE(fs_->stat("/c/job/shared").value().is_directory);
  EXPECT_TRUE(fs_->stat("/c/job/taskowned").value().is_directory);
  EXPECT_TRUE(prepare_job_directory(job_).ok());
}

TEST_F(Storage, NamesTheDirectoryItMayNotWriteTo) {
  fs_->before = [](std::string_view op, const std::string&) {
    return op == "mkdir" ? permission_denied("not yours") : Status();
  };
  const Status status = prepare_job_directory(job_);
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(),
            "cannot make the checkpoint directory mem://c/job/shared (execution.checkpointing.dir "
            "must be a place that this process may "
            "write to): not yours");
}

TEST_F(Storage, AnIdIsUsedOnce) {
  ASSERT_TRUE(prepare_checkpoint_directory(job_, 7).ok());
  EXPECT_TRUE(fs_->stat("/c/job/chk-7").value().is_directory);
  EXPECT_EQ(prepare_checkpoint_directory(job_, 7).code(), StatusCode::kAlreadyExists);
  fail("stat", "/c/job/chk-8");
  EXPECT_EQ(prepare_checkpoint_directory(job_, 8).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(fs_->exists("/c/job/chk-8"));
}

TEST_F(Storage, ListsCompletedAndOrphanedCheckpoints) {
  for (const char* path :
       {"/c/job/chk-2/_metadata", "/c/job/chk-10/_metadata", "/c/job/chk-9/data-0-0000000000000001",
        "/c/job/chk-11/_metadata.inprogress-0000000000000001", "/c/job/shared/x",
        "/c/job/chk-07/_metadata", "/c/job/chk-99"}) {
    put(path);
  }
  const CheckpointInventory inventory = list_checkpoints(job_).value();
  EXPECT_EQ(inventory.completed, (Ids{10, 2}));
  EXPECT_EQ(inventory.orphans, (Ids{9, 11}));
  EXPECT_EQ(inventory.highest, 11);
}

TEST_F(Storage, MissingDirectoryIsEmptyButASilentOneIsNot) {
  const CheckpointInventory inventory = list_checkpoints(job_).value();
  EXPECT_EQ(inventory.highest, 0);
  put("/c/job/chk-2/_metadata");
  fail("list", "/c/job");
  EXPECT_EQ(list_checkpoints(job_).status().code(), StatusCode::kUnavailable);
  fail("stat", "/c/job/chk-2/_metadata");
  EXPECT_EQ(list_checkpoints(job_).status().code(), StatusCode::kUnavailable);
}

TEST_F(Storage, DiscardsTheMetadataFirst) {
  put("/c/job/chk-2/_metadata");
  put("/c/job/chk-2/data-0-0000000000000001");
  fail("remove_all", "/c/job/chk-2");
  EXPECT_EQ(discard_checkpoint(job_, 2).code(), StatusCode::kUnavailable);
  EXPECT_EQ(list_checkpoints(job_).value().orphans, (Ids{2}));
  fail("", "");
  EXPECT_TRUE(discard_checkpoint(job_, 2).ok());
  EXPECT_FALSE(fs_->exists("/c/job/chk-2"));
  EXPECT_TRUE(discard_checkpoint(job_, 2).ok());
}

TEST_F(Storage, DiscardsNothingIfTheMetadataCannotBeRemoved) {
  put("/c/job/chk-2/_metadata");
  put("/c/job/chk-2/data-0-0000000000000001");
  fail("remove", "/c/job/chk-2/_metadata");
  EXPECT_EQ(discard_checkpoint(job_, 2).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(fs_->exists("/c/job/chk-2/data-0-0000000000000001"));
}

TEST_F(Storage, RemovesAnUnfinishedCheckpointInTwoSteps) {
  put("/c/job/chk-2/data-0-0000000000000001");
  put("/c/job/chk-2/_weir");
  EXPECT_TRUE(discard_unfinished(job_, 2, DirectoryAfterwards::kEmpty).ok());
  EXPECT_TRUE(fs_->list("/c/job/chk-2").value().empty());
  EXPECT_EQ(list_checkpoints(job_).value().highest, 2);
  EXPECT_TRUE(discard_unfinished(job_, 2, DirectoryAfterwards::kRemoved).ok());
  EXPECT_FALSE(fs_->exists("/c/job/chk-2"));
  EXPECT_TRUE(discard_unfinished(job_, 2, DirectoryAfterwards::kEmpty).ok());
}

TEST_F(Storage, RemovesOnlyTheDataFilesOfTheCoordinatorThatAborted) {
  const auto name = [](CoordinatorMark mark) {
    return data_file_name({0, data_file_nonce(mark, 0x1234'5678'9ABC'DEF0)});
  };
  const auto shared = [](CheckpointId id, CoordinatorMark mark) {
    return cat("/c/job/shared/", shared_file_name({id, {0, data_file_nonce(mark, 5)}}));
  };
  for (const CoordinatorMark mark : {7, 8}) {
    put(cat("/c/job/chk-2/", name(mark)));
    put(shared(2, mark));
    put(shared(3, mark));
  }
  put("/c/job/chk-2/_weir");
  EXPECT_EQ(name(7), "data-0-000000079abcdef0");
  EXPECT_TRUE(discard_aborted(job_, 2, 7).ok());
  EXPECT_FALSE(fs_->exists(cat("/c/job/chk-2/", name(7))));
  EXPECT_FALSE(fs_->exists(shared(2, 7)));
  EXPECT_TRUE(fs_->exists(cat("/c/job/chk-2/", name(8))));
  for (const std::string& other : {shared(2, 8), shared(3, 7), shared(3, 8)})
    EXPECT_TRUE(fs_->exists(other)) << other;
  EXPECT_TRUE(fs_->exists("/c/job/chk-2/_weir"));
  EXPECT_TRUE(discard_aborted(job_, 9, 7).ok());

  put("/c/job/chk-2/_metadata");
  EXPECT_EQ(discard_aborted(job_, 2, 8).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(fs_->exists(cat("/c/job/chk-2/", name(8))));
}

TEST_F(Storage, MarksOfCoordinatorsDifferByEpochAndByStart) {
  EXPECT_EQ(coordinator_mark(3, 4), coordinator_mark(3, 4));
  EXPECT_NE(coordinator_mark(3, 4), coordinator_mark(4, 4));
  EXPECT_NE(coordinator_mark(3, 4), coordinator_mark(3, 5));
  EXPECT_NE(coordinator_mark(3, 4), coordinator_mark(4, 3));
}

TEST_F(Storage, DoesNotDiscardACompleteCheckpointAsUnfinished) {
  put("/c/job/chk-2/_metadata");
  put("/c/job/chk-2/data-0-0000000000000001");
  for (const auto afterwards : {DirectoryAfterwards::kEmpty, DirectoryAfterwards::kRemoved}) {
    EXPECT_EQ(discard_unfinished(job_, 2, afterwards).code(), StatusCode::kFailedPrecondition);
  }
  fail("stat", "/c/job/chk-2/_metadata");
  EXPECT_EQ(discard_unfinished(job_, 2, DirectoryAfterwards::kRemoved).code(),
            StatusCode::kUnavailable);
  EXPECT_TRUE(fs_->exists("/c/job/chk-2/data-0-0000000000000001"));
}

}  // namespace
}  // namespace weir
