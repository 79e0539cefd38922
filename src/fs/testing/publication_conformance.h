#pragma once

// Cases of staged files, and of the functions that are built on them. See
// fs/file_system_conformance.h.

#include "fs/testing/file_system_under_test.h"

namespace weir {

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

}  // namespace weir
