#include "checkpoint/data_file.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include "weir/types/bytes.h"

namespace weir {
namespace {

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

/// The file as written by appending `piece` bytes at a time.
std::string data_file(const std::string& bytes, size_t piece = 1000) {
  BlockChecksums blocks;
  for (size_t at = 0; at < bytes.size(); at += piece)
    blocks.add(std::string_view(bytes).substr(at, piece));
  return bytes + blocks.trailer();
}
std::string some_bytes(int64_t count) {
  std::string bytes(static_cast<size_t>(count), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((i * 2654435761u) >> 13);
  return bytes;
}

/// Counts the reads.
class CountedFile final : public ReadableFile {
 public:
  CountedFile(std::string bytes, int* reads) : bytes_(std::move(bytes)), reads_(reads) {}
  Status read_at(int64_t offset, int64_t length, std::string* out) override {
    ++*reads_;
    *out = bytes_.substr(std::min(bytes_.size(), static_cast<size_t>(offset)),
                         static_cast<size_t>(length));
    return {};
  }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }

 private:
  const std::string bytes_;
  int* const reads_;
};

class DataFileOnDisk : public testing::Test {
 protected:
  StatusOr<std::unique_ptr<VerifiedFile>> open(const std::string& file, int64_t expected_length) {
    return VerifiedFile::open(std::make_unique<CountedFile>(file, &reads_), "mem:///data",
                              {"data", expected_length, 0, kDataBlockBytes}, &last_);
  }
  std::string read(VerifiedFile& file, int64_t offset, int64_t length) {
    const auto bytes = file.read(offset, length, &memory_);
    return bytes.ok() ? std::string(*bytes) : bytes.status().to_string();
  }

  int reads_ = 0;
  VerifiedFile::LastBlock last_;
  std::string memory_;
};

TEST(DataFile, TrailerFollowsTheFormat) {
  EXPECT_EQ(to_hex(data_file("0123456789").substr(10)),
            "6de3431b05f7c11f"
            "00000001"
            "00040000"
            "0000000000000001"
            "0d5a4062711ff72a"
            "7765697264617461");
  EXPECT_EQ(data_file("").size(), 32u);
  EXPECT_EQ(data_file(some_bytes(kDataBlockBytes)).size() - kDataBlockBytes, 8u + 32u);
  EXPECT_EQ(data_file(some_bytes(kDataBlockBytes + 1)).size() - kDataBlockBytes - 1, 16u + 32u);
}

TEST(DataFile, FileDoesNotDependOnThePiecesWritten) {
  const std::string bytes = some_bytes(3 * kDataBlockBytes + 7);
  EXPECT_EQ(data_file(bytes, 1000), data_file(bytes, bytes.size()));
}

TEST_F(DataFileOnDisk, ReadsEveryPart) {
  const std::string bytes = some_bytes(3 * kDataBlockBytes + 7);
  const std::string file = data_file(bytes);
  const auto open_file = open(file, static_cast<int64_t>(file.size()));
  ASSERT_TRUE(open_file.ok()) << open_file.status().to_string();
  const auto size = static_cast<int64_t>(bytes.size());
  for (const int64_t offset : {int64_t{0}, int64_t{1}, kDataBlockBytes - 1, kDataBlockBytes,
                               3 * kDataBlockBytes, size - 1, size}) {
    for (const int64_t length :
         {int64_t{0}, int64_t{1}, int64_t{7}, kDataBlockBytes, kDataBlockBytes + 1, size}) {
      if (offset + length > size) continue;
      EXPECT_TRUE(read(**open_file, offset, length) ==
                  bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length)))
          << length << " at " << offset;
    }
  }
  EXPECT_EQ(read(**open_file, size, 1),
            "DATA_LOSS: mem:///data is damaged: it has 786439 bytes of state; 1 at 786439 were "
            "asked for");
}

TEST_F(DataFileOnDisk, ManySmallReadsOfABlockReadTheFileOnce) {
  const std::string file = data_file(some_bytes(kDataBlockBytes));
  const auto open_file = open(file, static_cast<int64_t>(file.size()));
  ASSERT_TRUE(open_file.ok());
  EXPECT_EQ(reads_, 1) << "the trailer";
  for (int64_t offset = 0; offset < 1000; ++offset) read(**open_file, offset, 10);
  EXPECT_EQ(reads_, 2);
}

TEST_F(DataFileOnDisk, NamesADamagedBlockAndReturnsNoneOfIt) {
  std::string file = data_file(some_bytes(3 * kDataBlockBytes + 7));
  file[static_cast<size_t>(kDataBlockBytes + 5)] ^= 0x10;
  const auto open_file = open(file, static_cast<int64_t>(file.size()));
  ASSERT_TRUE(open_file.ok());
  const std::string sentence =
      "DATA_LOSS: mem:///data is damaged: the 262144 bytes at 262144 do not match the checksum "
      "that was stored when they were written";
  EXPECT_EQ(read(**open_file, kDataBlockBytes, 1), sentence);
  EXPECT_EQ(read(**open_file, kDataBlockBytes, 1), sentence) << "also when it is asked for again";
  EXPECT_EQ(read(**open_file, 10, 2 * kDataBlockBytes), sentence);
  EXPECT_EQ(read(**open_file, 0, 3), file.substr(0, 3)) << "the others are good";
  EXPECT_EQ(read(**open_file, 2 * kDataBlockBytes, kDataBlockBytes + 7).size(),
            static_cast<size_t>(kDataBlockBytes + 7));
}

TEST_F(DataFileOnDisk, DetectsEveryFlippedBit) {
  const std::string good = data_file("0123456789");
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const auto open_file = open(bad, static_cast<int64_t>(bad.size()));
    if (open_file.ok()) {
      EXPECT_TRUE(read(**open_file, 0, 10)
                      .starts_with("DATA_LOSS: mem:///data is damaged: the 10 bytes at 0 "))
          << bit;
    } else {
      EXPECT_EQ(open_file.status().code(), StatusCode::kDataLoss) << bit;
      EXPECT_GE(bit / 8, 10u) << "the trailer begins there";
    }
  }
}

TEST_F(DataFileOnDisk, DetectsEveryOtherLength) {
  const std::string good = data_file("0123456789");
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(open(good.substr(0, length), static_cast<int64_t>(good.size())).status().code(),
              StatusCode::kDataLoss)
        << length;
    EXPECT_EQ(open(good.substr(0, length), static_cast<int64_t>(length)).status().code(),
              StatusCode::kDataLoss)
        << length;
  }
  EXPECT_EQ(open(good + "x", static_cast<int64_t>(good.size())).status().to_string(),
            "DATA_LOSS: mem:///data is damaged: it has 51 bytes instead of 50");
}

TEST_F(DataFileOnDisk, RefusesAnotherVersionByItsNumber) {
  BinaryWriter file;
  file.put_i32(2);
  file.put_i32(static_cast<int32_t>(kDataBlockBytes));
  file.put_i64(0);
  file.put_u64(XXH3_64bits(file.buffer().data(), file.size()));
  file.put_raw("weirdata");
  EXPECT_EQ(open(file.buffer(), 32).status().to_string(),
            "FAILED_PRECONDITION: mem:///data has checksums in version 2 of their format; this "
            "build knows version 1");
}

}  // namespace
}  // namespace weir
