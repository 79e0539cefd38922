#include <gtest/gtest.h>

#include <map>

#include "checkpoint/testing/faulty_file_system.h"
#include "connectors/decompressing_file.h"
#include "connectors/test_host.h"
#include "testing/operator_harness.h"
#include "weir/connector/file_sink.h"
#include "weir/detail/connector/sink_operator.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;
using LineSink = detail::SinkOperator<std::string, FileSink<std::string>>;
/// Content by path below the directory of the sink.
using Files = std::map<std::string, std::string>;
constexpr char kOut[] = "/out";

/// The bucket of "a:1" is "a".
std::string before_colon(const std::string& record) { return record.substr(0, record.find(':')); }
FileSink<std::string> bucketed() {
  FileSink<std::string> sink(kOut);
  sink.with_bucket_assigner(&before_colon);
  return sink;
}

struct Life {
  Life(std::shared_ptr<FileSystem> fs, FileSink<std::string> file_sink, TestHost::Place place = {},
       TestHost::Lists restored = {})
      : host(std::move(fs), place, std::move(restored)),
        sink(std::make_shared<FileSink<std::string>>(std::move(file_sink))) {
    EXPECT_TRUE(sink.open(host).ok());
    sink.can_accept();  // the attempt runs
    host.run_jobs();
  }
  void write(const Lines& lines, Timestamp timestamp = kNoTimestamp) {
    BatchOf<std::string> batch;
    for (const std::string& line : lines) batch.add(line, timestamp);
    sink.process(batch, none);
  }
  TestHost::Lists checkpoint(int64_t id) {
    TestSnapshot taken(id);
    EXPECT_TRUE(sink.snapshot(taken).ok());
    EXPECT_TRUE(taken.acknowledge().ok());
    sink.checkpoint_completed(id);
    host.run_jobs();
    EXPECT_TRUE(host.failure.ok()) << host.failure.to_string();
    return taken.lists;
  }
  TestHost host;
  LineSink sink;
  NoOutput none;
};

void add_files(FileSystem& fs, const std::string& path, Files& files) {
  const auto entries = fs.list(path);
  if (!entries.ok()) return;
  for (const FileInfo& entry : *entries) {
    if (entry.is_directory) add_files(fs, entry.path, files);
    else files[entry.path.substr(sizeof kOut)] = *read_file(fs, entry.path);
  }
}
Files files_of(FileSystem& fs) {
  Files files;
  add_files(fs, kOut, files);
  return files;
}
/// All content of the visible files of each bucket, in the order of their names.
Files content_of(FileSystem& fs) {
  Files content;
  for (const auto& [path, bytes] : files_of(fs)) {
    const size_t slash = std::min(path.rfind('/'), path.size());
    const bool base = path.find('/') == std::string::npos;
    if (path[base ? 0 : slash + 1] != '.') content[base ? "" : path.substr(0, slash)] += bytes;
  }
  return content;
}

class FileSinkBuckets : public ::testing::Test {
 protected:
  std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
};

TEST_F(FileSinkBuckets, EachRecordIsInTheDirectoryOfItsBucket) {
  Life life(fs, bucketed());
  life.write({"a:1", "b/c:2", "a:3", ":4"});
  life.checkpoint(1);
  life.write({"a:5"});
  life.checkpoint(2);
  EXPECT_EQ(content_of(*fs), (Files{{"", ":4\n"}, {"a", "a:1\na:3\na:5\n"}, {"b/c", "b/c:2\n"}}));
  EXPECT_EQ(files_of(*fs).size(), 4u);
}

TEST_F(FileSinkBuckets, HostileBucketsFailTheTaskAndWriteNothing) {
  for (const char* hostile : {"../x:1", "/abs:1", ".hidden:1", "a/../../x:1", "_x:1"}) {
    Life life(fs, bucketed());
    life.write({"a:1", hostile});
    EXPECT_EQ(life.host.failure.code(), StatusCode::kInvalidArgument) << hostile;
    EXPECT_NE(life.host.failure.message().find("A bucket is a path below"), std::string::npos);
  }
  EXPECT_EQ(files_of(*fs), Files{});
}

TEST_F(FileSinkBuckets, AssignerThatThrowsOrIsNullIsReported) {
  FileSink<std::string> sink(kOut);
  sink.with_bucket_assigner(
      [](const std::string&) -> std::string { throw std::runtime_error("x"); });
  Life life(fs, sink);
  EXPECT_THROW(life.write({"a"}), std::runtime_error);
  sink.with_bucket_assigner(std::function<std::string(const std::string&)>());
  EXPECT_NE(sink.setup_problem(), "");
  EXPECT_EQ(bucketed().setup_problem(), "");
}

TEST_F(FileSinkBuckets, RestoredCommittablesOfAllBucketsAreCommittedAtAnotherParallelism) {
  TestHost::Lists state;
  for (int subtask = 0; subtask < 2; ++subtask) {
    Life life(fs, bucketed(),
              {.subtask = subtask, .parallelism = 2, .nonce = subtask + 1u, .run = 5});
    life.write({"a:" + std::to_string(subtask), "b:" + std::to_string(subtask)});
    TestSnapshot taken(1);
    ASSERT_TRUE(life.sink.snapshot(taken).ok());
    ASSERT_TRUE(taken.acknowledge().ok());
    for (auto& [name, elements] : taken.lists)
      state[name].insert(state[name].end(), elements.begin(), elements.end());
    life.write({"c:lost"});
    life.host.run_jobs();
  }
  EXPECT_EQ(content_of(*fs), Files{});
  for (uint64_t nonce = 10; nonce < 12; ++nonce) {
    Life restored(
        fs, bucketed(),
        {.subtask = 0, .parallelism = 3, .nonce = nonce, .restored_checkpoint = 1, .run = 5},
        state);
    EXPECT_TRUE(restored.host.failure.ok()) << restored.host.failure.to_string();
    EXPECT_EQ(content_of(*fs), (Files{{"a", "a:0\na:1\n"}, {"b", "b:0\nb:1\n"}}));
    EXPECT_EQ(files_of(*fs).size(), 4u);
  }
}

TEST_F(FileSinkBuckets, GoingBackTakesBackFilesOfAllBucketsOfThisRunOnly) {
  {
    Life other(fs, bucketed(), {.nonce = 77});
    other.write({"a:other"});
    other.checkpoint(9);
  }
  TestHost::Lists state;
  {
    Life first(fs, bucketed(), {.nonce = 1});
    first.write({"a:1"});
    state = first.checkpoint(1);
    first.write({"a:2", "deep/er:2", ":2"});
    first.checkpoint(2);
  }
  ASSERT_TRUE(write_file(*fs, "/out/deep/er/readme", "kept").ok());
  // With another prefix than that of the files to take back.
  FileSink<std::string> renamed = bucketed();
  renamed.with_output_file_config({.part_prefix = "p", .part_suffix = ".txt"});
  Life second(fs, renamed, {.nonce = 2, .restored_checkpoint = 1}, state);
  EXPECT_TRUE(second.host.failure.ok()) << second.host.failure.to_string();
  EXPECT_EQ(content_of(*fs), (Files{{"a", "a:1\na:other\n"}, {"deep/er", "kept"}}));
}

TEST_F(FileSinkBuckets, FilesEndAtTheirSize) {
  FileSink<std::string> sink(kOut);
  sink.with_rolling_policy(DefaultRollingPolicy().with_max_part_size(10));
  Life life(fs, sink);
  life.write({"1234", "5678", "9", std::string(30, 'x'), "y"});
  life.host.run_jobs();
  life.checkpoint(1);
  const Files files = files_of(*fs);
  ASSERT_EQ(files.size(), 3u);
  Lines sizes;
  for (const auto& [path, bytes] : files) sizes.push_back(std::to_string(bytes.size()));
  EXPECT_EQ(sizes, (Lines{"10", "33", "2"}));
  EXPECT_EQ(files.rbegin()->first.substr(files.rbegin()->first.size() - 3), "-n2");
}

TEST_F(FileSinkBuckets, EveryRecordIsAFileIfTheSizeIsOneByte) {
  FileSink<std::string> sink(kOut);
  sink.with_rolling_policy(DefaultRollingPolicy().with_max_part_size(1));
  Life life(fs, sink);
  life.write(Lines(300, "x"));
  life.checkpoint(1);
  EXPECT_EQ(files_of(*fs).size(), 300u);
}

TEST_F(FileSinkBuckets, FilesEndAfterTheirTime) {
  FileSink<std::string> sink = bucketed();
  sink.with_rolling_policy(DefaultRollingPolicy()
                               .with_max_part_size(1 << 20)
                               .with_rollover_interval(std::chrono::seconds(10))
                               .with_inactivity_interval(std::chrono::seconds(3)));
  Life life(fs, sink);
  const std::string large(300'000, 'x');
  life.write({"a:" + large});  // written out, so the file exists
  life.host.now_ms += 4'000;
  life.write({"b:" + large});  // the file of a was idle
  for (int i = 0; i < 5; ++i) {
    life.host.now_ms += 2'000;
    life.write(
        {i < 4 ? "b:small" : "b:" + large});  // the file of b is never idle, but old in the end
  }
  life.write({"a:1", "b:1"});
  life.checkpoint(1);
  size_t of_a = 0, of_b = 0;
  for (const auto& [path, bytes] : files_of(*fs)) ++(path.starts_with("a/") ? of_a : of_b);
  EXPECT_EQ(of_a, 2u);
  EXPECT_EQ(of_b, 2u);
}

TEST_F(FileSinkBuckets, TenThousandBucketsNeedFewOpenFilesAndLittleMemory) {
  const auto counting = std::make_shared<FaultyFileSystem>();
  Life life(counting, bucketed());
  int64_t created = 0;
  counting->before = [&](std::string_view operation, const std::string&) {
    created += operation == "create";
    return Status();
  };
  const std::string filler(2'000, 'x');
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10'000; ++i) {
      life.write({std::to_string(i) + ":" + filler});
      if (!life.sink.can_accept()) life.host.run_jobs();
    }
  }
  // 40 MB, of which at most 32 MB wait in memory.
  life.host.run_jobs();
  EXPECT_GT(created, 1'000);
  life.checkpoint(1);
  const Files content = content_of(*counting);
  EXPECT_EQ(content.size(), 10'000u);
  size_t bytes = 0;
  for (const auto& [bucket, text] : content) {
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << bucket;
    bytes += text.size();
  }
  EXPECT_GT(bytes, 40'000'000u);
}

TEST_F(FileSinkBuckets, HeaderIsTheFirstLineOfEachFile) {
  struct Row {
    std::string name;
    WEIR_FIELDS(Row, name)
  };
  auto sink = FileSink<Row>::csv(kOut);
  sink.with_rolling_policy(DefaultRollingPolicy().with_max_part_size(8));
  TestHost host(fs, {});
  const auto writer = sink.create_writer();
  ASSERT_TRUE(writer->open(host).ok());
  BatchOf<Row> batch;
  for (const char* name : {"aaaaaaa", "b"}) batch.add({name});
  writer->write(batch);
  TestSnapshot taken(1);
  writer->prepare_commit(taken);
  ASSERT_TRUE(taken.acknowledge().ok());
  Lines found;
  for (const auto& [path, bytes] : files_of(*fs)) found.push_back(bytes);
  EXPECT_EQ(found, (Lines{"name\naaaaaaa\n", "name\nb\n"}));
}

TEST_F(FileSinkBuckets, CompressedFilesHaveTheirSuffixAndContent) {
  for (const auto& [compression, suffix] :
       {std::pair(Compression::kGzip, ".txt.gz"), std::pair(Compression::kZstd, ".txt.zst")}) {
    fs = std::make_shared<MemoryFileSystem>();
    FileSink<std::string> sink = bucketed();
    sink.compress(compression)
        .with_output_file_config({.part_suffix = ".txt"})
        .with_rolling_policy(DefaultRollingPolicy().with_max_part_size(100'000));
    Life life(fs, sink);
    std::string expected;
    uint32_t random = 1;
    for (int i = 0; i < 100; ++i) {
      std::string line = "a:";
      for (int j = 0; j < 5'000; ++j)
        line += static_cast<char>('a' + ((random = random * 1664525 + 1013904223) >> 24) % 26);
      life.write({line});
      expected += line + '\n';
    }
    life.host.run_jobs();
    life.checkpoint(1);
    std::string content;
    const Files files = files_of(*fs);
    EXPECT_GT(files.size(), 1u);
    std::map<int, std::string> in_order;
    for (const auto& [path, bytes] : files) {
      EXPECT_TRUE(path.ends_with(suffix)) << path;
      bool compressed = false;
      const auto file = open_decompressed(*fs, std::string(kOut) + "/" + path, path, &compressed);
      ASSERT_TRUE(file.ok() && compressed);
      std::string text;
      ASSERT_TRUE((*file)->read_at(0, 10'000'000, &text).ok());
      const size_t number = path.find("-n");
      in_order[number == std::string::npos ? 0 : std::stoi(path.substr(number + 2))] = text;
    }
    for (const auto& [number, text] : in_order) content += text;
    EXPECT_EQ(content, expected);
  }
}

TEST_F(FileSinkBuckets, BadOptionsAreRefusedBeforeTheJobStarts) {
  const auto problem = [](auto change) {
    FileSink<std::string> sink(kOut);
    change(sink);
    return sink.setup_problem();
  };
  EXPECT_EQ(problem([](auto&) {}), "");
  EXPECT_NE(problem([](auto& sink) {
              sink.with_rolling_policy(DefaultRollingPolicy().with_max_part_size(0));
            }),
            "");
  EXPECT_NE(problem([](auto& sink) {
              sink.with_rolling_policy(
                  DefaultRollingPolicy().with_inactivity_interval(std::chrono::seconds(0)));
            }),
            "");
  for (const char* prefix : {"", "_x", ".x", "a.b", "../x", "a\n"})
    EXPECT_NE(problem([&](auto& sink) { sink.with_output_file_config({.part_prefix = prefix}); }),
              "")
        << prefix;
  for (const char* suffix : {"txt", "./x", "."})
    EXPECT_EQ(
        problem([&](auto& sink) { sink.with_output_file_config({.part_suffix = suffix}); }).empty(),
        std::string(suffix) == ".");
  FileSink<std::string> sink(kOut);
  sink.with_bucket_assigner(DateTimeBucketAssigner("%Q"));
  TestHost host(fs, {});
  EXPECT_EQ(sink.probe(host).code(), StatusCode::kInvalidArgument);
}

TEST_F(FileSinkBuckets, SurvivesSnapshotsAndRestoresBetweenAnyTwoCalls) {
  TestHost registry(fs, {});
  FileSink<std::string> sink = bucketed();
  sink.with_rolling_policy(DefaultRollingPolicy().with_max_part_size(5))
      .compress(Compression::kGzip);
  OperatorScenario scenario(
      [&] { return std::make_unique<LineSink>(std::make_shared<FileSink<std::string>>(sink)); },
      show_batch_of<std::string>());
  scenario.files(&registry)
      .records(batch_of<std::string>({{"a:1", 1}, {"b:2", 2}, {"a:3", 2}}))
      .records(batch_of<std::string>({{"a:" + std::string(300'000, 'x'), 3}, {"a:4", 4}}))
      .finish();
  EXPECT_EQ(scenario.run(), Lines{});
  EXPECT_EQ(scenario.check(), "");
}

TEST(DateTimeBuckets, AreInUtcByTheFormat) {
  DateTimeBucketAssigner hour;
  EXPECT_EQ(hour.bucket_at(1'357'034'400'000), "2013-01-01--10");
  EXPECT_EQ(hour.bucket_at(1'357'034'399'999), "2013-01-01--09");
  EXPECT_EQ(hour.bucket_at(-1), "1969-12-31--23");
  EXPECT_EQ(hour.bucket_at(0), "1970-01-01--00");
  DateTimeBucketAssigner day("%Y/%m/%d");
  for (const Timestamp ms : {INT64_MAX, INT64_MAX - 1, INT64_MIN + 1, Timestamp{86'399'999}})
    EXPECT_TRUE(day.bucket_at(ms).ends_with(day.bucket_at(ms))) << ms;
  EXPECT_EQ(day.bucket_at(86'399'999), "1970/01/01");
  EXPECT_EQ(day.bucket_at(86'400'000), "1970/01/02");
  DateTimeBucketAssigner second("%H%M%S");
  EXPECT_EQ(second.bucket_at(1'000), "000001");
  EXPECT_EQ(second.bucket_at(1'500), "000001.500");
  EXPECT_EQ(DateTimeBucketAssigner("all").bucket_at(5), "all");
  EXPECT_FALSE(DateTimeBucketAssigner("%Q").check().ok());
}

TEST_F(FileSinkBuckets, EventTimeNeedsATimestamp) {
  FileSink<std::string> sink(kOut);
  sink.with_bucket_assigner(DateTimeBucketAssigner::by_event_time(DateTimeBucketAssigner::kDay));
  Life life(fs, sink);
  life.write({"x"}, 1'357'034'400'000);
  life.write({"y"}, -1);
  life.checkpoint(1);
  EXPECT_EQ(content_of(*fs), (Files{{"1969-12-31", "y\n"}, {"2013-01-01", "x\n"}}));
  EXPECT_THROW(life.write({"z"}), std::invalid_argument);
}

}  // namespace
}  // namespace weir
