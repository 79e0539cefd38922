#include "sim_file_system.h"

#include <gtest/gtest.h>

#include <set>

#include "base/status_macros.h"
#include "fs/file_system_conformance.h"
#include "sim_process.h"

namespace weir::sim {
namespace {

using std::chrono::seconds;

struct OneProcess {
  explicit OneProcess(DiskKind kind, uint64_t seed = 1)
      : world(seed),
        disk(world.add_disk("x://", std::make_unique<SimDisk>(world, "x://", kind))),
        life(std::make_shared<Life>()),
        fs(std::make_shared<SimFileSystem>(world, disk, life)) {}
  SimWorld world;
  SimDisk& disk;
  std::shared_ptr<Life> life;
  std::shared_ptr<SimFileSystem> fs;
};

ConformanceParameter conformance_of(std::string name, DiskKind kind) {
  ConformanceParameter parameter;
  parameter.name = std::move(name);
  parameter.make = [kind] {
    auto one = std::make_shared<OneProcess>(kind);
    // The file system keeps its world alive.
    return FileSystemUnderTest{std::shared_ptr<FileSystem>(one, one->fs.get()), "/"};
  };
  return parameter;
}

std::string stored(SimDisk& disk, const std::string& path) {
  auto bytes = read_file(disk.raw(), path);
  return bytes.ok() ? *bytes : std::string("(none)");
}

const DiskKind kBoth[] = {DiskKind::kLocal, DiskKind::kHdfs};

Status write_in_pieces(FileSystem& fs, const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(auto file, fs.create(path, CreateMode::kExclusive));
  for (const char* piece : {"0123", "4567", "89"}) WEIR_RETURN_IF_ERROR(file->append(piece));
  return file->close();
}

TEST(SimFileSystem, AKillAtAnyOperationLeavesAPrefixOfAnUnclosedFile) {
  for (const DiskKind kind : kBoth) {
    std::set<std::string> left;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      for (int64_t operation = 0; operation < 5; ++operation) {
        OneProcess one(kind, seed);
        one.life->kill_at_operation = operation;
        const Status status = write_in_pieces(*one.fs, "/f");
        EXPECT_EQ(status.code(), StatusCode::kUnavailable);
        EXPECT_FALSE(one.life->alive);
        const std::string content = stored(one.disk, "/f");
        EXPECT_TRUE(content == "(none)" || std::string_view("0123456789").starts_with(content))
            << content;
        left.insert(content);
        const int64_t operations = one.life->file_operations;
        EXPECT_FALSE(one.fs->stat("/f").ok());
        EXPECT_EQ(one.life->file_operations, operations) << "a dead process does nothing";
      }
    }
    EXPECT_EQ(left.size(), 12u) << "nothing, and every prefix";
  }
}

TEST(SimFileSystem, AKillAtAnyOperationNeverLeavesAPartlyPublishedFile) {
  for (const DiskKind kind : kBoth) {
    std::set<std::string> left;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      for (int64_t operation = 0; operation < 4; ++operation) {
        OneProcess one(kind, seed);
        one.life->kill_at_operation = operation;
        EXPECT_FALSE(publish_file(*one.fs, "/d/f", "content", "u1").ok());
        EXPECT_FALSE(one.life->alive);
        left.insert(stored(one.disk, "/d/f"));
      }
    }
    EXPECT_EQ(left, (std::set<std::string>{"(none)", "content"}));
  }
}

TEST(SimFileSystem, FailBeforeMeansNoEffect) {
  for (const DiskKind kind : kBoth) {
    OneProcess one(kind);
    ASSERT_TRUE(write_file(*one.fs, "/f", "x").ok());
    one.disk.faults().fail_before = 1;
    EXPECT_EQ(one.fs->rename("/f", "/g").code(), StatusCode::kUnavailable);
    EXPECT_EQ(one.fs->remove("/f").code(), StatusCode::kUnavailable);
    EXPECT_EQ(one.fs->make_directories("/d").code(), StatusCode::kUnavailable);
    EXPECT_EQ(one.fs->create("/h", CreateMode::kExclusive).status().code(),
              StatusCode::kUnavailable);
    EXPECT_EQ(one.disk.raw().list("/")->size(), 1u);
    EXPECT_EQ(stored(one.disk, "/f"), "x");
  }
}

TEST(SimFileSystem, FailAfterMeansAnEffectWithoutAnAnswer) {
  for (const DiskKind kind : kBoth) {
    OneProcess one(kind);
    ASSERT_TRUE(write_file(*one.fs, "/f", "x").ok());
    auto open = one.fs->create("/open", CreateMode::kExclusive);
    ASSERT_TRUE((*open)->append("whole").ok());
    one.disk.faults().fail_after = 1;
    EXPECT_EQ((*open)->close().code(), StatusCode::kUnavailable);
    EXPECT_EQ(stored(one.disk, "/open"), "whole");
    EXPECT_EQ(one.fs->rename("/f", "/g").code(), StatusCode::kUnavailable);
    EXPECT_EQ(stored(one.disk, "/g"), "x");
    EXPECT_EQ(one.fs->remove("/g").code(), StatusCode::kUnavailable);
    EXPECT_EQ(stored(one.disk, "/g"), "(none)");
  }
}

TEST(SimFileSystem, ACutUploadLeavesAShorterFile) {
  std::set<std::string> left;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    OneProcess one(DiskKind::kHdfs, seed);
    one.disk.faults().cut_close = 1;
    EXPECT_EQ(write_in_pieces(*one.fs, "/f").code(), StatusCode::kUnavailable);
    const std::string content = stored(one.disk, "/f");
    EXPECT_TRUE(content == "(none)" || std::string_view("0123456789").starts_with(content))
        << content;
    left.insert(content);
  }
  EXPECT_GT(left.size(), 9u);
}

TEST(SimFileSystem, AfterATornAppendTheFileStaysUnusable) {
  OneProcess one(DiskKind::kLocal);
  auto file = one.fs->create("/f", CreateMode::kExclusive);
  one.disk.faults().torn_append = 1;
  EXPECT_EQ((*file)->append("0123").code(), StatusCode::kUnavailable);
  one.disk.faults().torn_append = 0;
  EXPECT_FALSE((*file)->append("4567").ok());
  EXPECT_FALSE((*file)->close().ok());
  EXPECT_TRUE(std::string_view("01234567").starts_with(stored(one.disk, "/f")));
}

TEST(SimFileSystem, ALateRenameHappensAfterTheDeathOfItsProcess) {
  int late = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    OneProcess one(DiskKind::kHdfs, seed);
    ASSERT_TRUE(write_file(*one.fs, "/f", "x").ok());
    one.world.faults().late_effect = 1;
    one.life->kill_at_operation = one.life->file_operations;
    EXPECT_FALSE(one.fs->rename("/f", "/g").ok());
    const bool at_once = stored(one.disk, "/g") == "x";
    one.world.run_for(seconds(6));
    EXPECT_EQ(stored(one.disk, "/g"), "x");
    EXPECT_EQ(stored(one.disk, "/f"), "(none)");
    if (!at_once) ++late;
  }
  EXPECT_GT(late, 5);
}

TEST(SimFileSystem, PowerLossSparesClosedFiles) {
  std::set<std::string> left;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    OneProcess one(DiskKind::kLocal, seed);
    ASSERT_TRUE(write_file(*one.fs, "/closed", "safe").ok());
    auto open = one.fs->create("/open", CreateMode::kExclusive);
    ASSERT_TRUE((*open)->append("abc").ok());
    one.world.kill(*one.life, "power");
    one.disk.lose_power();
    EXPECT_EQ(stored(one.disk, "/closed"), "safe");
    left.insert(stored(one.disk, "/open"));
  }
  for (const std::string_view possible :
       {std::string_view("(none)"), std::string_view(""), std::string_view("ab"),
        std::string_view("abc"), std::string_view("a\0\0", 3)}) {
    EXPECT_EQ(left.count(std::string(possible)), 1u) << possible;
  }
}

TEST(SimDisk, FlipBitChangesExactlyOneBit) {
  OneProcess one(DiskKind::kLocal);
  ASSERT_TRUE(write_file(*one.fs, "/f", "some bytes").ok());
  ASSERT_TRUE(one.disk.flip_bit("/f"));
  const std::string now = stored(one.disk, "/f");
  int different = 0;
  for (size_t i = 0; i < now.size(); ++i)
    different += __builtin_popcount(static_cast<unsigned char>(now[i] ^ "some bytes"[i]));
  EXPECT_EQ(different, 1);
  EXPECT_FALSE(one.disk.flip_bit("/not there"));
}

TEST(SimDisk, OutagesBeginAndEnd) {
  OneProcess one(DiskKind::kHdfs);
  ASSERT_TRUE(write_file(*one.fs, "/f", "x").ok());
  one.disk.faults().outage_gap = seconds(20);
  std::set<std::pair<StatusCode, StatusCode>> seen;  // results of a read and a write
  for (int i = 0; i < 3000; ++i) {
    const StatusCode read = one.fs->stat("/f").status().code();
    const StatusCode write = one.fs->create(cat("/g", i), CreateMode::kExclusive).status().code();
    seen.insert({read, write});
    one.world.run_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(seen.count({StatusCode::kOk, StatusCode::kOk}), 1u);
  EXPECT_EQ(seen.count({StatusCode::kOk, StatusCode::kUnavailable}), 1u) << "safe mode";
  EXPECT_EQ(seen.count({StatusCode::kUnavailable, StatusCode::kUnavailable}), 1u) << "down";
  EXPECT_EQ(seen.count({StatusCode::kOk, StatusCode::kResourceExhausted}), 1u) << "quota";
  one.world.stop_faults();
  EXPECT_TRUE(write_file(*one.fs, "/after", "x").ok());
}

TEST(SimDisk, AFullDiskRefusesWritesButAllowsRemoves) {
  OneProcess one(DiskKind::kLocal);
  ASSERT_TRUE(write_file(*one.fs, "/f", "x").ok());
  one.disk.set_full(true);
  EXPECT_EQ(write_file(*one.fs, "/g", "x").code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(one.fs->remove("/f").ok());
}

}  // namespace
}  // namespace weir::sim

namespace weir {
INSTANTIATE_TEST_SUITE_P(Sim, FileSystemConformance,
                         testing::Values(sim::conformance_of("local", sim::DiskKind::kLocal),
                                         sim::conformance_of("hdfs", sim::DiskKind::kHdfs)),
                         [](const auto& info) { return info.param.name; });
}  // namespace weir
