#include "weir/stream/environment.h"

#include <gtest/gtest.h>

#include "weir/connector/generator_source.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

using namespace std::chrono_literals;

StreamExecutionEnvironment environment(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/flights");
  return StreamExecutionEnvironment::from_args(static_cast<int>(arguments.size()),
                                               arguments.data());
}

/// The standard error of execute(), which must return 2.
std::string refusal(StreamExecutionEnvironment env) {
  env.from_elements<int>({1}).print();
  testing::internal::CaptureStderr();
  EXPECT_EQ(env.execute("test"), 2);
  return testing::internal::GetCapturedStderr();
}

/// The output of execute() with --explain, without ids.
std::string explanation(StreamExecutionEnvironment& env) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(env.execute("test"), 0);
  std::istringstream lines(testing::internal::GetCapturedStdout());
  std::string text, line;
  while (std::getline(lines, line)) {
    if (line.starts_with("  ") && line.find("  id ") == 0) continue;
    if (line.starts_with("  fingerprint")) continue;
    text += line.substr(0, line.rfind("  id ")) + "\n";
  }
  return text;
}

TEST(Environment, FlagsHaveTheTypesOfTheirDefaults) {
  auto env =
      environment({"--input", "x.csv", "--count=7", "--rate", "1.5", "--gap", "3 min", "--fast"});
  EXPECT_EQ(env.flag("input", "flights.csv", "the CSV to read"), "x.csv");
  EXPECT_EQ(env.flag("count", 1, "how many"), 7);
  EXPECT_EQ(env.flag("rate", 2.0, "how fast"), 1.5);
  EXPECT_EQ(env.flag("gap", 30s, "how long"), 180'000ms);
  EXPECT_TRUE(env.flag("fast", false, "do not wait"));
  EXPECT_EQ(env.flag("other", "default", "not given"), "default");
  EXPECT_EQ(env.flag("big", int64_t{1} << 40, "not given"), int64_t{1} << 40);
}

TEST(Environment, BadFlagsAndSettingsAreReportedTogether) {
  auto env = environment({"--count", "many", "--small=70000", "--paralelism", "4", "-D",
                          "parallelism.defualt=1", "-D", "weir.batch-size=0"});
  EXPECT_EQ(env.flag("count", 1, "how many"), 1);
  EXPECT_EQ(env.flag("small", int16_t{2}, ""), 2);
  env.configure("state.backend.type", "rocksdb");
  EXPECT_EQ(refusal(std::move(env)),
            "flights: there is no configuration key 'parallelism.defualt' (-D); did you mean "
            "'parallelism.default'?\n"
            "flights: weir.batch-size: '0' (-D) is less than the least allowed, 1\n"
            "flights: --count: 'many' is not a whole number\n"
            "flights: --small: '70000' is not between -32768 and 32767\n"
            "flights: state.backend.type: 'rocksdb' (the program) is none of its values: hashmap\n"
            "flights: there is no flag --paralelism; did you mean --parallelism?\n"
            "nothing was run; flights --help lists the flags\n");
}

TEST(Environment, ProgramsFlagsArePartOfTheJobsIdentity) {
  const auto fingerprint = [](std::vector<const char*> arguments, bool rate_varies) {
    arguments.push_back("--explain");
    auto env = environment(arguments);
    env.flag("gap", 90s, "how long to wait");
    env.flag("rate", 1.0, "how fast");
    env.flag("exact", false, "counts each record");
    for (const char* secret : {"db-password", "client-secret", "api-token"})
      env.flag(secret, "", "of the database");
    if (rate_varies) env.may_vary("rate");
    env.from_elements<int>({1}).print();
    testing::internal::CaptureStdout();
    EXPECT_EQ(env.execute("test"), 0);
    const std::string text = testing::internal::GetCapturedStdout();
    const size_t at = text.find("fingerprint");
    return text.substr(at, text.find('\n', at) - at);
  };
  const std::string plain = fingerprint({}, true);
  EXPECT_EQ(fingerprint({"--gap", "90000 ms"}, true), plain)
      << "written otherwise, or given as what it is anyway";
  EXPECT_NE(fingerprint({"--gap", "91 s"}, true), plain);
  EXPECT_EQ(fingerprint({"--exact=false"}, true), plain);
  EXPECT_NE(fingerprint({"--exact"}, true), plain);
  EXPECT_EQ(fingerprint({"--rate", "7", "--db-password", "x", "-D", "weir.batch-size=7"}, true),
            plain);
  EXPECT_EQ(fingerprint({"--client-secret", "x", "--api-token", "y"}, true), plain);
  EXPECT_NE(fingerprint({"--rate", "7"}, false), fingerprint({}, false));
}

TEST(Environment, HelpListsTheProgramsFlags) {
  auto env = environment({"--help"});
  env.flag("input", "flights.csv", "the CSV to read");
  env.flag("gap", 90s, "how long to wait");
  testing::internal::CaptureStdout();
  EXPECT_EQ(env.execute(), 0);
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_EQ(help.substr(0, help.find("\n\nFlags of every")),
            "Usage: flights [flags]\n"
            "\n"
            "Flags of this program:\n"
            "  --input TEXT             the CSV to read (default: flights.csv)\n"
            "  --gap DURATION           how long to wait (default: 90 s)");
}

TEST(Environment, JobRunsOnce) {
  auto env = environment({"--explain"});
  env.from_elements<int>({1}).print();
  EXPECT_NE(explanation(env), "");
  testing::internal::CaptureStderr();
  EXPECT_EQ(env.execute(), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "flights: execute() or run() was called a second time; an environment describes one "
            "job, which runs once\nnothing was run; "
            "flights --help lists the flags\n");
}

TEST(Environment, ProgramsCallsAreSettings) {
  auto env = environment({"--parallelism", "2", "--explain"});
  env.set_parallelism(3).set_max_parallelism(64).enable_checkpointing(
      1s, CheckpointingMode::kAtLeastOnce);
  env.set_state_backend(FsStateBackend("/tmp/c"))
      .set_restart_strategy(RestartStrategy::fixed_delay(3, 10s));
  env.from_elements<int>({1}).map([](int i) { return i; });
  EXPECT_EQ(explanation(env),
            "Job 'test', bounded\n"
            "\n"
            "[0] Source: elements\n"
            "    parallelism 1 of at most 64\n"
            "    elements  uid auto-elements-1\n"
            "    --rebalance--> [1]\n"
            "\n"
            "[1] map\n"
            "    parallelism 3 of at most 64\n"
            "    map       uid auto-map-1     \n");
}

TEST(Environment, ImpossibleSettingsOfTheProgramAreReported) {
  auto env = environment({});
  env.set_parallelism(0).enable_checkpointing(0s).set_state_backend(FsStateBackend(""));
  EXPECT_EQ(
      refusal(std::move(env)),
      "flights: parallelism.default: '0' (the program) is less than the least allowed, 1\n"
      "flights: execution.checkpointing.interval: '0 ms' (the program) is less than the least "
      "allowed, 1 ms\n"
      "flights: execution.checkpointing.dir: '' (the program) is empty; leave the key out instead\n"
      "nothing was run; flights --help lists the flags\n");
}

/// A directory with a weir.yaml, removed with this object.
class ConfigurationFile {
 public:
  explicit ConfigurationFile(const std::string& text) {
    path_ = std::filesystem::path(testing::TempDir()) /
            ("weir_environment_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / "weir.yaml") << text;
  }
  ~ConfigurationFile() { std::filesystem::remove_all(path_); }
  std::string directory() const { return path_.string(); }
  std::string file() const { return (path_ / "weir.yaml").string(); }

 private:
  std::filesystem::path path_;
};

TEST(Environment, ErrorsOfTheJobAreReportedTogether) {
  auto env = environment({});
  env.from_source(GeneratorSource<int>(-3, [](int64_t) { return 1; }), no_watermarks(), "a")
      .print();
  env.from_source(GeneratorSource<int>::unbounded(nullptr), no_watermarks(), "b").print();
  env.from_source(GeneratorSource<int>(1, [](int64_t) { return 1; }).timestamps(nullptr),
                  no_watermarks(), "c")
      .print();
  env.from_source(GeneratorSource<int>(1, [](int64_t) { return 1; }).rate(-2),
                  for_bounded_out_of_orderness<int>(-1ms), "")
      .print();
  env.from_source(GeneratorSource<int>(1, [](int64_t) { return 1; }),
                  for_monotonous_timestamps<int>().with_timestamp_assigner(
                      std::function<int64_t(const int&)>()),
                  "d")
      .print();
  EXPECT_EQ(refusal(std::move(env)),
            "flights: a GeneratorSource is to make -3 records; it must be 0 or more\n"
            "flights: a GeneratorSource is given a function that is null\n"
            "flights: timestamps() of a GeneratorSource is given a function that is null\n"
            "flights: from_source() is given an empty name\n"
            "flights: a rate of -2.000000 records a second was asked for: give a positive one, or "
            "0 for no limit\n"
            "flights: for_bounded_out_of_orderness() is given -1 ms; records cannot be late by "
            "less than nothing\n"
            "flights: with_timestamp_assigner() is given a function that is null\n"
            "nothing was run; flights --help lists the flags\n");
}

TEST(Environment, FileOfConfigIsRead) {
  const ConfigurationFile yaml("parallelism.default: 5\npipeline:\n  name: from the file\n");
  auto env =
      environment({"--config", yaml.file().c_str(), "--explain", "-Dpipeline.max-parallelism=9"});
  env.from_elements<int>({1}).set_parallelism(5);
  EXPECT_EQ(explanation(env),
            "Job 'from the file', bounded\n\n[0] Source: elements\n    parallelism 5 of at most "
            "9\n    elements  uid "
            "auto-elements-1\n");
}

TEST(Environment, ConfigurationDirectoryIsReadIfItHasAFile) {
  const ConfigurationFile yaml("paralelism.default: 5\n");
  ASSERT_EQ(setenv("WEIR_CONF_DIR", yaml.directory().c_str(), 1), 0);
  auto env = environment({});
  ASSERT_EQ(unsetenv("WEIR_CONF_DIR"), 0);
  EXPECT_EQ(refusal(std::move(env)),
            "flights: there is no configuration key 'paralelism.default' (" + yaml.file() +
                " line 1); did you mean 'parallelism.default'?\nnothing was run; flights --help "
                "lists the flags\n");
}

TEST(Environment, ChainInFlinkReadsNoFile) {
  const ConfigurationFile yaml("parallelism.default: 5\n");
  ASSERT_EQ(setenv("WEIR_CONF_DIR", yaml.directory().c_str(), 1), 0);
  auto env = environment({"-D", "weir.role=chain", "--explain"});
  auto other = environment({"--explain"});
  ASSERT_EQ(unsetenv("WEIR_CONF_DIR"), 0);
  env.from_elements<int>({1}).rebalance().map([](int i) { return i; });
  other.from_elements<int>({1}).rebalance().map([](int i) { return i; });
  EXPECT_EQ(explanation(env).find("parallelism 5"), std::string::npos);
  EXPECT_NE(explanation(other).find("parallelism 5"), std::string::npos);
}

TEST(Environment, FileNamedByConfigMustExist) {
  EXPECT_EQ(refusal(environment({"--config", "/nowhere.yaml"})),
            "flights: cannot read the configuration file /nowhere.yaml: No such file or "
            "directory\nnothing was run; flights --help lists the flags\n");
}

}  // namespace
}  // namespace weir
