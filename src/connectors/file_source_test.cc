#include "weir/connector/file_source.h"

#include "connectors/file_split.h"
#include "connectors/test_file_source.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

struct Pair {
  std::string name;
  std::optional<int64_t> number;
  WEIR_FIELDS(Pair, name, number)
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
        for (const auto& [begin, end] :
             {std::pair<int64_t, int64_t>{0, cut1}, {cut1, cut2}, {cut2, size}}) {
          Reading<std::string> reading(fs, source);
          reading.reader->add_splits(
              {FileSplit{.uri = "/in", .begin = begin, .end = end, .file_size = size}.encode()});
          reading.read();
          ASSERT_TRUE(reading.ended) << reading.host.failure.to_string();
          all.insert(all.end(), reading.records.begin(), reading.records.end());
        }
        ASSERT_EQ(all, expected) << "cuts " << cut1 << " and " << cut2 << ", chunks of " << chunk;
      }
    }
  }
}

TEST_F(FileSourceTest, RestoreAfterAnyRecordContinuesWithTheNext) {
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
        ASSERT_EQ(all, expected) << taken << " taken, batches of " << batch << ", chunks of "
                                 << chunk;
      }
    }
  }
}

TEST_F(FileSourceTest, BytesReadAheadOfOneSplitAreNotTakenForTheNext) {
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
  const auto pairs =
      read_all(FileSource<Pair>::csv("/in", {.multiline = true}).split_bytes(3).chunk_bytes(4));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].name, "a\nb");
  const auto source = FileSource<Pair>::csv("/in");
  Reading<Pair> reading(fs, source);
  reading.reader->add_splits(splits(source));
  reading.read();
  EXPECT_NE(reading.host.failure.message().find("CsvOptions::multiline"), std::string::npos)
      << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, PartialLineIsNoRecordWhenItsFileGrowsWhileItIsRead) {
  write("/in", "first\nsecond\nthi");
  const auto source = FileSource<std::string>::lines("/in").chunk_bytes(8);
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(splits(source));
  reading.read(1, 1);
  {
    auto file = fs->create("/in", CreateMode::kReplace);
    ASSERT_TRUE((*file)->append("first\nsecond\nthird\n").ok());
  }
  reading.read();
  EXPECT_EQ(reading.records, Lines{"first"});
  EXPECT_FALSE(reading.ended);
  EXPECT_NE(reading.host.failure.message().find("/in has 19 bytes, but had 16"), std::string::npos)
      << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, SeveralInputsAndPatternsAreReadInTheOrderOfTheirPaths) {
  write("/in/2013/b.log", "2\n");
  write("/in/2013/a.log", "1\n");
  write("/in/2013/a.txt", "no\n");
  write("/in/2013/.a.log", "no\n");
  write("/in/2014/c.log", "3\n");
  write("/in/2014/d.log._COPYING_", "no\n");
  write("/in/2014/deep/e.log", "no\n");
  write("/other/[x]", "4\n");
  EXPECT_EQ(read_all(FileSource<std::string>::lines("/in/20*/?.log*")), (Lines{"1", "2", "3"}));
  EXPECT_EQ(read_all(FileSource<std::string>::lines(
                {"/other/[x]", "/in/2013/[ab].log", "/in/2013/a.log"})),
            (Lines{"1", "2", "4"}));
  EXPECT_EQ(read_all(FileSource<std::string>::lines("/in/*14")), Lines{"3"});
  TestHost host(fs, {});
  const Status none = FileSource<std::string>::lines("/in/*/*.csv").enumerate(host, 1).status();
  EXPECT_EQ(none.code(), StatusCode::kNotFound);
  EXPECT_NE(none.message().find("no file matches /in/*/*.csv"), std::string::npos)
      << none.to_string();
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

TEST_F(FileSourceTest, KeepsToItsRateIfOneOfFourSubtasksReadsEverything) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "x\n";
  write("/in", text);
  const auto source = FileSource<std::string>::lines("/in").rate(100);
  const std::unique_ptr<SourceReader<std::string>> others[] = {
      source.create_reader(), source.create_reader(), source.create_reader()};
  Reading<std::string> reading(fs, source, {.parallelism = 4});
  const int64_t start_ms = reading.host.now_ms;
  reading.reader->add_splits(splits(source));
  reading.read();
  EXPECT_EQ(reading.records.size(), 500u);
  EXPECT_GE(reading.host.now_ms - start_ms, 4950);
  EXPECT_LE(reading.host.now_ms - start_ms, 5100);
}

TEST_F(FileSourceTest, KeepsToItsRateIfOneOfFourProcessesReadsEverything) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "x\n";
  write("/in", text);
  const auto source = FileSource<std::string>::lines("/in").rate(100);
  Reading<std::string> reading(fs, source, {.parallelism = 4});  // the others are elsewhere
  const int64_t start_ms = reading.host.now_ms;
  reading.reader->add_splits(splits(source, 4));
  reading.read();
  EXPECT_EQ(reading.records.size(), 500u);
  EXPECT_GE(reading.host.now_ms - start_ms, 4950);
  EXPECT_LE(reading.host.now_ms - start_ms, 5100);
}

TEST_F(FileSourceTest, ProcessHasTheShareOfItsReadersIfThereAreFewerFilesThanSubtasks) {
  for (const char* name : {"/in/a", "/in/b"}) write(name, "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\n");
  const auto source = FileSource<std::string>::lines("/in").rate(10);
  Reading<std::string> reading(fs, source, {.parallelism = 4});
  const int64_t start_ms = reading.host.now_ms;
  reading.reader->add_splits({splits(source, 4)[0]});
  reading.read();
  EXPECT_EQ(reading.records.size(), 10u);
  EXPECT_GE(reading.host.now_ms - start_ms, 1600)
      << "five a second: another process reads the rest";
}

}  // namespace
}  // namespace weir
