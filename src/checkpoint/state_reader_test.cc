#include "checkpoint/state_reader.h"

#include <gtest/gtest.h>

#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

constexpr const char* kName = "data-0-0000000000000001";

class StateReading : public testing::Test {
 protected:
  /// A data file of "0123456789" with block checksums.
  void SetUp() override {
    BlockChecksums blocks;
    blocks.add("0123456789");
    good_ = "0123456789" + blocks.trailer();
    sidecar_.files = {{kName, static_cast<int64_t>(good_.size()), 0, kDataBlockBytes}};
  }
  void put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(write_file(*fs_, path, bytes).ok());
  }
  static std::string damaged(std::string bytes) {
    bytes[3] ^= 1;
    return bytes;
  }
  std::string read(const Sidecar* sidecar, StateReader::Shortcut shortcut = {}) {
    StateReader reader({fs_, "/chk-1", "mem:///chk-1"}, nullptr, sidecar, std::move(shortcut));
    const StateStream stream = FileSegment{kName, 2, 6};
    const auto open = reader.open(stream);
    if (!open.ok()) return open.status().to_string();
    std::string memory;
    const auto bytes = (*open)(1, 4, &memory);
    return bytes.ok() ? std::string(*bytes) : bytes.status().to_string();
  }

  std::string good_;
  Sidecar sidecar_;
  std::shared_ptr<MemoryFileSystem> fs_ = std::make_shared<MemoryFileSystem>();
};

TEST_F(StateReading, DetectsDamageBeforeReturningAByte) {
  put(std::string("/chk-1/") + kName, damaged(good_));
  EXPECT_EQ(read(&sidecar_),
            "DATA_LOSS: mem:///chk-1/data-0-0000000000000001 is damaged: the 10 bytes at 0 do not "
            "match the checksum that was stored when they "
            "were written");
}

TEST_F(StateReading, ReadsAFileWithoutChecksumsUnverified) {
  put(std::string("/chk-1/") + kName, "0123456789");
  EXPECT_EQ(read(nullptr), "3456");
  sidecar_.files = {{kName, 10, 0}};
  EXPECT_EQ(read(&sidecar_), "3456");
}

TEST_F(StateReading, FallsBackFromADamagedCopy) {
  put(std::string("/chk-1/") + kName, good_);
  const auto copy = [&](const std::string& bytes) {
    (void)fs_->remove("/copy");
    put("/copy", bytes);
    return [this](const std::string&) { return *fs_->open("/copy"); };
  };
  EXPECT_EQ(read(&sidecar_, copy(damaged(good_))), "3456");
  EXPECT_EQ(read(&sidecar_, copy("short")), "3456");
  ASSERT_TRUE(fs_->remove(std::string("/chk-1/") + kName).ok());
  EXPECT_EQ(read(&sidecar_, copy(good_)), "3456") << "a good one is read";
  EXPECT_EQ(read(&sidecar_, copy(damaged(good_))).substr(0, 9), "NOT_FOUND")
      << "nothing of a damaged one is";
}

}  // namespace
}  // namespace weir
