#include "platform/private_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

class PrivateDirectoryTest : public testing::Test {
 protected:
  PrivateDirectoryTest() { EXPECT_NE(::mkdtemp(parent_.data()), nullptr); }
  ~PrivateDirectoryTest() override { std::filesystem::remove_all(parent_); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(parent_), {}));
  }
  std::unique_ptr<PrivateDirectory> make() const {
    return PrivateDirectory::make(parent_, "weir-state-").value();
  }

  std::string parent_ = (std::filesystem::temp_directory_path() / "weir-private-XXXXXX").string();
};

TEST_F(PrivateDirectoryTest, OnlyItsUserMayEnterAndItsNameIsRandom) {
  const auto first = make();
  const auto second = make();
  EXPECT_NE(first->path(), second->path());
  struct stat made{};
  ASSERT_EQ(::stat(first->path().c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0700u);
  EXPECT_EQ(made.st_uid, ::geteuid());
}

TEST_F(PrivateDirectoryTest, IsRemovedWithItsOwner) {
  auto directory = make();
  std::ofstream(directory->path() + "/copy") << "state";
  directory.reset();
  EXPECT_EQ(entries(), 0u);
}

TEST_F(PrivateDirectoryTest, DirectoryOfADeadProcessIsRemovedAndThatOfALivingOneKept) {
  EXPECT_EXIT(
      {
        const auto directory = make();
        std::ofstream(directory->path() + "/copy") << "state";
        ::raise(SIGKILL);
      },
      testing::KilledBySignal(SIGKILL), "");
  ASSERT_EQ(entries(), 1u);
  const auto first = make();
  EXPECT_EQ(entries(), 1u) << "only its own";
  std::ofstream(first->path() + "/copy") << "state";
  const auto second = make();
  EXPECT_TRUE(std::filesystem::exists(first->path() + "/copy"));
}

TEST_F(PrivateDirectoryTest, LinksAndDirectoriesOfOthersAreLeftAlone) {
  const std::string victim = parent_ + "/victim";
  std::filesystem::create_directory(victim);
  std::ofstream(victim + "/kept") << "precious";
  std::filesystem::create_directory_symlink(victim, parent_ + "/weir-state-link");
  const std::string foreign = parent_ + "/weir-state-foreign";
  std::filesystem::create_directory(foreign);
  const bool root = ::geteuid() == 0;
  if (root) { ASSERT_EQ(::chown(foreign.c_str(), 12345, 12345), 0); }
  const auto made = make();
  EXPECT_TRUE(std::filesystem::exists(victim + "/kept"));
  EXPECT_EQ(std::filesystem::exists(foreign), root);
}

TEST_F(PrivateDirectoryTest, MissingParentIsNamed) {
  const auto made = PrivateDirectory::make("/nowhere", "weir-state-");
  EXPECT_EQ(made.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(made.status().message(),
            "cannot make a directory in /nowhere: No such file or directory");
}

}  // namespace
}  // namespace weir
