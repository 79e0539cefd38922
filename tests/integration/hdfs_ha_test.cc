#include <gtest/gtest.h>
#include <unistd.h>

#include "base/strings.h"
#include "hdfs_fixture.h"

namespace weir {
namespace {

/// An HDFS with two NameNodes, nn1 active at first: WEIR_TEST_HDFS is the nameservice.
class HdfsHaTest : public HdfsTest {
 protected:
  void SetUp() override {
    if (!environment("WEIR_TEST_HDFS_HA")) GTEST_SKIP() << "WEIR_TEST_HDFS is not a nameservice";
    HdfsTest::SetUp();
  }
};

TEST_F(HdfsHaTest, WorkContinuesAfterAFailoverAndBack) {
  for (int round = 0; round < 2; ++round) {
    const std::string before = at(cat("before-", round)), after = at(cat("after-", round));
    ASSERT_EQ(publish_file(*directory_.fs, before, "before", "u").to_string(), "OK");
    ASSERT_TRUE(run_tool("failover"));
    EXPECT_EQ(*read_file(*directory_.fs, before), "before");
    EXPECT_EQ(publish_file(*directory_.fs, after, "after", "u").to_string(), "OK");
    EXPECT_EQ(*read_file(*directory_.fs, after), "after");
    EXPECT_EQ(directory_.fs->list(directory_.path)->size(), static_cast<size_t>(2 * (round + 1)));
  }
}

TEST_F(HdfsHaTest, ClientThatStartsAtTheStandbyFindsTheActiveOne) {
  ASSERT_TRUE(run_tool("failover"));
  auto fresh = files_as(process_login_user());
  const auto location = fresh->resolve(directory_.child("f").uri);
  ASSERT_TRUE(location.ok());
  EXPECT_EQ(write_file(*location->fs, location->path, std::string(6'000'000, 'x')).to_string(),
            "OK");
  EXPECT_EQ(location->fs->stat(location->path)->size, 6'000'000);
}

TEST_F(HdfsHaTest, ObserverIsNotTrusted) {
  // The first NameNode in the configuration is asked first, so it must be the observer.
  if (tool_output("state nn1") != "standby\n") ASSERT_TRUE(run_tool("failover"));
  ASSERT_TRUE(run_tool("observer begin"));
  auto fresh = files_as(process_login_user());
  const auto location = fresh->resolve(directory_.child("new").uri);
  ASSERT_TRUE(location.ok());
  const Status written = write_file(*location->fs, location->path, "x");
  // At once, because an observer lags behind.
  const auto seen =
      files_as(process_login_user())->resolve(directory_.uri)->fs->list(directory_.path);
  EXPECT_TRUE(run_tool("observer end"));
  EXPECT_EQ(written.to_string(), "OK");
  ASSERT_TRUE(seen.ok()) << seen.status().to_string();
  EXPECT_EQ(seen->size(), 1u);
}

}  // namespace
}  // namespace weir
