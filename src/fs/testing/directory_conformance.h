#pragma once

// Cases of removal, listings and names. See fs/file_system_conformance.h.

#include "fs/testing/file_system_under_test.h"

namespace weir {

// --- 4: removal

TEST_P(FileSystemConformance, RemoveFreesThePath) {
  write(at("f"), "x");
  EXPECT_OK(fs_->remove(at("f")));
  EXPECT_FALSE(exists(at("f")));
  write(at("f"), "again");
  EXPECT_EQ(read(at("f")), "again");
}

TEST_P(FileSystemConformance, RemoveOfNothingIsNotFound) {
  EXPECT_REFUSED(fs_->remove(at("f")), StatusCode::kNotFound, at("f"));
  write(at("file"), "x");
  EXPECT_REFUSED(fs_->remove(at("file/below")), StatusCode::kNotFound, at("file/below"));
}

TEST_P(FileSystemConformance, RemoveAcceptsOnlyEmptyDirectories) {
  write(at("d/f"), "x");
  EXPECT_REFUSED(fs_->remove(at("d")), StatusCode::kFailedPrecondition, at("d"));
  EXPECT_EQ(read(at("d/f")), "x");
  EXPECT_OK(fs_->remove(at("d/f")));
  if (has_tree()) EXPECT_OK(fs_->remove(at("d")));
  EXPECT_FALSE(exists(at("d")));
  EXPECT_OK(fs_->make_directories(at("made")));
  EXPECT_OK(fs_->remove(at("made")));
  EXPECT_FALSE(exists(at("made")));
}

TEST_P(FileSystemConformance, RemoveAllRemovesADirectoryWithItsContentAndNothingElse) {
  write(at("d/a/f"), "x");
  write(at("d/g"), "x");
  write(at("d.other"), "stays");
  EXPECT_OK(fs_->remove_all(at("d")));
  EXPECT_EQ(names(directory_), (std::vector<std::string>{at("d.other")}));
}

TEST_P(FileSystemConformance, RemoveAllRemovesAFile) {
  write(at("f"), "x");
  EXPECT_OK(fs_->remove_all(at("f")));
  EXPECT_FALSE(exists(at("f")));
}

TEST_P(FileSystemConformance, RemoveAllOfNothingIsOk) {
  EXPECT_OK(fs_->remove_all(at("nothing")));
  EXPECT_OK(fs_->remove_all(at("nothing/below")));
}

// --- 5: listing, and stat

TEST_P(FileSystemConformance, ListGivesTheEntriesSortedByPath) {
  write(at("d/b"), "12345");
  write(at("d/a/deep"), "x");
  write(at("d/a.b"), "");
  write(at("d.beside"), "");
  const auto entries = fs_->list(at("d"));
  ASSERT_TRUE(entries.ok()) << entries.status().to_string();
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].path, at("d/a"));
  EXPECT_TRUE((*entries)[0].is_directory);
  EXPECT_EQ((*entries)[0].size, 0);
  EXPECT_EQ((*entries)[1].path, at("d/a.b"));
  EXPECT_EQ((*entries)[2].path, at("d/b"));
  EXPECT_FALSE((*entries)[2].is_directory);
  EXPECT_EQ((*entries)[2].size, 5);
}

TEST_P(FileSystemConformance, ListOfADirectoryWithManyEntriesIsComplete) {
  for (int i = 100; i < 160; ++i) ASSERT_TRUE(fs_->make_directories(at(cat("d/", i))).ok());
  const auto found = names(at("d"));
  ASSERT_EQ(found.size(), 60u);
  EXPECT_EQ(found.front(), at("d/100"));
  EXPECT_EQ(found.back(), at("d/159"));
}

TEST_P(FileSystemConformance, ListOfAnEmptyDirectoryIsEmpty) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  EXPECT_TRUE(names(at("d")).empty());
}

TEST_P(FileSystemConformance, ListOfNothingIsNotFound) {
  EXPECT_REFUSED(fs_->list(at("d")).status(), StatusCode::kNotFound, at("d"));
}

TEST_P(FileSystemConformance, ListOfAFileFails) {
  write(at("f"), "x");
  EXPECT_REFUSED(fs_->list(at("f")).status(), StatusCode::kFailedPrecondition, at("f"));
}

TEST_P(FileSystemConformance, StatDistinguishesFilesDirectoriesAndNothing) {
  write(at("d/f"), "four");
  const auto file = fs_->stat(at("d/f"));
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_FALSE(file->is_directory);
  EXPECT_EQ(file->size, 4);
  const auto directory = fs_->stat(at("d"));
  ASSERT_TRUE(directory.ok()) << directory.status().to_string();
  EXPECT_TRUE(directory->is_directory);
  EXPECT_EQ(directory->path, at("d"));
  EXPECT_EQ(directory->size, 0);
  EXPECT_REFUSED(fs_->stat(at("d/g")).status(), StatusCode::kNotFound, at("d/g"));
  EXPECT_REFUSED(fs_->stat(at("d/f/g")).status(), StatusCode::kNotFound, at("d/f/g"));
}

// --- directories and names

TEST_P(FileSystemConformance, MakeDirectoriesMakesParentsAndMayBeRepeated) {
  EXPECT_OK(fs_->make_directories(at("a/b/c")));
  EXPECT_OK(fs_->make_directories(at("a/b/c")));
  EXPECT_OK(fs_->make_directories(at("a")));
  EXPECT_TRUE(fs_->stat(at("a/b/c"))->is_directory);
}

TEST_P(FileSystemConformance, MakeDirectoriesInPlaceOfAFileFails) {
  write(at("f"), "x");
  EXPECT_REFUSED(fs_->make_directories(at("f")), StatusCode::kFailedPrecondition, at("f"));
  EXPECT_REFUSED(fs_->make_directories(at("f/d")), StatusCode::kFailedPrecondition, at("f"));
}

TEST_P(FileSystemConformance, NamesAreTakenLiterally) {
  for (const std::string name : {"a b", "100%25+&=?#", "k=v;x,y", "käse-日本", "_metadata",
                                 ".hidden", "~x", "a'b\"c", "[x]{y}*"}) {
    write(at(name), name);
    EXPECT_EQ(read(at(name)), name);
    EXPECT_EQ(names(directory_), (std::vector<std::string>{at(name)}));
    EXPECT_OK(fs_->remove(at(name)));
    EXPECT_OK(publish_file(*fs_, at(name + ".published"), name, "attempt"));
    EXPECT_EQ(names(directory_), (std::vector<std::string>{at(name + ".published")}));
    EXPECT_OK(fs_->remove(at(name + ".published")));
  }
}

TEST_P(FileSystemConformance, PathsThatAreNotNormalAreRefused) {
  for (const std::string path : {"", "relative", "/a/", "/a//b", "/a/./b", "/a/../b", "//"}) {
    EXPECT_EQ(fs_->create(path, CreateMode::kReplace).status().code(), StatusCode::kInvalidArgument)
        << path;
    EXPECT_EQ(fs_->open(path).status().code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(fs_->stat(path).status().code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(fs_->list(path).status().code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(fs_->make_directories(path).code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(fs_->rename(path, at("to")).code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(fs_->rename(at("from"), path).code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(fs_->remove(path).code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(fs_->remove_all(path).code(), StatusCode::kInvalidArgument) << path;
  }
  EXPECT_EQ(fs_->remove_all("/").code(), StatusCode::kInvalidArgument);
}

}  // namespace weir
