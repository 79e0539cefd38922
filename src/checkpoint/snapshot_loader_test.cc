#include "checkpoint/snapshot_loader.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include "checkpoint/data_file.h"
#include "checkpoint/publication.h"
#include "checkpoint/testing/faulty_file_system.h"
#include "checkpoint/testing/one_file_system.h"

namespace weir {
namespace {

constexpr const char* kData = "data-0-0000000000000001";

class SnapshotLoader : public testing::Test {
 protected:
  static CheckpointMetadata metadata_of(CheckpointId id, const std::string& file) {
    OperatorSnapshotState op;
    op.uid = "c";
    op.id = murmur3_128("c");
    op.max_parallelism = 2;
    op.subtasks[0].keyed_state = KeyedStateHandle{{0, 1}, {1, 5}, FileSegment{file, 2, 8}};
    return {id, {op}};
  }
  /// Writes a complete checkpoint with one data file of ten bytes.
  void publish(CheckpointId id, int64_t block_bytes = 0) {
    const FileLocation directory = job_.child("chk-" + std::to_string(id));
    ASSERT_TRUE(write_file(fs_->inner(), directory.child(kData).path, "0123456789").ok());
    CheckpointContent content;
    content.metadata = metadata_of(id, kData);
    content.sidecar.job_name = "flights";
    content.sidecar.files = {{kData, 10, XXH3_64bits("0123456789", 10), block_bytes}};
    OperatorStateDescription description;
    description.operator_id = murmur3_128("c");
    description.uid = "c";
    content.sidecar.operators.push_back(description);
    const PublishResult result = CheckpointPublication(job_, content, 5).publish();
    ASSERT_EQ(result.outcome, PublishOutcome::kPublished) << result.status.to_string();
  }
  void replace(const std::string& path, std::string_view bytes) {
    ASSERT_TRUE(fs_->inner().remove(path).ok());
    ASSERT_TRUE(write_file(fs_->inner(), path, bytes).ok());
  }
  void fail(std::string_view operation, const std::string& path) {
    fs_->before = [=](std::string_view op, const std::string& at) {
      return op == operation && at == path ? unavailable("no answer") : Status();
    };
  }

  std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  FileLocation job_{fs_, "/c/job", "mem:///c/job"};
  FileLocation seven_ = job_.child("chk-7");
};

TEST_F(SnapshotLoader, LoadsAPublishedCheckpoint) {
  publish(7);
  const LoadedCheckpoint loaded = load_checkpoint(seven_, {}).value();
  EXPECT_EQ(loaded.metadata->checkpoint_id, 7);
  ASSERT_EQ(loaded.metadata->operators.size(), 1u);
  EXPECT_EQ(loaded.metadata->operators[0].uid, "c");
  const auto& keyed = *loaded.metadata->operators[0].subtasks.at(0).keyed_state;
  EXPECT_EQ(std::get<FileSegment>(keyed.stream).file, kData);
  EXPECT_EQ(loaded.sidecar->job_name, "flights");
  EXPECT_EQ(loaded.bytes, 10 + fs_->stat("/c/job/chk-7/_metadata").value().size);
}

TEST_F(SnapshotLoader, NamesTheDamagedFile) {
  const auto damage = [&](const std::string& name,
                          const std::function<std::string(std::string)>& change) {
    publish(7);
    const std::string path = "/c/job/chk-7/" + name;
    replace(path, change(read_file(fs_->inner(), path).value()));
    const Status status = load_checkpoint(seven_, {.require_sidecar = true}).status();
    EXPECT_TRUE(fs_->inner().remove_all("/c/job/chk-7").ok());
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.to_string();
    EXPECT_NE(status.message().find("mem:///c/job/chk-7/" + name), std::string::npos)
        << status.to_string();
    return std::string(status.message());
  };
  const auto flip_last = [](std::string bytes) {
    bytes.back() ^= 1;
    return bytes;
  };
  const auto shorten = [](std::string bytes) {
    bytes.pop_back();
    return bytes;
  };
  const auto lengthen = [](const std::string& bytes) { return bytes + "x"; };
  EXPECT_EQ(damage(kData, flip_last),
            "mem:///c/job/chk-7/data-0-0000000000000001 is damaged: its checksum does not match "
            "the one that was stored when it was written");
  EXPECT_EQ(damage(kData, shorten),
            "mem:///c/job/chk-7/data-0-0000000000000001 is damaged: it has 9 bytes instead of 10");
  EXPECT_EQ(damage(kData, lengthen),
            "mem:///c/job/chk-7/data-0-0000000000000001 is damaged: it has 11 bytes instead of 10");
  for (const char* name : {"_metadata", "_weir"}) {
    damage(name, flip_last);
    damage(name, shorten);
    damage(name, [](const std::string&) { return std::string(); });
  }
  damage("_metadata", lengthen);
}

TEST_F(SnapshotLoader, DetectsEveryFlippedByte) {
  publish(7);
  for (const std::string& name :
       {std::string(kData), std::string("_metadata"), std::string("_weir")}) {
    const std::string path = "/c/job/chk-7/" + name;
    const std::string good = read_file(fs_->inner(), path).value();
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x10);
      replace(path, bad);
      EXPECT_EQ(load_checkpoint(seven_, {.require_sidecar = true}).status().code(),
                StatusCode::kDataLoss)
          << name << " at " << i;
    }
    replace(path, good);
  }
  EXPECT_TRUE(load_checkpoint(seven_, {.require_sidecar = true}).ok());
}

TEST_F(SnapshotLoader, ChecksOnlyLengthsOnRequest) {
  publish(7);
  replace(std::string("/c/job/chk-7/") + kData, "012345678x");
  EXPECT_EQ(load_checkpoint(seven_, {.read_all = false}).status().code(), StatusCode::kDataLoss)
      << "nobody else would see it";
  ASSERT_TRUE(fs_->inner().remove_all("/c/job/chk-7").ok());
  publish(7, kDataBlockBytes);
  replace(std::string("/c/job/chk-7/") + kData, "012345678x");
  EXPECT_TRUE(load_checkpoint(seven_, {.read_all = false}).ok());
  replace(std::string("/c/job/chk-7/") + kData, "012345678");
  EXPECT_EQ(load_checkpoint(seven_, {.read_all = false}).status().code(), StatusCode::kDataLoss);
}

TEST_F(SnapshotLoader, MissingFilesExceptTheMetadataAreDamage) {
  publish(7);
  ASSERT_TRUE(fs_->inner().remove(std::string("/c/job/chk-7/") + kData).ok());
  EXPECT_EQ(load_checkpoint(seven_, {}).status().to_string(),
            "DATA_LOSS: mem:///c/job/chk-7/data-0-0000000000000001 is damaged: it is missing");
  ASSERT_TRUE(fs_->inner().remove("/c/job/chk-7/_weir").ok());
  EXPECT_EQ(load_checkpoint(seven_, {.require_sidecar = true}).status().to_string(),
            "DATA_LOSS: mem:///c/job/chk-7/_weir is damaged: it is missing");
  ASSERT_TRUE(fs_->inner().remove("/c/job/chk-7/_metadata").ok());
  EXPECT_EQ(load_checkpoint(seven_, {}).status().code(), StatusCode::kNotFound);
}

TEST_F(SnapshotLoader, CheckpointWithoutItsSidecarIsNotTakenForAFlinkSavepoint) {
  publish(7);
  ASSERT_TRUE(fs_->inner().remove("/c/job/chk-7/_weir").ok());
  EXPECT_EQ(load_checkpoint(seven_, {}).status().to_string(),
            "DATA_LOSS: mem:///c/job/chk-7/_weir is damaged: it is missing, although weir wrote "
            "this checkpoint");
}

TEST_F(SnapshotLoader, SilentStorageIsNotDamage) {
  publish(7);
  for (const auto& [operation, name] : std::vector<std::pair<std::string, std::string>>{
           {"open", "_metadata"}, {"open", "_weir"}, {"stat", kData}, {"open", kData}}) {
    fail(operation, "/c/job/chk-7/" + name);
    EXPECT_EQ(load_checkpoint(seven_, {}).status().code(), StatusCode::kUnavailable)
        << operation << " " << name;
  }
}

TEST_F(SnapshotLoader, ReadsAFlinkSnapshotWithoutASidecar) {
  const FileLocation savepoint{fs_, "/s/savepoint-1", "mem:///s/savepoint-1"};
  const auto write_metadata = [&](const std::string& file) {
    EXPECT_TRUE(fs_->inner().remove_all(savepoint.path).ok());
    EXPECT_TRUE(write_file(fs_->inner(), savepoint.child("_metadata").path,
                           encode_metadata(metadata_of(3, file), savepoint.uri).value())
                    .ok());
  };
  write_metadata("aaaa");
  EXPECT_EQ(load_checkpoint(savepoint, {}).status().to_string(),
            "DATA_LOSS: mem:///s/savepoint-1/aaaa is damaged: it is missing");
  ASSERT_TRUE(write_file(fs_->inner(), savepoint.child("aaaa").path, "012345678").ok());
  EXPECT_EQ(load_checkpoint(savepoint, {}).status().to_string(),
            "DATA_LOSS: mem:///s/savepoint-1/aaaa is damaged: it has 9 bytes, but state up to 10");
  replace(savepoint.child("aaaa").path, "0123456789");
  const LoadedCheckpoint loaded = load_checkpoint(savepoint, {}).value();
  EXPECT_FALSE(loaded.sidecar.has_value());
  EXPECT_EQ(loaded.metadata->checkpoint_id, 3);
}

TEST_F(SnapshotLoader, ChecksFilesElsewhereThroughTheRegistry) {
  const FileLocation savepoint{fs_, "/s/chk-1", "mem:///s/chk-1"};
  ASSERT_TRUE(
      write_file(fs_->inner(), "/s/chk-1/_metadata",
                 encode_metadata(metadata_of(3, "mem:///other/bbbb"), savepoint.uri).value())
          .ok());
  OneFileSystem files(fs_);
  EXPECT_EQ(load_checkpoint(savepoint, {.files = &files}).status().code(), StatusCode::kDataLoss);
  ASSERT_TRUE(write_file(fs_->inner(), "/other/bbbb", "0123456789").ok());
  EXPECT_TRUE(load_checkpoint(savepoint, {.files = &files}).ok());
}

TEST_F(SnapshotLoader, SilentStorageDoesNotDecideWhetherAFileMoved) {
  const FileLocation savepoint{fs_, "/s/chk-1", "mem:///s/chk-1"};
  ASSERT_TRUE(
      write_file(fs_->inner(), "/s/chk-1/_metadata",
                 encode_metadata(metadata_of(3, "mem:///other/bbbb"), savepoint.uri).value())
          .ok());
  EXPECT_TRUE(load_checkpoint(savepoint, {}).ok());
  fail("stat", "/s/chk-1/bbbb");
  EXPECT_EQ(load_checkpoint(savepoint, {}).status().code(), StatusCode::kUnavailable);
}

TEST_F(SnapshotLoader, SnapshotIsNamedByItsDirectoryOrItsMetadata) {
  publish(7);
  EXPECT_EQ(locate_snapshot(seven_).value().path, "/c/job/chk-7");
  const FileLocation located = locate_snapshot(seven_.child("_metadata")).value();
  EXPECT_EQ(located.path, "/c/job/chk-7");
  EXPECT_EQ(located.uri, "mem:///c/job/chk-7");
}

TEST_F(SnapshotLoader, NamesThePathsItTriedIfThereIsNoSnapshot) {
  EXPECT_EQ(locate_snapshot(job_).status().to_string(),
            "NOT_FOUND: there is no snapshot in mem:///c/job: it has no _metadata; give the "
            "directory of a completed checkpoint (chk-<n>) or "
            "savepoint");
  publish(7);
  EXPECT_EQ(locate_snapshot(job_).status().to_string(),
            "NOT_FOUND: there is no snapshot in mem:///c/job: it has no _metadata; it holds "
            "checkpoints, the newest is mem:///c/job/chk-7");
  fail("stat", "/c/job/chk-7/_metadata");
  EXPECT_EQ(locate_snapshot(seven_).status().code(), StatusCode::kUnavailable);
}

TEST_F(SnapshotLoader, LatestIsTheNewestIntactCheckpoint) {
  EXPECT_FALSE(find_latest(job_, {}).value().checkpoint.has_value());
  publish(7);
  publish(10);
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-11/_weir", "unfinished").ok());
  LatestCheckpoint latest = find_latest(job_, {}).value();
  EXPECT_EQ(latest.checkpoint->metadata->checkpoint_id, 10);
  EXPECT_TRUE(latest.fallbacks.empty());

  replace(std::string("/c/job/chk-10/") + kData, "012345678x");
  latest = find_latest(job_, {}).value();
  EXPECT_EQ(latest.checkpoint->metadata->checkpoint_id, 7);
  EXPECT_EQ(
      latest.fallbacks,
      (std::vector<std::string>{
          "checkpoint 10 cannot be used: mem:///c/job/chk-10/data-0-0000000000000001 is damaged: "
          "its checksum does "
          "not match the one that was stored when it was written; falling back to checkpoint 7"}));
}

TEST_F(SnapshotLoader, DoesNotFallBackIfStorageIsSilent) {
  publish(7);
  publish(10);
  for (const char* name : {"_metadata", "_weir", kData}) {
    fail("open", std::string("/c/job/chk-10/") + name);
    EXPECT_EQ(find_latest(job_, {}).status().code(), StatusCode::kUnavailable) << name;
  }
}

TEST_F(SnapshotLoader, FailsIfAllCheckpointsAreDamaged) {
  publish(7);
  publish(10);
  replace(std::string("/c/job/chk-7/") + kData, "x");
  ASSERT_TRUE(fs_->inner().remove("/c/job/chk-10/_weir").ok());
  EXPECT_EQ(find_latest(job_, {}).status().to_string(),
            "DATA_LOSS: none of the completed checkpoints in mem:///c/job can be used, and weir "
            "does not start empty instead; checkpoint 10 cannot "
            "be used: mem:///c/job/chk-10/_weir is damaged: it is missing; falling back to "
            "checkpoint 7; checkpoint 7 cannot be used: "
            "mem:///c/job/chk-7/data-0-0000000000000001 is damaged: it has 1 bytes instead of 10; "
            "there is no older one");
}

TEST_F(SnapshotLoader, CheckpointUnderAnotherNumberIsDamaged) {
  publish(7);
  ASSERT_TRUE(fs_->inner().rename("/c/job/chk-7", "/c/job/chk-9").ok());
  EXPECT_EQ(find_latest(job_, {}).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir
