#include "cluster/roles/job_archive.h"

#include <gtest/gtest.h>

#include "cluster/testing/fake_world.h"
#include "fs/file_system.h"

namespace weir::cluster_tests {
namespace {

class JobArchiveTest : public testing::Test {
 protected:
  JobArchiveTest() {
    job_.job_id = "0000000000000000000000000000000a";
    job_.state = "FINISHED";
    job_.name = "first";
    job_.entered_ms = {{"RUNNING", 1}, {"FINISHED", 2}};
    EXPECT_TRUE(configuration_.set("jobmanager.archive.fs.dir", "mem:///a/archive").ok());
  }
  StatusOr<std::optional<JobArchive>> open() {
    return JobArchive::of(configuration_, world_.platform.files);
  }
  Status store() { return (*open())->store(job_); }
  std::string stored() {
    const auto text = read_file(*world_.fs, "/a/archive/" + job_.job_id);
    return text.ok() ? *text : text.status().to_string();
  }

  FakeWorld world_;
  Configuration configuration_;
  JobSnapshot job_;
};

TEST_F(JobArchiveTest, KeepsTheLatestRunOfAJob) {
  ASSERT_TRUE(store().ok());
  EXPECT_NE(stored().find("first"), std::string::npos) << stored();
  job_.name = "second";
  ASSERT_TRUE(store().ok());
  EXPECT_NE(stored().find("second"), std::string::npos) << stored();
  EXPECT_EQ(world_.fs->list("/a/archive")->size(), 1u) << "nothing else is left";
}

TEST_F(JobArchiveTest, AProcessThatHasNotRunTheJobReplacesNothing) {
  job_.entered_ms.erase("RUNNING");
  job_.name = "refused";
  ASSERT_TRUE(store().ok());
  EXPECT_NE(stored().find("refused"), std::string::npos) << "there was no archive yet";
  job_.name = "standby";
  ASSERT_TRUE(store().ok());
  EXPECT_EQ(stored().find("standby"), std::string::npos);
}

TEST_F(JobArchiveTest, IsOptionalAndItsPlaceIsChecked) {
  ASSERT_TRUE(configuration_.set("jobmanager.archive.fs.dir", "mem:relative").ok());
  ASSERT_FALSE(open().ok());
  EXPECT_NE(open().status().message().find("jobmanager.archive.fs.dir"), std::string::npos);
  EXPECT_FALSE(JobArchive::of(Configuration(), world_.platform.files)->has_value());
}

TEST_F(JobArchiveTest, AFailureOfTheStorageIsReported) {
  world_.fs->before = [](std::string_view op, const std::string&) {
    return op == "rename" ? unavailable("no answer") : Status();
  };
  EXPECT_FALSE(store().ok());
}

}  // namespace
}  // namespace weir::cluster_tests
