#include "connectors/decompressing_file.h"

#include <gtest/gtest.h>

#include "connectors/compressor.h"
#include "connectors/test_reading.h"
#include "weir/detail/connector/length_prefix.h"
#include "weir/format/string_format.h"

namespace weir {
namespace {

std::string compress(std::string_view text, Compression compression) {
  std::string out;
  const auto compressor = make_compressor(compression);
  compressor->add(text, out);
  compressor->finish(out);
  return out;
}
std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::to_string(i * 7919) + '\n';
  return text;
}

class CompressedFiles : public ::testing::TestWithParam<Compression> {
 protected:
  std::unique_ptr<ReadableFile> open(std::string_view bytes) {
    (void)fs->remove("/f");
    EXPECT_TRUE(write_file(*fs, "/f", std::string(bytes)).ok());
    bool compressed = false;
    auto file = open_decompressed(*fs, "/f", "mem:/f", &compressed);
    EXPECT_TRUE(file.ok() && compressed);
    return *std::move(file);
  }
  Status read_all(std::string_view bytes, std::string* text) {
    return open(bytes)->read_at(0, 5'000'000, text);
  }
  /// The records of a source, which a snapshot and a restore interrupt after `stop` of them.
  std::vector<std::string> read(const FileSource<std::string>& source, size_t stop) {
    TestHost host(fs, {});
    const auto splits = source.enumerate(host, 4);
    EXPECT_TRUE(splits.ok()) << splits.status().to_string();
    Reading<std::string> first(fs, source);
    first.reader->add_splits(*splits);
    first.read(stop);
    Reading<std::string> second(fs, source);
    second.reader->add_splits(first.reader->snapshot());
    second.read();
    EXPECT_TRUE(first.host.failure.ok()) << first.host.failure.to_string();
    EXPECT_TRUE(second.host.failure.ok()) << second.host.failure.to_string();
    std::vector<std::string> all = first.records;
    all.insert(all.end(), second.records.begin(), second.records.end());
    return all;
  }
  std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
};

INSTANTIATE_TEST_SUITE_P(Kinds, CompressedFiles,
                         ::testing::Values(Compression::kGzip, Compression::kZstd));

TEST_P(CompressedFiles, AnyRangeCanBeRead) {
  const std::string text = numbers(200'000);
  const auto file = open(compress(text, GetParam()));
  EXPECT_EQ(file->size(), DecompressingFile::kUnknownSize);
  std::string read;
  for (const int64_t offset : {0, 100, 500'000, 499'999, 3, 1'000'000}) {
    ASSERT_TRUE(file->read_at(offset, 1'000, &read).ok());
    EXPECT_EQ(read, text.substr(offset, 1'000)) << offset;
  }
  ASSERT_TRUE(file->read_at(static_cast<int64_t>(text.size()) - 10, 1'000, &read).ok());
  EXPECT_EQ(read, text.substr(text.size() - 10));
  EXPECT_EQ(file->size(), static_cast<int64_t>(text.size()));
  ASSERT_TRUE(file->read_at(static_cast<int64_t>(text.size()) + 5, 10, &read).ok());
  EXPECT_EQ(read, "");
}

TEST_P(CompressedFiles, AllMembersAreRead) {
  std::string bytes;
  std::string expected;
  for (const int count : {1, 0, 30'000, 2}) {
    bytes += compress(numbers(count), GetParam());
    expected += numbers(count);
  }
  std::string text;
  ASSERT_TRUE(read_all(bytes, &text).ok());
  EXPECT_EQ(text, expected);
  if (GetParam() == Compression::kGzip) {
    ASSERT_TRUE(read_all(bytes + std::string(1'000, '\0'), &text).ok());
    EXPECT_EQ(text, expected);
  }
}

TEST_P(CompressedFiles, TruncatedFileIsRefusedAtEveryLength) {
  const std::string bytes = compress(numbers(100), GetParam());
  std::string text;
  for (size_t length = 4; length < bytes.size(); ++length) {
    const Status read = read_all(bytes.substr(0, length), &text);
    ASSERT_EQ(read.code(), StatusCode::kDataLoss) << length;
    EXPECT_NE(read.message().find("mem:/f ends at byte " + std::to_string(length)),
              std::string::npos)
        << read.to_string();
  }
  const Status garbage = read_all(bytes + "garbage", &text);
  EXPECT_EQ(garbage.code(), StatusCode::kDataLoss);
}

TEST_P(CompressedFiles, DamageIsRefusedWithItsPlace) {
  const std::string bytes = compress(numbers(10'000), GetParam());
  for (const size_t at : {bytes.size() / 2, bytes.size() - 3}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    std::string text;
    const Status read = read_all(damaged, &text);
    ASSERT_EQ(read.code(), StatusCode::kDataLoss) << at;
    EXPECT_NE(read.message().find("mem:/f is damaged: at byte "), std::string::npos)
        << read.to_string();
  }
}

TEST_P(CompressedFiles, BombNeedsLittleMemory) {
  const auto compressor = make_compressor(GetParam());
  std::string bytes;
  const std::string zeros(1 << 20, '0');
  for (int i = 0; i < 200; ++i) compressor->add(zeros, bytes);
  compressor->finish(bytes);
  EXPECT_LT(bytes.size(), 400'000u);
  ASSERT_TRUE(write_file(*fs, "/in/bomb", bytes).ok());
  const auto source = FileSource<std::string>::lines("/in");
  TestHost host(fs, {});
  Reading<std::string> reading(fs, source);
  reading.host.most_record_bytes = 5 << 20;
  reading.reader->add_splits(*source.enumerate(host, 1));
  reading.read();
  EXPECT_NE(reading.host.failure.message().find("is longer than 5242880 bytes"), std::string::npos)
      << reading.host.failure.to_string();
}

TEST_P(CompressedFiles, SourceReadsThemOnceFromAnyPosition) {
  const std::string text = numbers(20'000) + "last without a line break";
  ASSERT_TRUE(write_file(*fs, "/in/a", compress(text, GetParam())).ok());
  ASSERT_TRUE(write_file(*fs, "/in/b", "plain\n").ok());
  for (const size_t stop : {0u, 1u, 777u, 20'000u, 20'001u, 20'002u}) {
    auto source = FileSource<std::string>::lines("/in");
    source.split_bytes(1'000).chunk_bytes(10'000);
    const auto records = read(source, stop);
    ASSERT_EQ(records.size(), 20'002u) << stop;
    EXPECT_EQ(records[19'999], std::to_string(19'999 * 7919));
    EXPECT_EQ(records[20'000], "last without a line break");
    EXPECT_EQ(records[20'001], "plain");
  }
}

TEST_P(CompressedFiles, HeaderOfACompressedCsvFileIsRead) {
  struct Row {
    int a = 0;
    int b = 0;
    WEIR_FIELDS(Row, a, b)
  };
  ASSERT_TRUE(write_file(*fs, "/in/a", compress("b,a\n1,2\n3,4\n", GetParam())).ok());
  const auto source = FileSource<Row>::csv("/in");
  TestHost host(fs, {});
  Reading<Row> reading(fs, source);
  reading.reader->add_splits(*source.enumerate(host, 1));
  reading.read();
  ASSERT_EQ(reading.records.size(), 2u);
  EXPECT_EQ(reading.records[1].b, 3);
}

TEST_P(CompressedFiles, FileThatChangedIsRefused) {
  ASSERT_TRUE(write_file(*fs, "/in/a", compress(numbers(10), GetParam())).ok());
  const auto source = FileSource<std::string>::lines("/in");
  TestHost host(fs, {});
  const auto splits = source.enumerate(host, 1);
  ASSERT_TRUE(fs->remove("/in/a").ok());
  ASSERT_TRUE(write_file(*fs, "/in/a", compress(numbers(1'000), GetParam())).ok());
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(*splits);
  reading.read();
  EXPECT_EQ(reading.host.failure.code(), StatusCode::kFailedPrecondition);
}

TEST_P(CompressedFiles, CompressedTwiceIsRefused) {
  ASSERT_TRUE(
      write_file(*fs, "/in/a", compress(compress("x\n", Compression::kGzip), GetParam())).ok());
  TestHost host(fs, {});
  const Status refused = FileSource<std::string>::lines("/in").enumerate(host, 1).status();
  EXPECT_NE(refused.message().find("compressed by gzip twice"), std::string::npos)
      << refused.to_string();
}

TEST_P(CompressedFiles, LengthPrefixedRecordsComeBackInAnyPieces) {
  std::string bytes;
  std::vector<std::string> expected;
  for (int i = 0; i < 1'000; ++i) {
    expected.push_back(std::string(static_cast<size_t>(i % 50), static_cast<char>(i)));
    const size_t at = bytes.size();
    bytes.append(detail::kLengthBytes, '\0');
    bytes += expected.back();
    detail::set_length(bytes, at);
  }
  for (const bool compressed : {false, true}) {
    (void)fs->remove("/in/a");
    ASSERT_TRUE(write_file(*fs, "/in/a", compressed ? compress(bytes, GetParam()) : bytes).ok());
    for (const size_t stop : {0u, 1u, 333u, 1'000u}) {
      auto source = FileSource<std::string>::length_prefixed("/in", SimpleStringSchema());
      source.split_bytes(100).chunk_bytes(64);
      EXPECT_EQ(read(source, stop), expected);
    }
  }
}

TEST_P(CompressedFiles, DamagedLengthsAreRefused) {
  const auto problem = [&](std::string_view bytes) {
    (void)fs->remove("/in/a");
    EXPECT_TRUE(write_file(*fs, "/in/a", std::string(bytes)).ok());
    const auto source = FileSource<std::string>::length_prefixed("/in", SimpleStringSchema());
    TestHost host(fs, {});
    Reading<std::string> reading(fs, source);
    reading.host.most_record_bytes = 1'000;
    reading.reader->add_splits(*source.enumerate(host, 1));
    reading.read();
    return std::string(reading.host.failure.message());
  };
  EXPECT_NE(problem({"\0\0\0\3ab", 6}).find("ends in the middle of the record at byte 0"),
            std::string::npos);
  EXPECT_NE(problem({"\0\0\0\1a\0", 6}).find("ends in the middle of the record at byte 5"),
            std::string::npos);
  EXPECT_NE(problem({"\xff\0\0\0", 4}).find("has the length -16777216"), std::string::npos);
  EXPECT_NE(problem({"\0\0\x10\0", 4}).find("is longer than 1000 bytes"), std::string::npos);
}

}  // namespace
}  // namespace weir
