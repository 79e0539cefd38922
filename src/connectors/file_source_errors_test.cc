// Inputs that a FileSource refuses, and when.

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "connectors/file_split.h"
#include "connectors/test_file_source.h"
#include "fs/local/local_file_system.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

struct Pair {
  std::string name;
  std::optional<int64_t> number;
  WEIR_FIELDS(Pair, name, number)
};

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
