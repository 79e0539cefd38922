#include "checkpoint/publication.h"

#include <gtest/gtest.h>

#include "checkpoint/snapshot_loader.h"
#include "checkpoint/storage.h"
#include "checkpoint/testing/faulty_file_system.h"

namespace weir {
namespace {

using enum PublishOutcome;

constexpr const char* kData = "data-0-0000000000000001";
constexpr const char* kTemporary = "/c/job/chk-7/_metadata.inprogress-0000000000000005";

class Publication : public testing::Test {
 protected:
  Publication() {
    EXPECT_TRUE(write_file(fs_->inner(), std::string("/c/job/chk-7/") + kData, "0123456789").ok());
  }

  CheckpointContent content() const {
    CheckpointContent content;
    OperatorSnapshotState op;
    op.uid = "c";
    op.id = murmur3_128("c");
    op.max_parallelism = 2;
    op.subtasks[0].keyed_state = KeyedStateHandle{{0, 1}, {0, 5}, FileSegment{kData, 0, 10}};
    content.metadata = {7, {op}};
    content.sidecar.files = {{kData, 10, 1}};
    return content;
  }
  CheckpointPublication publication() { return CheckpointPublication(job_, content(), 5); }
  bool complete() { return fs_->exists("/c/job/chk-7/_metadata"); }

  std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  FileLocation job_{fs_, "/c/job", "mem:///c/job"};
};

TEST_F(Publication, SecondPublicationOfAnIdDoesNotTouchTheFirst) {
  ASSERT_EQ(publication().publish().outcome, kPublished);
  const std::string before = read_file(*fs_, "/c/job/chk-7/_metadata").value();
  CheckpointContent other = content();
  other.metadata.operators.clear();
  const PublishResult result = CheckpointPublication(job_, other, 6).publish();
  EXPECT_EQ(result.outcome, kForeign);
  EXPECT_EQ(result.status.code(), StatusCode::kAborted);
  EXPECT_EQ(read_file(*fs_, "/c/job/chk-7/_metadata").value(), before);
}

TEST_F(Publication, WritesTheMetadataLast) {
  std::vector<std::string> order;
  fs_->after = [&](std::string_view op, const std::string& path) {
    if (op == "close" || op == "rename") order.push_back(path);
    return Status();
  };
  const PublishResult result = publication().publish();
  EXPECT_EQ(result.outcome, kPublished);
  EXPECT_EQ(order,
            (std::vector<std::string>{"/c/job/chk-7/_weir", kTemporary, "/c/job/chk-7/_metadata"}));
  EXPECT_EQ(result.bytes, 10 + fs_->stat("/c/job/chk-7/_weir").value().size +
                              fs_->stat("/c/job/chk-7/_metadata").value().size);
}

TEST_F(Publication, RefusesADataFileThatIsNotAsAcknowledged) {
  fs_->before = [](std::string_view op, const std::string& path) {
    EXPECT_FALSE(op == "create") << path;
    return Status();
  };
  CheckpointContent changed = content();
  changed.sidecar.files[0].length = 11;
  PublishResult result = CheckpointPublication(job_, changed, 5).publish();
  EXPECT_EQ(result.outcome, kNotPublished);
  EXPECT_EQ(result.status.to_string(),
            "DATA_LOSS: cannot complete checkpoint 7: mem:///c/job/chk-7/data-0-0000000000000001 "
            "was acknowledged with 11 bytes, but has 10");
  ASSERT_TRUE(fs_->inner().remove(std::string("/c/job/chk-7/") + kData).ok());
  result = publication().publish();
  EXPECT_EQ(result.outcome, kNotPublished);
  EXPECT_EQ(result.status.to_string(),
            "DATA_LOSS: cannot complete checkpoint 7: mem:///c/job/chk-7/data-0-0000000000000001 "
            "was acknowledged with 10 bytes, but is not there");
}

TEST_F(Publication, DoesNotPublishADescriptionThatCannotBeReadBack) {
  CheckpointContent changed = content();
  OperatorStateDescription op;
  op.operator_id = murmur3_128("c");
  op.uid = "c";
  TypeDescription deep;
  for (int i = 0; i < 70; ++i) {
    TypeDescription list;
    list.kind = TypeKind::kList;
    list.children.push_back(deep);
    deep = list;
  }
  op.key_type = deep;
  changed.sidecar.operators = {op};
  const PublishResult result = CheckpointPublication(job_, changed, 5).publish();
  EXPECT_EQ(result.outcome, kNotPublished);
  EXPECT_NE(result.status.message().find("could not be read again"), std::string_view::npos)
      << result.status.message();
  EXPECT_FALSE(complete());
}

TEST_F(Publication, FailureBeforeTheRenamePublishesNothing) {
  int operations = 0;
  fs_->before = [&](std::string_view op, const std::string&) { return ++operations, Status(); };
  ASSERT_EQ(publication().publish().outcome, kPublished);
  ASSERT_GE(operations, 8);  // stat, (create, append, close) twice, rename
  for (int failing = 1; failing < operations; ++failing) {
    for (const bool lost : {false, true}) {  // not done, or done but the answer is lost
      ASSERT_TRUE(fs_->inner().remove_all("/c/job/chk-7").ok());
      ASSERT_TRUE(
          write_file(fs_->inner(), std::string("/c/job/chk-7/") + kData, "0123456789").ok());
      int count = 0;
      bool now = false;
      fs_->before = [&](std::string_view, const std::string&) {
        now = ++count == failing;
        return now && !lost ? unavailable("no answer") : Status();
      };
      fs_->after = [&](std::string_view, const std::string&) {
        return now && lost ? unavailable("lost answer") : Status();
      };
      const PublishResult result = publication().publish();
      if (result.outcome != kNotPublished) {
        EXPECT_TRUE(lost) << failing;  // reads and creates have no answer to lose here
        EXPECT_EQ(result.outcome, kPublished);
      }
      EXPECT_EQ(complete(), result.outcome == kPublished) << failing;
    }
  }
}

TEST_F(Publication, LooksUpTheOutcomeOfAnUnansweredRename) {
  fs_->after = [](std::string_view op, const std::string&) {
    return op == "rename" ? unavailable("lost answer") : Status();
  };
  const PublishResult result = publication().publish();
  EXPECT_EQ(result.outcome, kPublished);
  EXPECT_TRUE(result.status.ok());
  EXPECT_GT(result.bytes, 10);
}

TEST_F(Publication, FailedRenameCannotTakeEffectLater) {
  fs_->before = [](std::string_view op, const std::string&) {
    return op == "rename" ? unavailable("no answer") : Status();
  };
  const PublishResult result = publication().publish();
  EXPECT_EQ(result.outcome, kNotPublished);
  EXPECT_EQ(result.status.to_string(), "UNAVAILABLE: cannot complete checkpoint 7: no answer");
  EXPECT_EQ(fs_->inner().rename(kTemporary, "/c/job/chk-7/_metadata").code(),
            StatusCode::kNotFound);
}

TEST_F(Publication, SeesARenameThatHappensDuringTheLookup) {
  fs_->before = [this](std::string_view op, const std::string& path) {
    if (op == "rename") return unavailable("no answer yet");
    if (op == "remove") {
      EXPECT_TRUE(fs_->inner().rename(kTemporary, "/c/job/chk-7/_metadata").ok());
    }
    return Status();
  };
  EXPECT_EQ(publication().publish().outcome, kPublished);
}

TEST_F(Publication, IsUnknownUntilStorageAnswers) {
  bool answers = false;
  bool renamed = false;
  for (const bool happened : {true, false}) {
    SCOPED_TRACE(happened);
    ASSERT_TRUE(fs_->inner().remove_all("/c/job/chk-7").ok());
    ASSERT_TRUE(write_file(fs_->inner(), std::string("/c/job/chk-7/") + kData, "0123456789").ok());
    answers = renamed = false;
    fs_->before = [&](std::string_view op, const std::string&) {
      if (op == "rename") renamed = true;
      return renamed && !answers && (op != "rename" || !happened) ? unavailable("no answer")
                                                                  : Status();
    };
    fs_->after = [&](std::string_view op, const std::string&) {
      return op == "rename" ? unavailable("lost answer") : Status();
    };
    CheckpointPublication subject = publication();
    PublishResult result = subject.publish();
    EXPECT_EQ(result.outcome, kUnknown);
    EXPECT_EQ(result.status.to_string(),
              "UNAVAILABLE: cannot tell whether checkpoint 7 is complete in mem:///c/job/chk-7: no "
              "answer");
    EXPECT_EQ(subject.resolve().outcome, kUnknown);
    answers = true;
    result = subject.resolve();
    EXPECT_EQ(result.outcome, happened ? kPublished : kNotPublished);
    EXPECT_EQ(result.status.ok(), happened);
    EXPECT_EQ(complete(), happened);
  }
}

TEST_F(Publication, IsUnknownWhileTheTemporaryFileMayStillBeRenamed) {
  fs_->before = [](std::string_view op, const std::string&) {
    return op == "rename" || op == "remove" ? unavailable("no answer") : Status();
  };
  EXPECT_EQ(publication().publish().outcome, kUnknown);
}

TEST_F(Publication, RecognizesAForeignPublication) {
  fs_->before = [this](std::string_view op, const std::string& path) {
    if (op == "rename") { EXPECT_TRUE(write_file(fs_->inner(), path, "another's").ok()); }
    return Status();
  };
  EXPECT_EQ(publication().publish().outcome, kForeign);
  EXPECT_EQ(read_file(*fs_, "/c/job/chk-7/_metadata").value(), "another's");
}

}  // namespace
}  // namespace weir
