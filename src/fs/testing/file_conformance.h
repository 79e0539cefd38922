#pragma once

// Cases of files: exclusive creation, and bytes that are persistent. See
// fs/file_system_conformance.h.

#include "fs/testing/file_system_under_test.h"

namespace weir {

// --- 1: exclusive creation

TEST_P(FileSystemConformance, ExclusiveCreateOfAnExistingFileFailsAndLeavesIt) {
  write(at("f"), "first");
  EXPECT_REFUSED(fs_->create(at("f"), CreateMode::kExclusive).status(), StatusCode::kAlreadyExists,
                 at("f"));
  EXPECT_REFUSED(write_file(*fs_, at("f"), "second"), StatusCode::kAlreadyExists, at("f"));
  EXPECT_EQ(read(at("f")), "first");
}

TEST_P(FileSystemConformance, OneOfTwoExclusiveWritersWins) {
  auto one = fs_->create(at("f"), CreateMode::kExclusive);
  auto two = fs_->create(at("f"), CreateMode::kExclusive);
  const auto finish = [](StatusOr<std::unique_ptr<WritableFile>>& file, std::string_view bytes) {
    if (!file.ok()) return file.status();
    const Status appended = (*file)->append(bytes);
    const Status closed = (*file)->close();
    return appended.ok() ? closed : appended;
  };
  const Status first = finish(one, "one");
  const Status second = finish(two, "two");
  ASSERT_NE(first.ok(), second.ok()) << first.to_string() << " / " << second.to_string();
  EXPECT_REFUSED(first.ok() ? second : first, StatusCode::kAlreadyExists, at("f"));
  EXPECT_EQ(read(at("f")), first.ok() ? "one" : "two");
}

TEST_P(FileSystemConformance, ExclusiveCreateOfADirectoryFails) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  EXPECT_REFUSED(write_file(*fs_, at("d"), "x"), StatusCode::kAlreadyExists, at("d"));
}

TEST_P(FileSystemConformance, ReplacingCreateDropsTheOldBytes) {
  write(at("f"), "a long first content");
  auto file = fs_->create(at("f"), CreateMode::kReplace);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_OK((*file)->append("new"));
  EXPECT_OK((*file)->close());
  EXPECT_EQ(read(at("f")), "new");
}

TEST_P(FileSystemConformance, ReplacingCreateMakesAMissingFile) {
  auto file = fs_->create(at("d/f"), CreateMode::kReplace);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_OK((*file)->close());
  EXPECT_EQ(read(at("d/f")), "");
}

TEST_P(FileSystemConformance, ReplacingCreateNeverReplacesADirectory) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  EXPECT_REFUSED(fs_->create(at("d"), CreateMode::kReplace).status(),
                 StatusCode::kFailedPrecondition, at("d"));
  EXPECT_TRUE(exists(at("d")));
}

TEST_P(FileSystemConformance, CreateMakesMissingParents) {
  write(at("a/b/c"), "deep");
  EXPECT_EQ(read(at("a/b/c")), "deep");
  EXPECT_TRUE(fs_->stat(at("a/b"))->is_directory);
}

TEST_P(FileSystemConformance, CreateBelowAFileFails) {
  if (!has_tree()) GTEST_SKIP() << kNoTree;
  write(at("f"), "x");
  EXPECT_REFUSED(write_file(*fs_, at("f/below"), "y"), StatusCode::kFailedPrecondition, at("f"));
  EXPECT_EQ(read(at("f")), "x");
}

// --- 2: closed files are persistent

TEST_P(FileSystemConformance, AppendsAreReadBackInOrder) {
  auto file = fs_->create(at("f"), CreateMode::kExclusive);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_OK((*file)->append("one "));
  EXPECT_OK((*file)->append(""));
  EXPECT_OK((*file)->append("two "));
  EXPECT_OK((*file)->append("three"));
  EXPECT_OK((*file)->close());
  EXPECT_EQ(read(at("f")), "one two three");
}

TEST_P(FileSystemConformance, EmptyFileIsAFile) {
  write(at("f"), "");
  const auto info = fs_->stat(at("f"));
  ASSERT_TRUE(info.ok()) << info.status().to_string();
  EXPECT_EQ(info->path, at("f"));
  EXPECT_FALSE(info->is_directory);
  EXPECT_EQ(info->size, 0);
  EXPECT_EQ(read(at("f")), "");
}

TEST_P(FileSystemConformance, EveryByteValueSurvives) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  bytes += "\r\n\r\n0\r\n";
  write(at("f"), bytes);
  EXPECT_EQ(read(at("f")), bytes);
}

TEST_P(FileSystemConformance, LargeFileWrittenInPiecesIsWhole) {
  auto file = fs_->create(at("f"), CreateMode::kExclusive);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  std::string expected;
  uint32_t random = 12345;
  for (size_t piece = 1; expected.size() < GetParam().large_bytes; piece = piece * 3 % 300007) {
    std::string bytes(piece, '\0');
    for (char& c : bytes) c = static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
    EXPECT_OK((*file)->append(bytes));
    expected += bytes;
  }
  EXPECT_OK((*file)->close());
  EXPECT_EQ(fs_->stat(at("f"))->size, static_cast<int64_t>(expected.size()));
  EXPECT_TRUE(read(at("f")) == expected)
      << "the content of " << expected.size() << " bytes differs";
}

TEST_P(FileSystemConformance, UnclosedFileHoldsAtMostAPrefix) {
  {
    auto file = fs_->create(at("f"), CreateMode::kExclusive);
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    EXPECT_OK((*file)->append("abandoned"));
  }
  if (exists(at("f"))) {
    EXPECT_TRUE(std::string_view("abandoned").starts_with(read(at("f"))));
    EXPECT_OK(fs_->remove(at("f")));
  }
}

TEST_P(FileSystemConformance, ClosedFileRejectsFurtherBytes) {
  auto file = fs_->create(at("f"), CreateMode::kExclusive);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_OK((*file)->append("x"));
  EXPECT_OK((*file)->close());
  EXPECT_EQ((*file)->append("y").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ((*file)->close().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(read(at("f")), "x");
}

TEST_P(FileSystemConformance, ReadAtGivesFewerBytesOnlyAtTheEnd) {
  write(at("f"), "0123456789");
  auto file = fs_->open(at("f"));
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_EQ((*file)->size(), 10);
  std::string out = "left over";
  EXPECT_OK((*file)->read_at(2, 3, &out));
  EXPECT_EQ(out, "234");
  EXPECT_OK((*file)->read_at(0, 10, &out));
  EXPECT_EQ(out, "0123456789");
  EXPECT_OK((*file)->read_at(8, 100, &out));
  EXPECT_EQ(out, "89");
  EXPECT_OK((*file)->read_at(10, 1, &out));
  EXPECT_EQ(out, "");
  EXPECT_OK((*file)->read_at(1000, 1, &out));
  EXPECT_EQ(out, "");
  EXPECT_OK((*file)->read_at(3, 0, &out));
  EXPECT_EQ(out, "");
}

TEST_P(FileSystemConformance, ReadAtRefusesNegativeNumbers) {
  write(at("f"), "x");
  auto file = fs_->open(at("f"));
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  std::string out;
  EXPECT_REFUSED((*file)->read_at(-1, 1, &out), StatusCode::kInvalidArgument, at("f"));
  EXPECT_REFUSED((*file)->read_at(0, -1, &out), StatusCode::kInvalidArgument, at("f"));
}

TEST_P(FileSystemConformance, OpenOfNothingIsNotFound) {
  EXPECT_REFUSED(fs_->open(at("f")).status(), StatusCode::kNotFound, at("f"));
  write(at("file"), "x");
  EXPECT_REFUSED(fs_->open(at("file/below")).status(), StatusCode::kNotFound, at("file/below"));
}

TEST_P(FileSystemConformance, OpenOfADirectoryFails) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  EXPECT_REFUSED(fs_->open(at("d")).status(), StatusCode::kFailedPrecondition, at("d"));
}

}  // namespace weir
