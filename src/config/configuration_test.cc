#include "config/configuration.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "base/testing/source_dir.h"
#include "config/flink_keys.h"
#include "config/nearest.h"

namespace weir {
namespace {

using namespace options;

const ConfigOrigin kFromFile{ConfigLayer::kFile, "weir.yaml line 1"};
const ConfigOrigin kFromFlag{ConfigLayer::kCommandLine, "-D"};
const ConfigOrigin kFromProgram{ConfigLayer::kProgram, "the program"};

TEST(Configuration, EveryDefaultIsValidForItsKey) {
  for (const ConfigKey* key : config_keys()) {
    if (key->default_value.empty()) continue;
    Configuration configuration;
    EXPECT_EQ(configuration.set(key->name, key->default_value).to_string(), "OK") << key->name;
  }
}

TEST(Configuration, NoNameBelongsToTwoKeys) {
  for (const ConfigKey* key : config_keys()) {
    EXPECT_EQ(find_config_key(key->name), key);
    std::stringstream aliases{std::string(key->aliases)};
    for (std::string alias; std::getline(aliases, alias, ',');)
      EXPECT_EQ(find_config_key(alias), key) << alias;
  }
}

TEST(Configuration, DurationsBeyondTheClockCountAsTheLongest) {
  static_assert(std::chrono::nanoseconds(kLongestSetting) < std::chrono::nanoseconds::max() / 2);
  Configuration configuration;
  ASSERT_TRUE(configuration.set("execution.checkpointing.timeout", "10000000 h").ok());
  EXPECT_EQ(configuration.get(kCheckpointTimeout), kLongestSetting);
  EXPECT_GT(std::chrono::nanoseconds(configuration.get(kCheckpointTimeout)).count(), 0);
}

TEST(Configuration, UnsetKeysHaveTheirDefaults) {
  const Configuration configuration;
  EXPECT_EQ(configuration.get(kCheckpointTimeout), std::chrono::minutes(10));
  EXPECT_EQ(configuration.get(kCheckpointMode), CheckpointingMode::kExactlyOnce);
  EXPECT_EQ(configuration.get(kCheckpointRetention), CheckpointRetention::kRetainOnCancellation);
  EXPECT_EQ(configuration.get(kDataInlineThreshold), 20 * 1024);
  EXPECT_EQ(configuration.get(kExponentialDelayMultiplier), 1.5);
  EXPECT_TRUE(configuration.get(kOperatorChaining));
  EXPECT_EQ(configuration.get_optional(kCheckpointInterval), std::nullopt);
  EXPECT_EQ(configuration.get_optional(kRestartStrategy), std::nullopt);
}

TEST(Configuration, ValuesComeBackInTheirTypes) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("execution.checkpointing.interval", "3 min").ok());
  ASSERT_TRUE(configuration.set("execution.checkpointing.mode", "at_least_once").ok());
  ASSERT_TRUE(configuration.set("restart-strategy.type", "off").ok());
  ASSERT_TRUE(configuration.set("execution.checkpointing.data-inline-threshold", "1 mb").ok());
  ASSERT_TRUE(configuration.set("parallelism.default", " 4 ").ok());
  EXPECT_EQ(configuration.get(kCheckpointInterval), std::chrono::minutes(3));
  EXPECT_EQ(configuration.get(kCheckpointMode), CheckpointingMode::kAtLeastOnce);
  EXPECT_EQ(configuration.get(kRestartStrategy), RestartStrategyType::kNone);
  EXPECT_EQ(configuration.get(kDataInlineThreshold), 1 << 20);
  EXPECT_EQ(configuration.get(kParallelism), 4);
}

TEST(Configuration, OldNamesSetTheNewKeys) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("state.checkpoints.dir", "hdfs://nn:8020/c").ok());
  EXPECT_EQ(configuration.get(kCheckpointDir), "hdfs://nn:8020/c");
}

TEST(Configuration, StrongerLayerWinsInAnyReadingOrder) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("parallelism.default", "2", kFromFlag).ok());
  ASSERT_TRUE(configuration.set("parallelism.default", "1", kFromFile).ok());
  EXPECT_EQ(configuration.get(kParallelism), 2);
  ASSERT_TRUE(configuration.set("parallelism.default", "3", kFromProgram).ok());
  EXPECT_EQ(configuration.get(kParallelism), 3);
  ASSERT_TRUE(configuration.set("parallelism.default", "4", kFromProgram).ok());
  EXPECT_EQ(configuration.get(kParallelism), 4);
  EXPECT_EQ(configuration.overridden(),
            (std::vector<std::string>{
                "parallelism.default: '2' (-D) takes the place of '1' (weir.yaml line 1)",
                "parallelism.default: '3' (the program) takes the place of '2' (-D)"}));
}

TEST(Configuration, EverySettingKnowsItsOrigin) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("parallelism.default", "2", kFromFlag).ok());
  EXPECT_EQ(configuration.describe(kParallelism), "parallelism.default = 2 (-D)");
  EXPECT_EQ(configuration.describe(kCheckpointTimeout),
            "execution.checkpointing.timeout = 10 min (default)");
  EXPECT_EQ(configuration.describe(kCheckpointDir), "execution.checkpointing.dir = none (default)");
}

TEST(Configuration, UnknownKeyIsRefusedWithTheNearestOne) {
  Configuration configuration;
  EXPECT_EQ(configuration.set("execution.checkpointing.intervall", "1 s", kFromFile).to_string(),
            "INVALID_ARGUMENT: there is no configuration key 'execution.checkpointing.intervall' "
            "(weir.yaml line 1); did you mean "
            "'execution.checkpointing.interval'?");
  EXPECT_EQ(configuration.set("zebra", "1", kFromFlag).to_string(),
            "INVALID_ARGUMENT: there is no configuration key 'zebra' (-D); docs/configuration.md "
            "lists all keys");
  EXPECT_FALSE(configuration.set("", "1").ok());
  EXPECT_TRUE(configuration.entries().empty());
}

TEST(Configuration, HadoopConfigurationDirectoryIsAKey) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("env.hadoop.conf.dir", "/etc/hadoop/conf", kFromFlag).ok());
  EXPECT_EQ(configuration.get(kHadoopConfDir), "/etc/hadoop/conf");
}

TEST(Configuration, KeysThatOnlyFlinkNeedsAreReportedOrRefused) {
  Configuration configuration;
  EXPECT_TRUE(configuration.set("taskmanager.memory.process.size", "4g", kFromFile).ok());
  EXPECT_TRUE(configuration.set("jobmanager.memory.heap.size", "1g", kFromFlag).ok());
  EXPECT_TRUE(configuration.set("table.exec.mini-batch.enabled", "true", kFromFile).ok());
  EXPECT_TRUE(configuration.entries().empty());
  EXPECT_EQ(configuration.ignored(),
            (std::vector<std::string>{
                "taskmanager.memory.process.size (weir.yaml line 1), jobmanager.memory.heap.size "
                "(-D) have no effect: a native process takes from the system "
                "what it needs, and has no heap of a JVM",
                "table.exec.mini-batch.enabled (weir.yaml line 1) has no effect: a program of "
                "weir's is run as a stream by itself; --parallelism, --target and "
                "the like say how"}));
  EXPECT_EQ(
      configuration.set("security.ssl.enabled", "true", kFromFile).message(),
      "security.ssl.enabled (weir.yaml line 1) is a key of Flink's that weir does not have; "
      "without it weir would be less safe than the file says: set the "
      "keys under security.ssl.internal that docs/configuration.md lists, and leave this one out");
}

TEST(Configuration, NoMistypedKeyOfWeirMatchesAFlinkKey) {
  for (const ConfigKey* key : config_keys()) {
    EXPECT_EQ(find_flink_key(key->name), nullptr) << key->name;
    if (key->name.starts_with("high-availability.zookeeper.path.") ||
        key->name.starts_with("metrics.reporter.") || key->name.starts_with("traces.reporter.") ||
        key->name.starts_with("jobmanager.adaptive-scheduler."))
      continue;
    const std::string mistyped = std::string(key->name) + "x";
    EXPECT_EQ(find_flink_key(mistyped), nullptr) << mistyped;
  }
}

TEST(Configuration, JarOutRequiresTargetFlink) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("weir.flink.jar-out", "job.jar", kFromFlag).ok());
  EXPECT_EQ(configuration.validate().message(),
            "weir.flink.jar-out = job.jar (-D) is for a job that Flink runs: add --target flink");
  ASSERT_TRUE(configuration.set("weir.target", "flink", kFromFlag).ok());
  EXPECT_TRUE(configuration.validate().ok());
}

TEST(Configuration, CapitalizedLatestIsRefused) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("execution.state-recovery.path", "Latest", kFromFlag).ok());
  EXPECT_EQ(configuration.validate().message(),
            "execution.state-recovery.path = Latest (-D): write 'latest' in small letters, or "
            "./Latest if a directory of that name is meant");
}

TEST(Configuration, BadValueIsRefusedWithItsKeyAndOrigin) {
  Configuration configuration;
  EXPECT_EQ(configuration.set("execution.checkpointing.interval", "soon", kFromFile).to_string(),
            "INVALID_ARGUMENT: execution.checkpointing.interval: 'soon' (weir.yaml line 1) is not "
            "a duration: write a number "
            "and a unit, "
            "like '500 ms', '10 s', '3 min', '1 h' or '2 d'");
  EXPECT_EQ(configuration.set("execution.checkpointing.mode", "twice", kFromFlag).message(),
            "execution.checkpointing.mode: 'twice' (-D) is none of its values: EXACTLY_ONCE, "
            "AT_LEAST_ONCE");
  EXPECT_EQ(configuration.set("parallelism.default", "0", kFromFlag).message(),
            "parallelism.default: '0' (-D) is less than the least allowed, 1");
  EXPECT_EQ(configuration.set("execution.checkpointing.data-inline-threshold", "2 mb", kFromFlag)
                .message(),
            "execution.checkpointing.data-inline-threshold: '2 mb' (-D) is more than the most "
            "allowed, 1048576 bytes");
  EXPECT_EQ(configuration.set("execution.checkpointing.dir", "", kFromFlag).message(),
            "execution.checkpointing.dir: '' (-D) is empty; leave the key out instead");
}

TEST(Configuration, Assignments) {
  Configuration configuration;
  EXPECT_TRUE(
      configuration.set_assignment("execution.checkpointing.dir=hdfs://nn/a?b=c", kFromFlag).ok());
  EXPECT_EQ(configuration.get(kCheckpointDir), "hdfs://nn/a?b=c");
  EXPECT_EQ(configuration.set_assignment("parallelism.default", kFromFlag).message(),
            "-D 'parallelism.default' is not of the form key=value");
  EXPECT_FALSE(configuration.set_assignment("=4", kFromFlag).ok());
}

TEST(Configuration, ContradictionsAreFound) {
  Configuration parallelism;
  ASSERT_TRUE(parallelism.set("parallelism.default", "8", kFromFlag).ok());
  ASSERT_TRUE(parallelism.set("pipeline.max-parallelism", "4", kFromFile).ok());
  EXPECT_EQ(parallelism.validate().message(),
            "parallelism.default = 8 (-D) is more than pipeline.max-parallelism = 4 (weir.yaml "
            "line 1); lower the first or, if "
            "there is no state "
            "yet, raise the second");

  Configuration nowhere;
  ASSERT_TRUE(nowhere.set("execution.checkpointing.interval", "1 s").ok());
  EXPECT_EQ(nowhere.validate().message(),
            "checkpoints are on (execution.checkpointing.interval = 1 s (the program)) but have no "
            "place to go; set "
            "execution.checkpointing.dir or "
            "call env.set_state_backend(FsStateBackend(\"hdfs://…\"))");
  Configuration in_flink = nowhere;
  ASSERT_TRUE(in_flink.set("weir.target", "flink").ok());
  EXPECT_TRUE(in_flink.validate().ok()) << "a cluster may have a directory of its own";
  ASSERT_TRUE(nowhere.set("execution.checkpointing.dir", "/tmp/c").ok());
  EXPECT_TRUE(nowhere.validate().ok());

  Configuration latest;
  ASSERT_TRUE(
      latest.set("execution.state-recovery.path", "latest", {ConfigLayer::kCommandLine, "--from"})
          .ok());
  EXPECT_EQ(latest.validate().message(),
            "execution.state-recovery.path = latest (--from) looks for checkpoints in "
            "execution.checkpointing.dir, which is not set");
}

TEST(Yaml, NestedAndDottedKeysAreTheSame) {
  Configuration configuration;
  ASSERT_EQ(read_yaml_text("execution:\n"
                           "  checkpointing:\n"
                           "    interval: 10 s\n"
                           "    mode: AT_LEAST_ONCE\n"
                           "  state-recovery.path: none\n"
                           "restart-strategy.type: fixed-delay\n"
                           "# a comment\n"
                           "parallelism.default: 4\n",
                           "weir.yaml", &configuration)
                .to_string(),
            "OK");
  EXPECT_EQ(configuration.get(kCheckpointInterval), std::chrono::seconds(10));
  EXPECT_EQ(configuration.get(kCheckpointMode), CheckpointingMode::kAtLeastOnce);
  EXPECT_EQ(configuration.get(kRestartStrategy), RestartStrategyType::kFixedDelay);
  EXPECT_EQ(configuration.describe(kParallelism), "parallelism.default = 4 (weir.yaml line 8)");
}

TEST(Yaml, EmptyFileSetsNothing) {
  Configuration configuration;
  EXPECT_TRUE(read_yaml_text("", "weir.yaml", &configuration).ok());
  EXPECT_TRUE(read_yaml_text("# nothing\n", "weir.yaml", &configuration).ok());
  EXPECT_TRUE(configuration.entries().empty());
}

TEST(Yaml, MistakesNameTheLine) {
  const auto message = [](std::string_view text) {
    Configuration configuration;
    return std::string(read_yaml_text(text, "weir.yaml", &configuration).message());
  };
  EXPECT_EQ(message("parallelism:\n  defualt: 4\n"),
            "there is no configuration key 'parallelism.defualt' (weir.yaml line 2); did you mean "
            "'parallelism.default'?");
  EXPECT_EQ(message("a\n\nparallelism.default: 1\n"),
            "weir.yaml line 3: not valid YAML: illegal map value");
  EXPECT_EQ(message("- 1\n"),
            "weir.yaml line 1: the file is a list ('- …'), but settings are lines of the form "
            "'key: value': leave the dashes out");
  EXPECT_EQ(message("word\n"), "weir.yaml line 1: that is no line of the form 'key: value'");
  EXPECT_EQ(message("zebra: 1\nparallelism.default: many\nparallelism.defualt: 4\n"),
            "there is no configuration key 'zebra' (weir.yaml line 1); docs/configuration.md lists "
            "all keys\n"
            "parallelism.default: 'many' (weir.yaml line 2) is not a whole number\n"
            "there is no configuration key 'parallelism.defualt' (weir.yaml line 3); did you mean "
            "'parallelism.default'?");
  EXPECT_EQ(message("parallelism.default: 4\nparallelism:\n  default: 4\n"),
            "weir.yaml gives 'parallelism.default' twice, in line 1 and in line 3");
  EXPECT_EQ(message("pipeline.name:\n"),
            "weir.yaml line 1: 'pipeline.name' has no value; give it one or remove the line");
  EXPECT_EQ(message("io.tmp.dirs: [a, b]\n"),
            "weir.yaml line 1: 'io.tmp.dirs' takes one value, but is a list of 2");
  EXPECT_EQ(message("io.tmp.dirs: [[a]]\n"),
            "weir.yaml line 1: the list 'io.tmp.dirs' may only have plain values");
}

TEST(Yaml, FlinkFileCanBeUsed) {
  // The file that Flink 2.x ships, with additions that its documentation shows.
  constexpr std::string_view kFile = R"(
env:
  java:
    opts:
      all: --add-exports=java.base/sun.net.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED
jobmanager:
  bind-host: localhost
  rpc:
    address: localhost
    port: 6123
  memory:
    process:
      size: 1600m
  execution:
    failover-strategy: region
  archive.fs.dir: hdfs:///completed-jobs/
taskmanager:
  bind-host: localhost
  host: localhost
  numberOfTaskSlots: 1
  memory.process.size: 1728m
parallelism:
  default: 1
rest:
  address: localhost
  bind-address: localhost
high-availability:
  type: zookeeper
  storageDir: hdfs:///flink/ha/
  zookeeper.quorum: [zk1:2181, zk2:2181]
state:
  backend:
    type: hashmap
    incremental: false
  checkpoints.dir: hdfs://namenode-host:port/flink-checkpoints
  savepoints.dir: hdfs://namenode-host:port/flink-savepoints
execution.checkpointing:
  interval: 3min
  externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
io.tmp.dirs: [/tmp/a]
classloader.parent-first-patterns.additional: [org.x, org.y]
historyserver.archive.fs.dir:
historyserver.web.port: 8082
)";
  Configuration configuration;
  ASSERT_EQ(read_yaml_text(kFile, "config.yaml", &configuration).to_string(), "OK");
  EXPECT_EQ(configuration.get(kCheckpointInterval), std::chrono::minutes(3));
  EXPECT_EQ(configuration.get_optional(kTmpDirs), "/tmp/a");
  EXPECT_EQ(configuration.get_optional(kZooKeeperQuorum), "zk1:2181,zk2:2181");
  EXPECT_GE(configuration.ignored().size(), 4u);
}

TEST(Yaml, MissingFileIsNotFound) {
  Configuration configuration;
  EXPECT_EQ(read_yaml_file("/nowhere/weir.yaml", &configuration).to_string(),
            "NOT_FOUND: cannot read the configuration file /nowhere/weir.yaml: No such file or "
            "directory");
  EXPECT_EQ(read_yaml_file("/tmp", &configuration).code(), StatusCode::kUnavailable);
}

TEST(Nearest, CountsEditsAndSwapsOfNeighbors) {
  EXPECT_EQ(nearest("intervall", {"timeout", "interval"}), "interval");
  EXPECT_EQ(nearest("hlep", {"hemp", "help"}), "help");
  EXPECT_EQ(nearest("xyz", {"interval"}), std::nullopt);
  EXPECT_EQ(nearest("abcd", {"abxy"}), "abxy") << "half of it is right";
  EXPECT_EQ(nearest("abcd", {"axyz"}), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(ConfigurationKeys, EveryOptionOfAHeaderIsInItsArea) {
  const std::regex option(R"re(inline constexpr Option<[^>]+>\s+\w+\{\s*\{\s*"([^"]+)")re");
  std::set<std::string> written;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/src/config/keys")) {
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    for (std::sregex_iterator each(all.begin(), all.end(), option), end; each != end; ++each)
      EXPECT_TRUE(written.insert((*each)[1]).second) << (*each)[1] << " is written twice";
  }
  std::set<std::string> listed;
  for (const ConfigKey* key : config_keys()) listed.emplace(key->name);
  EXPECT_EQ(written, listed);
}

TEST(ConfigurationPage, MatchesTheTable) {
  const std::string path = source_dir() + "/docs/configuration.md";
  if (std::getenv("WEIR_UPDATE_DOCS") != nullptr) std::ofstream(path) << configuration_page();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), configuration_page())
      << "run WEIR_UPDATE_DOCS=1 weir_config_test and commit docs/configuration.md";
}

}  // namespace
}  // namespace weir
