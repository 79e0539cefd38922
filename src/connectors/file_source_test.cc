#include "weir/connector/file_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "connectors/file_split.h"
#include "connectors/test_host.h"
#include "connectors/test_reading.h"
#include "fs/local/local_file_system.h"

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

TEST_F(FileSourceTest, MalformedRowFailsTheJobWithItsPlaceOrIsSkipped) {
  write("/in", "name,number\na,1\nb,two\nc,3\n");
  auto source = FileSource<Pair>::csv("/in");
  Reading<Pair> failing(fs, source);
  failing.reader->add_splits(splits(source));
  failing.read();
  EXPECT_EQ(failing.host.failure.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(failing.host.failure.message().find(
                "the record at byte 16 of /in cannot be used: 'two' in column 'number'"),
            std::string::npos)
      << failing.host.failure.to_string();
  const auto pairs = read_all(source.on_malformed(Malformed::kSkip));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[1].name, "c");
}

/// A schema whose registry may be down.
class SchemaOfRegistry final : public DeserializationSchema<int> {
 public:
  explicit SchemaOfRegistry(std::shared_ptr<bool> is_down) : is_down_(std::move(is_down)) {}
  StatusOr<int> deserialize(std::string_view line) override {
    if (*is_down_) return unavailable("the registry is down");
    if (line == "x") return invalid_argument("no number");
    return std::stoi(std::string(line));
  }

 private:
  std::shared_ptr<bool> is_down_;
};

TEST_F(FileSourceTest, RecordThatCannotBeReadNowIsNotSkipped) {
  write("/in", "1\nx\n3\n");
  const auto is_down = std::make_shared<bool>(true);
  const auto source =
      FileSource<int>::lines("/in", SchemaOfRegistry(is_down)).on_malformed(Malformed::kSkip);
  Reading<int> failing(fs, source);
  failing.reader->add_splits(splits(source));
  failing.read();
  EXPECT_EQ(failing.host.failure.to_string(), "UNAVAILABLE: the registry is down");
  *is_down = false;
  EXPECT_EQ(read_all(source), (std::vector<int>{1, 3}));
}

TEST_F(FileSourceTest, ExceptionOfAParserMakesTheRecordMalformed) {
  write("/in", "1\nx\n3\n");
  auto source = FileSource<int>::lines(
      "/in", [](std::string_view line) { return std::stoi(std::string(line)); });
  EXPECT_EQ(read_all(FileSource<int>(source).on_malformed(Malformed::kSkip)),
            (std::vector<int>{1, 3}));
  Reading<int> failing(fs, source);
  failing.reader->add_splits(splits(source));
  failing.read();
  EXPECT_NE(failing.host.failure.message().find("the record at byte 2 of /in"), std::string::npos)
      << failing.host.failure.to_string();
}

TEST_F(FileSourceTest, ErrorsOfTheInputAreReportedBeforeTheFirstRecord) {
  TestHost host(fs, {});
  write("/in", "a,b\n1,2\n");
  ASSERT_TRUE(fs->make_directories("/empty").ok());
  EXPECT_NE(FileSource<std::string>::lines("/none").enumerate(host, 1).status().message().find(
                "cannot read the input /none"),
            std::string::npos);
  EXPECT_EQ(FileSource<std::string>::lines("/empty").enumerate(host, 1).status().code(),
            StatusCode::kNotFound);
  const Status columns = FileSource<Pair>::csv("/in").enumerate(host, 1).status();
  EXPECT_NE(columns.message().find("/in has no column 'name'; its columns are: a, b"),
            std::string::npos)
      << columns.to_string();
}

TEST_F(FileSourceTest, ChangedFileIsRefused) {
  write("/in", "a\nb\n");
  const auto source = FileSource<std::string>::lines("/in");
  const auto old = splits(source);
  write("/in", "a\nb\nc\n");
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(old);
  reading.read();
  EXPECT_EQ(reading.records, Lines{});
  EXPECT_NE(reading.host.failure.message().find("/in has 6 bytes, but had 4"), std::string::npos)
      << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, ChangedFileOfTheSameSizeIsRefused) {
  int64_t now_ms = 1000;
  fs = std::make_shared<MemoryFileSystem>([&] { return now_ms; });
  write("/in", "a\nb\n");
  const auto source = FileSource<std::string>::lines("/in");
  const auto old = splits(source);
  now_ms = 2500;
  write("/in", "a\nc\n");
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(old);
  reading.read();
  EXPECT_EQ(reading.records, Lines{});
  EXPECT_NE(reading.host.failure.message().find(
                "/in was changed at 1970-01-01T00:00:02.500Z, but at 1970-01-01T00:00:01Z when"),
            std::string::npos)
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

TEST_F(FileSourceTest, FilesThatAreNotUtf8AreRefusedWithTheirFormat) {
  using std::string_literals::operator""s;
  const std::pair<std::string, std::string_view> cases[] = {
      {"\x1f\x8b\x08\0rest"s, "in the middle of its compressed data"},
      {"PK\x03\x04rest", "a zip archive"},
      {"PAR1rest of it PAR1", "a Parquet file"},
      {"ORC rest of it ORC\x18", "an ORC file"},
      {"\xff\xfe"
       "a\0\n\0"s,
       "text in UTF-16"},
      {"\xfe\xff\0a\0\n"s, "text in UTF-16"},
      {"\xff\xfe\0\0a\0\0\0"s, "text in UTF-32"},
      {"a,b\rc,d\r", "its lines end with a carriage return alone"},
  };
  for (const auto& [bytes, message] : cases) {
    write("/in", bytes);
    TestHost host(fs, {});
    const auto source = FileSource<std::string>::lines("/in");
    const Status refused = source.enumerate(host, 1).status();
    EXPECT_NE(refused.message().find(message), std::string::npos)
        << message << ": " << refused.to_string();
    // Among many files, some are checked only when they are read.
    const auto size = static_cast<int64_t>(bytes.size());
    Reading<std::string> reading(fs, source);
    reading.reader->add_splits(
        {FileSplit{.uri = "/in", .begin = 0, .end = size, .file_size = size}.encode()});
    reading.read();
    EXPECT_EQ(reading.records, Lines{});
    EXPECT_NE(reading.host.failure.message().find(message), std::string::npos)
        << message << ": " << reading.host.failure.to_string();
  }
  for (const std::string text : {"PAR1 is a word\n", "ORC,1\n", "BZh9\n", "\r", "a\rb\n"}) {
    write("/in", text);
    EXPECT_EQ(read_all(FileSource<std::string>::lines("/in")).size(), 1u) << text;
  }
}

TEST_F(FileSourceTest, HeaderWithAnEmptyOrRepeatedNameIsRefused) {
  TestHost host(fs, {});
  write("/in", "\n");
  EXPECT_NE(FileSource<Pair>::csv("/in").enumerate(host, 1).status().message().find(
                "the first line of /in is empty"),
            std::string::npos);
  write("/in", "name,number,name\na,1,b\n");
  EXPECT_NE(FileSource<Pair>::csv("/in").enumerate(host, 1).status().message().find(
                "/in has 2 columns of the name 'name'"),
            std::string::npos);
  write("/in", "x,number,name,x\n,1,b,\n");
  EXPECT_EQ(read_all(FileSource<Pair>::csv("/in")).size(), 1u);
  const auto source = FileSource<std::string>::csv(
      "/in", {}, [](CsvRow& row) { return row.get<std::string>("x"); });
  Reading<std::string> reading(fs, source);
  reading.reader->add_splits(splits(source));
  reading.read();
  EXPECT_NE(reading.host.failure.message().find("there is more than one column 'x'"),
            std::string::npos)
      << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, FileBeingWrittenIsRefused) {
  /// A file that a writer has open.
  class BusyFile final : public ReadableFile {
   public:
    Status read_at(int64_t, int64_t, std::string* out) override { return out->clear(), Status(); }
    int64_t size() const override { return 0; }
    StatusOr<bool> being_written() override { return true; }
  };
  class Busy final : public FileSystem {
   public:
    StatusOr<std::unique_ptr<ReadableFile>> open(const std::string&) override {
      return std::unique_ptr<ReadableFile>(new BusyFile);
    }
    StatusOr<FileInfo> stat(const std::string& path) override { return FileInfo{.path = path}; }
    StatusOr<std::unique_ptr<WritableFile>> create(const std::string&, CreateMode) override {
      return unavailable("no");
    }
    StatusOr<std::vector<FileInfo>> list(const std::string&) override { return unavailable("no"); }
    Status make_directories(const std::string&) override { return unavailable("no"); }
    Status rename(const std::string&, const std::string&) override { return unavailable("no"); }
    Status remove(const std::string&) override { return unavailable("no"); }
    Status remove_all(const std::string&) override { return unavailable("no"); }
    Durability durability() const override { return Durability::kProcess; }
  };
  TestHost host(std::make_shared<Busy>(), {});
  const Status refused = FileSource<std::string>::lines("/in").enumerate(host, 1).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("/in is being written: 0 bytes of it can be seen so far"),
            std::string::npos)
      << refused.to_string();
}

TEST(FileSourceOfLocalFiles, UnrepeatableInputIsRefusedBeforeTheFirstRecord) {
  std::string directory = (std::filesystem::temp_directory_path() / "weir-source-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string pipe = directory + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  TestHost host(std::make_shared<LocalFileSystem>(), {});
  const auto problem = [&](const std::string& uri) {
    return FileSource<std::string>::lines(uri).enumerate(host, 1).status().to_string();
  };
  for (const std::string& input : {pipe, directory, directory + "/p*"}) {
    EXPECT_NE(problem(input).find(pipe + " is a pipe, not a file"), std::string::npos)
        << problem(input);
  }
  EXPECT_NE(problem("/dev/zero").find("is a device, not a file"), std::string::npos)
      << problem("/dev/zero");
  EXPECT_NE(problem("/proc/self/status").find("copy it into a file first"), std::string::npos)
      << problem("/proc/self/status");
  std::filesystem::remove_all(directory);
}

TEST_F(FileSourceTest, NegativeRateIsRefused) {
  write("/in", "a\n");
  TestHost host(fs, {});
  const Status refused = FileSource<std::string>::lines("/in").rate(-5).enumerate(host, 1).status();
  EXPECT_NE(refused.message().find("a rate of -5.000000 records a second was asked for"),
            std::string::npos)
      << refused.to_string();
}

TEST_F(FileSourceTest, EndlessRecordIsRefusedNotBuffered) {
  write("/in", std::string(5 << 20, 'x'));
  const auto source = FileSource<std::string>::lines("/in");
  Reading<std::string> reading(fs, source);
  reading.host.most_record_bytes = 1 << 20;
  reading.reader->add_splits(
      {FileSplit{.uri = "/in", .begin = 0, .end = 5 << 20, .file_size = 5 << 20}.encode()});
  reading.read();
  EXPECT_NE(reading.host.failure.message().find("is longer than 1048576 bytes"), std::string::npos)
      << reading.host.failure.to_string();
}

TEST_F(FileSourceTest, TheLimitOfARecordHoldsAlsoIfItEndsWithinAChunk) {
  for (const std::string end : {"", "\n", "\nabc\n"}) {
    const std::string text = "abcd\nabcde" + end;
    write("/in", text);
    const auto size = static_cast<int64_t>(text.size());
    const auto source = FileSource<std::string>::lines("/in");
    for (const size_t most : {4, 5}) {
      Reading<std::string> reading(fs, source);
      reading.host.most_record_bytes = most;
      reading.reader->add_splits(
          {FileSplit{.uri = "/in", .begin = 0, .end = size, .file_size = size}.encode()});
      reading.read();
      EXPECT_EQ(reading.host.failure.ok(), most == 5) << reading.host.failure.to_string();
    }
  }
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

TEST(FileSplits, DamagedSplitIsRefused) {
  const FileSplit good{.uri = "/in", .begin = 1, .end = 5, .file_size = 9, .next = 3};
  EXPECT_EQ(FileSplit::decode(good.encode())->next, 3);
  std::string old = good.encode();  // the form in a checkpoint of an earlier version
  old[0] = 1;
  old.resize(old.size() - 20);
  EXPECT_EQ(FileSplit::decode(old)->next, 3);
  EXPECT_EQ(FileSplit::decode(old)->modified_ms, -1);
  std::string second = good.encode();  // of the version between
  second[0] = 2;
  second.resize(second.size() - 4);
  EXPECT_EQ(FileSplit::decode(second)->next, 3);
  EXPECT_EQ(FileSplit::decode(second)->of, 0);
  EXPECT_EQ(FileSplit::decode(good.encode().substr(0, 12)).status().code(), StatusCode::kDataLoss);
  FileSplit impossible = good;
  impossible.end = 10;
  EXPECT_EQ(FileSplit::decode(impossible.encode()).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir
