#pragma once

// Cases of rename(). See fs/file_system_conformance.h.

#include "fs/testing/file_system_under_test.h"

namespace weir {

// --- rename

TEST_P(FileSystemConformance, RenameMovesTheWholeFile) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("from"), "bytes");
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  EXPECT_OK(fs_->rename(at("from"), at("d/to")));
  EXPECT_FALSE(exists(at("from")));
  EXPECT_EQ(read(at("d/to")), "bytes");
}

TEST_P(FileSystemConformance, RenameNeverReplacesAFile) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("from"), "new");
  write(at("to"), "old");
  EXPECT_REFUSED(fs_->rename(at("from"), at("to")), StatusCode::kAlreadyExists, at("to"));
  EXPECT_EQ(read(at("from")), "new");
  EXPECT_EQ(read(at("to")), "old");
}

TEST_P(FileSystemConformance, RenameNeverMovesIntoAnExistingDirectory) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("from"), "new");
  ASSERT_TRUE(fs_->make_directories(at("to")).ok());
  EXPECT_REFUSED(fs_->rename(at("from"), at("to")), StatusCode::kAlreadyExists, at("to"));
  EXPECT_EQ(read(at("from")), "new");
  EXPECT_TRUE(names(at("to")).empty());
}

TEST_P(FileSystemConformance, RenameOntoItselfFails) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("f"), "x");
  EXPECT_REFUSED(fs_->rename(at("f"), at("f")), StatusCode::kAlreadyExists, at("f"));
  EXPECT_EQ(read(at("f")), "x");
}

TEST_P(FileSystemConformance, RenameOfNothingIsNotFound) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  EXPECT_REFUSED(fs_->rename(at("from"), at("to")), StatusCode::kNotFound, at("from"));
  EXPECT_FALSE(exists(at("to")));
}

TEST_P(FileSystemConformance, RenameOfNothingOntoAFileLeavesTheFile) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("to"), "old");
  EXPECT_FALSE(fs_->rename(at("from"), at("to")).ok());
  EXPECT_EQ(read(at("to")), "old");
}

TEST_P(FileSystemConformance, RenameIntoAMissingDirectoryFails) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("from"), "x");
  EXPECT_REFUSED(fs_->rename(at("from"), at("d/to")), StatusCode::kNotFound, at("d"));
  EXPECT_EQ(read(at("from")), "x");
}

TEST_P(FileSystemConformance, RenameBelowAFileFails) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("from"), "x");
  write(at("f"), "y");
  EXPECT_REFUSED(fs_->rename(at("from"), at("f/to")), StatusCode::kFailedPrecondition, at("f"));
  EXPECT_EQ(read(at("from")), "x");
}

TEST_P(FileSystemConformance, RenameMovesADirectoryWithItsContent) {
  if (!has_tree() || !GetParam().renames_directories)
    GTEST_SKIP() << "refused by this one, with UNIMPLEMENTED";
  write(at("from/a/f"), "x");
  write(at("from.not"), "y");
  EXPECT_OK(fs_->rename(at("from"), at("to")));
  EXPECT_EQ(read(at("to/a/f")), "x");
  EXPECT_EQ(read(at("from.not")), "y");
  EXPECT_FALSE(exists(at("from")));
  EXPECT_FALSE(exists(at("from/a/f")));
}

TEST_P(FileSystemConformance, RenameOfADirectoryNeverReplacesAnEmptyOne) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("from/f"), "x");
  ASSERT_TRUE(fs_->make_directories(at("to")).ok());
  EXPECT_REFUSED(fs_->rename(at("from"), at("to")), StatusCode::kAlreadyExists, at("to"));
  EXPECT_EQ(read(at("from/f")), "x");
}

TEST_P(FileSystemConformance, RenameOfADirectoryIntoItselfIsRefused) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  EXPECT_REFUSED(fs_->rename(at("d"), at("d/e")), StatusCode::kInvalidArgument, at("d"));
}

}  // namespace weir
