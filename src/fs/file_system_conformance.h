#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "fs/file_path.h"
#include "fs/file_system.h"

/// The conformance suite of FileSystem: a case for each guarantee and each code of file_system.h.
/// Include it in one source file of a test program and instantiate it there:
///     INSTANTIATE_TEST_SUITE_P(Memory, FileSystemConformance,
///     testing::Values(conformance_of("memory", [] { return … })));
/// Cases that need help from an implementation (a full disk, another user's directory) are tested
/// with the implementation.

namespace weir {

struct FileSystemUnderTest {
  std::shared_ptr<FileSystem> fs;
  std::string directory;  ///< exists, is empty, and belongs to this case alone; may be "/"
};

struct ConformanceParameter {
  std::string name;
  std::function<FileSystemUnderTest()> make;
  bool renames_directories = true;
  /// False: an object store, which has no rename and whose directories are prefixes of names: one
  /// that make_directories() did not make ends with its last entry, and a name below a file is
  /// possible.
  bool has_tree = true;
  /// The largest file that a case writes. Larger than the implementation's buffer, so that it has
  /// to write before close().
  size_t large_bytes = 1 << 20;
};

inline constexpr const char* kNoTree = "has no tree of directories";

inline void PrintTo(const ConformanceParameter& parameter, std::ostream* out) {
  *out << parameter.name;
}

class FileSystemConformance : public testing::TestWithParam<ConformanceParameter> {
 protected:
  void SetUp() override {
    FileSystemUnderTest made = GetParam().make();
    fs_ = std::move(made.fs);
    directory_ = std::move(made.directory);
    ASSERT_NE(fs_, nullptr);
  }

  bool has_tree() const { return GetParam().has_tree; }
  Status stage(const StagedFile& file, std::string_view bytes) {
    return stage_file(*fs_, file, bytes);
  }
  std::string at(std::string_view name) const { return join_path(directory_, name); }
  void write(const std::string& path, std::string_view bytes) {
    const Status status = write_file(*fs_, path, bytes);
    ASSERT_TRUE(status.ok()) << status.to_string();
  }
  std::string read(const std::string& path) {
    auto bytes = read_file(*fs_, path);
    EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
    return bytes.ok() ? *bytes : std::string("(unreadable)");
  }
  bool exists(const std::string& path) {
    const auto info = fs_->stat(path);
    EXPECT_TRUE(info.ok() || info.status().code() == StatusCode::kNotFound)
        << info.status().to_string();
    return info.ok();
  }
  std::vector<std::string> names(const std::string& path) {
    const auto entries = fs_->list(path);
    EXPECT_TRUE(entries.ok()) << entries.status().to_string();
    std::vector<std::string> found;
    if (entries.ok()) {
      for (const FileInfo& entry : *entries) found.push_back(entry.path);
    }
    return found;
  }

  std::shared_ptr<FileSystem> fs_;
  std::string directory_;
};

#define EXPECT_OK(expr)                                   \
  do {                                                    \
    const ::weir::Status weir_got_ = (expr);              \
    EXPECT_TRUE(weir_got_.ok()) << weir_got_.to_string(); \
  } while (false)
/// Also checks that the message names `path`, as all messages must.
#define EXPECT_REFUSED(expr, wanted, path)                                                      \
  do {                                                                                          \
    const ::weir::Status weir_got_ = (expr);                                                    \
    EXPECT_EQ(to_string(weir_got_.code()), to_string(wanted)) << weir_got_.to_string();         \
    EXPECT_NE(weir_got_.message().find(path), std::string_view::npos) << weir_got_.to_string(); \
  } while (false)

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

// --- 3: publication

TEST_P(FileSystemConformance, StagedFileAppearsOnlyWhenItIsPublished) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  const StagedFile file{at("d/.f"), at("d/f")};
  EXPECT_OK(stage(file, "bytes"));
  EXPECT_FALSE(exists(at("d/f")));
  const auto size = fs_->staged_size(file);
  ASSERT_TRUE(size.ok()) << size.status().to_string();
  EXPECT_EQ(*size, 5);
  EXPECT_OK(fs_->publish(file));
  EXPECT_EQ(read(at("d/f")), "bytes");
  EXPECT_EQ(names(at("d")), (std::vector<std::string>{at("d/f")}));
}

TEST_P(FileSystemConformance, PublishedFileIsNoLongerStaged) {
  const StagedFile file{at(".f"), at("f")};
  EXPECT_OK(stage(file, "bytes"));
  EXPECT_OK(fs_->publish(file));
  EXPECT_EQ(fs_->staged_size(file).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(fs_->publish(file).code(), StatusCode::kNotFound);
  EXPECT_EQ(fs_->discard(file).code(), StatusCode::kNotFound);
  EXPECT_EQ(read(at("f")), "bytes");
}

TEST_P(FileSystemConformance, PublishNeverReplaces) {
  const StagedFile file{at(".f"), at("f")};
  EXPECT_OK(stage(file, "new"));
  write(at("f"), "old");
  EXPECT_REFUSED(fs_->publish(file), StatusCode::kAlreadyExists, at("f"));
  EXPECT_EQ(read(at("f")), "old");
  EXPECT_OK(fs_->discard(file));
  EXPECT_EQ(names(directory_), (std::vector<std::string>{at("f")}));
}

TEST_P(FileSystemConformance, OneOfTwoPublicationsWins) {
  const StagedFile one{at(".one"), at("f")};
  const StagedFile two{at(".two"), at("f")};
  EXPECT_OK(stage(one, "1"));
  EXPECT_OK(stage(two, "2"));
  EXPECT_OK(fs_->publish(two));
  EXPECT_REFUSED(fs_->publish(one), StatusCode::kAlreadyExists, at("f"));
  EXPECT_OK(fs_->discard(one));
  EXPECT_EQ(read(at("f")), "2");
}

TEST_P(FileSystemConformance, DiscardedFileCannotBePublished) {
  const StagedFile file{at(".f"), at("f")};
  EXPECT_OK(stage(file, "bytes"));
  EXPECT_OK(fs_->discard(file));
  EXPECT_FALSE(fs_->publish(file).ok());
  EXPECT_FALSE(exists(at("f")));
  EXPECT_TRUE(names(directory_).empty());
  EXPECT_TRUE(fs_->unfinished(directory_)->empty());
}

TEST_P(FileSystemConformance, LargeStagedFileIsWhole) {
  const StagedFile file{at(".f"), at("f")};
  std::string bytes(GetParam().large_bytes, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i >> 7);
  EXPECT_OK(stage(file, bytes));
  EXPECT_OK(fs_->publish(file));
  EXPECT_TRUE(read(at("f")) == bytes);
}

TEST_P(FileSystemConformance, UnfinishedStagedFileIsFoundAndRemoved) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  ASSERT_TRUE(fs_->make_directories(at("other")).ok());
  const auto begin = [&](const StagedFile& file) {
    auto staged = fs_->stage(file, CreateMode::kExclusive);
    ASSERT_TRUE(staged.ok()) << staged.status().to_string();
    EXPECT_OK((*staged)->append(std::string(GetParam().large_bytes, 'x')));
  };
  begin({at("d/.f"), at("d/f")});
  begin({at("other/.f"), at("other/f")});
  const auto in = [&](const char* directory) {
    std::vector<std::string> found = names(at(directory));
    const auto unfinished = fs_->unfinished(at(directory));
    EXPECT_TRUE(unfinished.ok()) << unfinished.status().to_string();
    if (unfinished.ok()) found.insert(found.end(), unfinished->begin(), unfinished->end());
    return found;
  };
  // HDFS may lose a file that was never closed.
  const auto in_other = in("other");
  ASSERT_LE(in("d").size(), 1u);
  ASSERT_LE(in_other.size(), 1u);
  for (const std::string& path : in("d")) EXPECT_OK(fs_->remove(path));
  EXPECT_TRUE(in("d").empty());
  EXPECT_EQ(in("other"), in_other);
  EXPECT_OK(fs_->remove_all(at("other")));
  EXPECT_TRUE(fs_->unfinished(directory_)->empty());
}

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

// --- the functions built on them

TEST_P(FileSystemConformance, PublishPutsTheWholeFileAtThePathAndLeavesNothingElse) {
  ASSERT_TRUE(fs_->make_directories(at("d")).ok());
  EXPECT_OK(publish_file(*fs_, at("d/f"), "published", "attempt-1"));
  EXPECT_EQ(names(at("d")), (std::vector<std::string>{at("d/f")}));
  EXPECT_EQ(read(at("d/f")), "published");
}

TEST_P(FileSystemConformance, PublishNeverReplacesAndCleansUp) {
  EXPECT_OK(publish_file(*fs_, at("d/f"), "first", "attempt-1"));
  EXPECT_REFUSED(publish_file(*fs_, at("d/f"), "second", "attempt-2"), StatusCode::kAlreadyExists,
                 at("d/f"));
  EXPECT_EQ(names(at("d")), (std::vector<std::string>{at("d/f")}));
  EXPECT_EQ(read(at("d/f")), "first");
}

TEST_P(FileSystemConformance, PublishOverwritesItsOwnUnfinishedAttempt) {
  if (!fs_->stages_at_target()) write(at("d/f.attempt-1.tmp"), "half of what wa");
  EXPECT_OK(publish_file(*fs_, at("d/f"), "half of what was meant", "attempt-1"));
  EXPECT_EQ(names(at("d")), (std::vector<std::string>{at("d/f")}));
  EXPECT_EQ(read(at("d/f")), "half of what was meant");
}

TEST_P(FileSystemConformance, ReadOfNothingIsNotFound) {
  EXPECT_REFUSED(read_file(*fs_, at("f")).status(), StatusCode::kNotFound, at("f"));
}

#undef EXPECT_REFUSED
#undef EXPECT_OK

}  // namespace weir
