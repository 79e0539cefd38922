// FileSink on storage that keeps unpublished files out of sight, under their final names.

#include <gtest/gtest.h>

#include "connectors/test_host.h"
#include "fs/file_path.h"
#include "weir/connector/file_sink.h"
#include "weir/detail/connector/sink_operator.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;
using LineSink = detail::SinkOperator<std::string, FileSink<std::string>>;
constexpr char kOut[] = "/out";

/// A store like S3, in memory.
class ObjectStore final : public FileSystem {
 public:
  MemoryFileSystem visible, uploads;  ///< both by the final path

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                 CreateMode mode) override {
    return visible.create(path, mode);
  }
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    return visible.open(path);
  }
  StatusOr<FileInfo> stat(const std::string& path) override { return visible.stat(path); }
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override {
    return visible.list(path);
  }
  Status make_directories(const std::string& path) override {
    return visible.make_directories(path);
  }
  Status rename(const std::string& from, const std::string&) override {
    return unimplemented("no rename of " + from);
  }
  Status remove(const std::string& path) override {
    const Status aborted = uploads.remove(path);
    const Status removed = visible.remove(path);
    return aborted.ok() ? aborted : removed;
  }
  Status remove_all(const std::string& path) override { return visible.remove_all(path); }
  Durability durability() const override { return Durability::kPower; }
  StatusOr<std::unique_ptr<WritableFile>> stage(const StagedFile& file, CreateMode) override {
    return uploads.create(file.target, CreateMode::kExclusive);
  }
  StatusOr<int64_t> staged_size(const StagedFile& file) override {
    const auto info = uploads.stat(file.target);
    if (!info.ok()) return info.status();
    return info->size;
  }
  Status publish(const StagedFile& file) override {
    const auto bytes = read_file(uploads, file.target);
    if (!bytes.ok()) return bytes.status();
    const Status written = write_file(visible, file.target, *bytes);
    return written.ok() ? uploads.remove(file.target) : written;
  }
  Status discard(const StagedFile& file) override { return uploads.remove(file.target); }
  bool stages_at_target() const override { return true; }
  StatusOr<std::vector<std::string>> unfinished(const std::string& directory) override {
    std::vector<std::string> paths;
    add_uploads("/", paths);
    std::erase_if(paths, [&](const auto& path) { return !is_at_or_below(path, directory); });
    return paths;
  }

 private:
  void add_uploads(const std::string& directory, std::vector<std::string>& paths) {
    const auto entries = uploads.list(directory);
    for (const FileInfo& entry : *entries) {
      if (entry.is_directory) add_uploads(entry.path, paths);
      else paths.push_back(entry.path);
    }
  }
};

/// The bucket of "a:1" is "a".
FileSink<std::string> bucketed() {
  FileSink<std::string> sink(kOut);
  sink.with_bucket_assigner(
      [](const std::string& record) { return record.substr(0, record.find(':')); });
  return sink;
}

struct Life {
  Life(std::shared_ptr<FileSystem> fs, TestHost::Place place, TestHost::Lists restored = {},
       FileSink<std::string> file_sink = FileSink<std::string>(kOut))
      : host(std::move(fs), place, std::move(restored)),
        sink(std::make_shared<FileSink<std::string>>(std::move(file_sink))) {
    EXPECT_TRUE(sink.open(host).ok());
    sink.can_accept();  // the attempt runs
    host.run_jobs();
    EXPECT_TRUE(host.failure.ok()) << host.failure.to_string();
  }
  void write(const Lines& lines) {
    BatchOf<std::string> batch;
    for (const std::string& line : lines) batch.add(line, kNoTimestamp);
    sink.process(batch, none);
  }
  TestHost::Lists acknowledge(int64_t id) {
    TestSnapshot taken(id);
    EXPECT_TRUE(sink.snapshot(taken).ok());
    EXPECT_TRUE(taken.acknowledge().ok());
    return taken.lists;
  }
  TestHost::Lists checkpoint(int64_t id) {
    TestHost::Lists state = acknowledge(id);
    sink.checkpoint_completed(id);
    host.run_jobs();
    EXPECT_TRUE(host.failure.ok()) << host.failure.to_string();
    return state;
  }
  TestHost host;
  LineSink sink;
  NoOutput none;
};

class FileSinkOnObjects : public ::testing::Test {
 protected:
  Lines committed() { return committed_lines(*fs, kOut); }
  size_t uploads() { return fs->unfinished("/")->size(); }
  std::shared_ptr<ObjectStore> fs = std::make_shared<ObjectStore>();
};

TEST_F(FileSinkOnObjects, PartsAppearWithTheirCheckpointUnderTheNameTheyBeganWith) {
  Life life(fs, {.nonce = 1});
  life.write({"a"});
  life.acknowledge(1);
  EXPECT_EQ(committed(), Lines{});
  EXPECT_EQ(uploads(), 1u);
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  life.write({"b"});
  life.checkpoint(7);  // the first one after 1 that this subtask sees
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
  EXPECT_EQ(uploads(), 0u);
  EXPECT_EQ(file_names(*fs, kOut, "part-0-000001-").size(), 1u);
  EXPECT_EQ(file_names(*fs, kOut, "part-0-000002-").size(), 1u);
}

TEST_F(FileSinkOnObjects, KilledBeforeTheCommitItCommitsOnRestore) {
  TestHost::Lists state;
  {
    Life first(fs, {.nonce = 1});
    first.write({"a"});
    state = first.acknowledge(1);
  }
  for (uint64_t nonce = 2; nonce < 4; ++nonce) {
    Life again(fs, {.nonce = nonce, .restored_checkpoint = 1}, state);
    EXPECT_EQ(committed(), Lines{"a"});
  }
  EXPECT_EQ(uploads(), 0u);
}

TEST_F(FileSinkOnObjects, UploadsThatNoCheckpointNeedsAreAborted) {
  TestHost::Lists state;
  {
    Life first(fs, {.nonce = 1}, {}, bucketed());
    first.write({"x:1"});
    state = first.acknowledge(1);
    first.write({"x:2", "y/z:3"});
    first.acknowledge(2);  // never complete
  }
  Life other(fs, {.nonce = 9}, {}, bucketed());
  other.write({"x:4"});
  other.acknowledge(1);
  ASSERT_EQ(uploads(), 4u);
  Life again(fs, {.nonce = 2, .restored_checkpoint = 1}, state, bucketed());
  EXPECT_EQ(uploads(), 1u) << "the other run's";
  EXPECT_EQ(committed_lines(*fs, std::string(kOut) + "/x"), Lines{"x:1"});
  again.write({"y/z:5"});
  again.checkpoint(3);
  EXPECT_EQ(committed_lines(*fs, std::string(kOut) + "/y/z"), Lines{"y/z:5"});
}

TEST_F(FileSinkOnObjects, UnfinishedUploadOfACommittedPartIsAbortedAlone) {
  TestHost::Lists state;
  {
    Life first(fs, {.nonce = 1, .run = 5});
    first.write({"a"});
    state = first.checkpoint(1);
  }
  // Left by a request whose answer was lost.
  const std::string part = file_names(*fs, kOut, "part-").at(0);
  ASSERT_TRUE(write_file(fs->uploads, std::string(kOut) + "/" + part, "").ok());
  state["committables"].clear();
  Life again(fs, {.nonce = 2, .restored_checkpoint = 1, .run = 5}, state);
  EXPECT_EQ(uploads(), 0u);
  EXPECT_EQ(committed(), Lines{"a"});
}

TEST_F(FileSinkOnObjects, GoingBackTakesBackJustWhatCameAfterTheCheckpoint) {
  TestHost::Lists at_1, at_5;
  {
    Life first(fs, {.nonce = 1});
    first.write({"a"});
    at_1 = first.checkpoint(1);
    first.write({"b"});
    first.acknowledge(3);  // aborted: its part is in checkpoint 5
    first.write({"c"});
    at_5 = first.checkpoint(5);
    first.write({"d"});
    first.checkpoint(6);
  }
  {
    Life at_the_newer(fs, {.nonce = 2, .restored_checkpoint = 5}, at_5);
    EXPECT_EQ(committed(), (Lines{"a", "b", "c"}));
    at_the_newer.write({"e"});
    at_the_newer.checkpoint(8);
    EXPECT_EQ(committed(), (Lines{"a", "b", "c", "e"}));
  }
  Life at_the_older(fs, {.nonce = 3, .restored_checkpoint = 1}, at_1);
  EXPECT_EQ(committed(), Lines{"a"});
}

TEST_F(FileSinkOnObjects, SeveralPartsOfOneCheckpointHaveNamesOfTheirOwn) {
  FileSink<std::string> sink(kOut);
  sink.with_rolling_policy(DefaultRollingPolicy().with_max_part_size(2));
  Life life(fs, {.nonce = 1}, {}, sink);
  life.write({"a", "b", "c"});
  life.checkpoint(1);
  life.write({"d"});
  life.checkpoint(2);
  EXPECT_EQ(committed(), (Lines{"a", "b", "c", "d"}));
  EXPECT_EQ(file_names(*fs, kOut, "part-").size(), 4u);
}

}  // namespace
}  // namespace weir
