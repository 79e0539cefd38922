// Jobs as a user would write them, run to their end in this process.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;

struct Departure {
  std::string carrier;
  int64_t scheduled = 0;
  double delay = 0;
  WEIR_FIELDS(Departure, carrier, scheduled, delay)
};

struct CarrierDelay {
  std::string carrier;
  double mean = 0;
  bool operator==(const CarrierDelay&) const = default;
  WEIR_FIELDS(CarrierDelay, carrier, mean)
};

struct MeanDelay {
  struct Accumulator {
    std::string carrier;
    double sum = 0;
    int64_t count = 0;
    WEIR_FIELDS(Accumulator, carrier, sum, count)
  };
  Accumulator create_accumulator() const { return {}; }
  void add(const Departure& d, Accumulator& a) const {
    a.carrier = d.carrier;
    a.sum += d.delay;
    ++a.count;
  }
  CarrierDelay get_result(const Accumulator& a) const {
    return {a.carrier, a.sum / static_cast<double>(a.count)};
  }
};

/// A directory for one test, removed with this object.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("weir_job_test_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// The lines of all files whose names begin with "part-", sorted.
std::vector<std::string> results_in(const std::string& directory) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!entry.path().filename().string().starts_with("part-")) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

weir::StreamExecutionEnvironment environment(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"job", "-D", "weir.progress=false"});
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  return weir::StreamExecutionEnvironment::from_args(static_cast<int>(pointers.size()),
                                                     pointers.data());
}

TEST(Job, ProgramOnTheFirstPageRuns) {
  const Folder folder;
  constexpr int64_t kHour = 3'600'000;
  const std::vector<Departure> flights = {{"AA", 1, 10},        {"UA", 2, 4},
                                          {"AA", 3, 20},        {"UA", kHour + 1, 8},
                                          {"AA", kHour + 2, 1}, {"UA", kHour + 2, 0}};
  for (const char* parallelism : {"1", "3"}) {
    auto env = environment({"--parallelism", parallelism});
    env.enable_checkpointing(1s);
    env.set_state_backend(weir::FsStateBackend(folder / "checkpoints"));
    const auto departures = weir::detail::CollectionSource<Departure>(flights);
    const auto watermarks =
        weir::for_bounded_out_of_orderness<Departure>(1min).with_timestamp_assigner(
            &Departure::scheduled);
    const std::string out = folder / ("out" + std::string(parallelism));
    env.from_source(departures, watermarks, "departures")
        .key_by(&Departure::carrier)
        .window(weir::TumblingEventTimeWindows::of(1h))
        .aggregate(MeanDelay{})
        .sink_to(weir::FileSink<CarrierDelay>(out));
    ASSERT_EQ(env.execute("delay by carrier"), 0);
    EXPECT_EQ(results_in(out), (std::vector<std::string>{"AA,1", "AA,15", "UA,4", "UA,4"}))
        << "parallelism " << parallelism;
  }
}

TEST(Job, AllOperatorsTogether) {
  auto env = environment({"--parallelism", "2"});
  weir::CollectSink<std::pair<std::string, int64_t>> counts;
  const auto lines = env.from_elements<std::string>({"to be or not", "to be"});
  const auto more = env.from_elements<std::string>({"That is", "be"}).uid("more");
  lines.union_with(more.rebalance())
      .flat_map([](const std::string& line, weir::Collector<std::string>& out) {
        std::istringstream words(line);
        for (std::string word; words >> word;) out.collect(word);
      })
      .filter([](const std::string& word) { return word != "That"; })
      .map([](std::string word) { return std::pair(std::move(word), int64_t{1}); })
      .key_by(&std::pair<std::string, int64_t>::first)
      .sum(&std::pair<std::string, int64_t>::second)
      .uid("count")
      .sink_to(counts);
  ASSERT_EQ(env.execute("words"), 0);
  auto records = counts.records();
  std::sort(records.begin(), records.end());
  EXPECT_EQ(records, (std::vector<std::pair<std::string, int64_t>>{{"be", 1},
                                                                   {"be", 2},
                                                                   {"be", 3},
                                                                   {"is", 1},
                                                                   {"not", 1},
                                                                   {"or", 1},
                                                                   {"to", 1},
                                                                   {"to", 2}}));
}

struct Reading {
  std::string sensor;
  double value = 0;
  int64_t at_ms = 0;
  WEIR_FIELDS(Reading, sensor, value, at_ms)
};

std::string text_of(std::vector<Reading> readings) {
  std::string text;
  for (const Reading& r : readings)
    text += r.sensor + " " + std::to_string(static_cast<int>(r.value)) + " " +
            std::to_string(r.at_ms) + "\n";
  return text;
}

TEST(Job, MembersAreReducedPerKeyAndPerWindow) {
  const std::vector<Reading> readings = {
      {"a", 5, 0}, {"a", 3, 100}, {"a", std::nan(""), 200}, {"a", 7, 900}, {"a", 1, 1000}};
  weir::CollectSink<Reading> sums, least, largest, least_of_key, largest_of_key;
  auto env = environment({});
  const auto watermarks =
      weir::for_monotonous_timestamps<Reading>().with_timestamp_assigner(&Reading::at_ms);
  const auto by_sensor =
      env.from_source(weir::detail::CollectionSource<Reading>(readings), watermarks, "readings")
          .key_by(&Reading::sensor);
  const auto windows =
      by_sensor.window(weir::TumblingEventTimeWindows::of(std::chrono::seconds(1)));
  windows.sum(&Reading::at_ms).uid("sum").sink_to(sums);
  windows.min(&Reading::value).uid("min").sink_to(least);
  windows.max(&Reading::at_ms).uid("max").sink_to(largest);
  by_sensor.min(&Reading::value).uid("key min").sink_to(least_of_key);
  by_sensor.max(&Reading::at_ms).uid("key max").sink_to(largest_of_key);
  ASSERT_EQ(env.execute("readings"), 0);
  EXPECT_EQ(text_of(sums.records()), "a 5 1200\na 1 1000\n");
  EXPECT_EQ(text_of(least.records()), "a 3 0\na 1 1000\n");  // NaN is the largest, as in Flink
  EXPECT_EQ(text_of(largest.records()), "a 5 900\na 1 1000\n");
  EXPECT_EQ(text_of(least_of_key.records()), "a 5 0\na 3 0\na 3 0\na 3 0\na 1 0\n");
  EXPECT_EQ(text_of(largest_of_key.records()), "a 5 0\na 5 100\na 5 200\na 5 900\na 5 1000\n");
}

TEST(Job, ExceptionOfAFunctionFailsTheJobWithTheOperatorsName) {
  auto env = environment({});
  env.from_elements<int>({1})
      .map([](int) -> int { throw std::runtime_error("no such thing"); })
      .name("divide")
      .print();
  testing::internal::CaptureStderr();
  EXPECT_EQ(env.execute("failing"), 1);
  const std::string error = testing::internal::GetCapturedStderr();
  EXPECT_NE(error.find("'divide'"), std::string::npos) << error;
  EXPECT_NE(error.find("no such thing"), std::string::npos) << error;
}

TEST(Job, MissingInputIsRefusedBeforeTheFirstRecord) {
  auto env = environment({});
  env.from_source(weir::FileSource<std::string>::lines("/nowhere/in.txt"), weir::no_watermarks(),
                  "in")
      .print();
  testing::internal::CaptureStderr();
  EXPECT_EQ(env.execute("refused"), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("/nowhere/in.txt"), std::string::npos);
}

TEST(Job, ARecordAboveTheLimitFailsTheJobAtTheOperatorThatSendsIt) {
  for (const int64_t bytes : {100, 1000}) {
    auto env = environment({"-D", "weir.max-record-size=500 bytes", "--parallelism", "2"});
    weir::CollectSink<std::string> sink;
    env.from_elements<int64_t>({10, bytes, 20})
        .map([](int64_t size) { return std::string(static_cast<size_t>(size), 'x'); })
        .name("inflate")
        .rebalance()
        .sink_to(sink);
    const auto result = env.run("records");
    EXPECT_EQ(result.ok(), bytes < 500);
    if (result.ok()) continue;
    const std::string text(result.status().message());
    EXPECT_NE(text.find("operator 'inflate'"), std::string::npos) << text;
    EXPECT_NE(text.find("a record of 1004 bytes"), std::string::npos) << text;
    EXPECT_NE(text.find("weir.max-record-size"), std::string::npos) << text;
  }
}

}  // namespace
