#include "weir/file_source.h"

#include <gtest/gtest.h>

#include "connectors/file_split.h"
#include "connectors/test_host.h"
#include "connectors/test_reading.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

struct Pair {
  std::string name;
  std::optional<int64_t> number;
  WEIR_FIELDS(Pair, name, number)
};

class FileSourceTest : public ::testing::Test {
 protected:
  void write(const std::string& path, std::string_view bytes) {
    (void)fs->remove(path);
    ASSERT_TRUE(write_file(*fs, path, bytes).ok());
  }
  std::vector<std::string> splits(const auto& source, int parallelism = 1) {
    TestHost host(fs, {});
    auto found = source.enumerate(host, parallelism);
    EXPECT_TRUE(found.ok()) << found.status().to_string();
    return found.ok() ? *found : std::vector<std::string>();
  }
  template <class T>
  std::vector<T> read_all(const FileSource<T>& source) {
    Reading<T> reading(fs, source);
    reading.reader->add_splits(splits(source));
    reading.read();
    EXPECT_TRUE(reading.ended) << reading.host.failure.to_string();
    return reading.records;
  }
  std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
};

TEST_F(FileSourceTest, EveryLineBelongsToOneSplitAtEveryBoundaryAndChunkSize) {
  const std::string text = "a\nbb\n\nccc\r\ndddddddddd\ne";
  const Lines expected = {"a", "bb", "", "ccc", "dddddddddd", "e"};
  write("/in", text);
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t cut1 = 0; cut1 <= size; ++cut1) {
    for (int64_t cut2 = cut1; cut2 <= size; ++cut2) {
      for (const size_t chunk : {1, 2, 3, 7, 1000}) {
        const auto source = FileSource<std::string>::lines("/in").chunk_bytes(chunk);
        Lines all;
        for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, cut1}, {cut1, cut2}, {cut2, size}}) {
          Reading<std::string> reading(fs, source);
          reading.reader->add_splits({FileSplit{.uri = "/in", .begin = begin, .end = end, .file_size = size}.encode()});
          reading.read();
          ASSERT_TRUE(reading.ended) << reading.host.failure.to_string();
          all.insert(all.end(), reading.records.begin(), reading.records.end());
        }
        ASSERT_EQ(all, expected) << "cuts " << cut1 << " and " << cut2 << ", chunks of " << chunk;
      }
    }
  }
}

TEST_F(FileSourceTest, ARestoreAfterAnyRecordGoesOnWithTheNext) {
  write("/in/b", "five\nsix\n");
  write("/in/a", "one\ntwo\nthree\nfour\n");
  write("/in/.hidden", "no\n");
  const Lines expected = {"one", "two", "three", "four", "five", "six"};
  for (const size_t chunk : {4, 8, 100}) {
    const auto source = FileSource<std::string>::lines("/in").split_bytes(6).chunk_bytes(chunk);
    for (size_t taken = 0; taken <= expected.size(); ++taken) {
      for (const size_t batch : {1, 2, 100}) {
        Reading<std::string> first(fs, source);
        first.reader->add_splits(splits(source));
        first.read(taken, batch);
        Reading<std::string> second(fs, source);
        auto state = first.reader->snapshot();
        std::reverse(state.begin(), state.end());
        second.reader->add_splits(state);
        second.read(SIZE_MAX, batch);
        ASSERT_TRUE(second.ended);
        Lines all = first.records;
        all.insert(all.end(), second.records.begin(), second.records.end());
        ASSERT_EQ(all, expected) << taken << " taken, batches of " << batch << ", chunks of " << chunk;
      }
    }
  }
}

TEST_F(FileSourceTest, WhatWasReadAheadOfOneSplitIsNotTakenForTheNext) {
  write("/in", "a\nb\nc\nd\ne\nf\n");
  const auto source = FileSource<std::string>::lines("/in").split_bytes(4).chunk_bytes(4);
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(splits(source));
  reading.read(SIZE_MAX, 1);
  EXPECT_EQ(reading.records, (Lines{"a", "b", "c", "d", "e", "f"}));
}

TEST_F(FileSourceTest, ReadsOneChunkAhead) {
  write("/in", "a\nb\nc\nd\n");
  const auto source = FileSource<std::string>::lines("/in").chunk_bytes(4);
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(splits(source));
  reading.read(1, 1);
  EXPECT_EQ(reading.host.jobs(), 1u);
}

TEST_F(FileSourceTest, SplitsAreOfEqualSizeAndSeveralForEachSubtask) {
  write("/in", std::string(16 << 20, '\n'));
  const auto found = splits(FileSource<std::string>::lines("/in"), 2);
  ASSERT_EQ(found.size(), 8u);
  EXPECT_EQ(FileSplit::decode(found[7])->end, 16 << 20);
  EXPECT_EQ(FileSplit::decode(found[7])->begin, 14 << 20);
}

TEST_F(FileSourceTest, CsvRowsBecomeStructsByColumnNameInEverySplit) {
  write("/in", "\xEF\xBB\xBFnumber,other,name\r\n1,x,a\n\nNA,\"y,\",\"b \"\"c\"\"\"\n3,,d\n");
  for (int64_t split = 1; split < 60; ++split) {
    const auto pairs = read_all(FileSource<Pair>::csv("/in").split_bytes(split).chunk_bytes(5));
    ASSERT_EQ(pairs.size(), 3u) << split;
    EXPECT_EQ(pairs[0].name, "a");
    EXPECT_EQ(pairs[0].number, 1);
    EXPECT_EQ(pairs[1].name, "b \"c\"");
    EXPECT_EQ(pairs[1].number, std::nullopt);
    EXPECT_EQ(pairs[2].number, 3);
  }
}

TEST_F(FileSourceTest, FilesOfADirectoryMayHaveTheirColumnsInDifferentOrder) {
  write("/in/1", "name,number\na,1\n");
  write("/in/2", "number,name\n2,b\n");
  const auto pairs = read_all(FileSource<Pair>::csv("/in"));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[1].name, "b");
}

TEST_F(FileSourceTest, QuotedLineBreaksNeedMultiline) {
  write("/in", "name,number\n\"a\nb\",1\nc,2\n");
  const auto pairs = read_all(FileSource<Pair>::csv("/in", {.multiline = true}).split_bytes(3).chunk_bytes(4));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].name, "a\nb");
  const auto source = FileSource<Pair>::csv("/in");
  Reading<Pair> reading(fs, source);
  reading.reader->add_splits(splits(source));
  reading.read();
  EXPECT_NE(reading.host.failure.message().find("CsvOptions::multiline"), std::string::npos) << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, AMalformedRowFailsTheJobWithItsPlaceOrIsSkipped) {
  write("/in", "name,number\na,1\nb,two\nc,3\n");
  auto source = FileSource<Pair>::csv("/in");
  Reading<Pair> failing(fs, source);
  failing.reader->add_splits(splits(source));
  failing.read();
  EXPECT_EQ(failing.host.failure.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(failing.host.failure.message().find("the record at byte 16 of /in cannot be used: 'two' in column 'number'"), std::string::npos)
      << failing.host.failure.to_string();
  const auto pairs = read_all(source.on_malformed(Malformed::kSkip));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[1].name, "c");
}

TEST_F(FileSourceTest, WhatAParserThrowsMakesTheRecordMalformed) {
  write("/in", "1\nx\n3\n");
  auto source = FileSource<int>::lines("/in", [](std::string_view line) { return std::stoi(std::string(line)); });
  EXPECT_EQ(read_all(FileSource<int>(source).on_malformed(Malformed::kSkip)), (std::vector<int>{1, 3}));
  Reading<int> failing(fs, source);
  failing.reader->add_splits(splits(source));
  failing.read();
  EXPECT_NE(failing.host.failure.message().find("the record at byte 2 of /in"), std::string::npos) << failing.host.failure.to_string();
}

TEST_F(FileSourceTest, WhatIsWrongWithTheInputIsSaidBeforeTheFirstRecord) {
  TestHost host(fs, {});
  write("/in", "a,b\n1,2\n");
  ASSERT_TRUE(fs->make_directories("/empty").ok());
  EXPECT_NE(FileSource<std::string>::lines("/none").enumerate(host, 1).status().message().find("cannot read the input /none"), std::string::npos);
  EXPECT_EQ(FileSource<std::string>::lines("/empty").enumerate(host, 1).status().code(), StatusCode::kNotFound);
  const Status columns = FileSource<Pair>::csv("/in").enumerate(host, 1).status();
  EXPECT_NE(columns.message().find("/in has no column 'name'; its columns are: a, b"), std::string::npos) << columns.to_string();
}

TEST_F(FileSourceTest, AFileThatChangedIsRefused) {
  write("/in", "a\nb\n");
  const auto source = FileSource<std::string>::lines("/in");
  const auto old = splits(source);
  write("/in", "a\nb\nc\n");
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(old);
  reading.read();
  EXPECT_EQ(reading.records, Lines{});
  EXPECT_NE(reading.host.failure.message().find("/in has 6 bytes, but had 4"), std::string::npos) << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, ARecordWithoutEndIsRefusedNotBuffered) {
  write("/in", std::string(17 << 20, 'x'));
  const auto source = FileSource<std::string>::lines("/in");
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits({FileSplit{.uri = "/in", .begin = 0, .end = 17 << 20, .file_size = 17 << 20}.encode()});
  reading.read();
  EXPECT_NE(reading.host.failure.message().find("is longer than 16777216 bytes"), std::string::npos) << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, KeepsToItsRate) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "x\n";
  write("/in", text);
  const auto source = FileSource<std::string>::lines("/in").rate(100);
  Reading<std::string> reading(fs, source);
  const int64_t start_ms = reading.host.now_ms;
  reading.reader->add_splits(splits(source));
  reading.read();
  EXPECT_EQ(reading.records.size(), 500u);
  EXPECT_GE(reading.host.now_ms - start_ms, 4950);
  EXPECT_LE(reading.host.now_ms - start_ms, 5100);
}

TEST(FileSplits, DamagedOnesAreRefused) {
  const FileSplit good{.uri = "/in", .begin = 1, .end = 5, .file_size = 9, .next = 3};
  EXPECT_EQ(FileSplit::decode(good.encode())->next, 3);
  EXPECT_EQ(FileSplit::decode(good.encode().substr(0, 12)).status().code(), StatusCode::kDataLoss);
  FileSplit impossible = good;
  impossible.end = 10;
  EXPECT_EQ(FileSplit::decode(impossible.encode()).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir
