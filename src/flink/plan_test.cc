#include "flink/plan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace weir {
namespace {

using Json = nlohmann::json;

JobOperator op(const std::string& uid, bool sink = false) {
  JobOperator result;
  result.name = uid;
  result.uid = uid;
  result.id = murmur3_128(uid);
  if (sink) result.probe = [](FileSystemRegistry&) { return Status(); };
  return result;
}

JobVertex vertex(std::vector<JobOperator> chain, bool source = false) {
  JobVertex result;
  for (const JobOperator& each : chain)
    result.name += (result.name.empty() ? "" : " -> ") + each.name;
  if (source) result.name = "Source: " + result.name;
  result.chain = std::move(chain);
  result.is_source = source;
  return result;
}

/// A source with its own parallelism, a keyed chain, and a sink after a map.
JobGraph job() {
  JobGraph graph;
  graph.name = "flights";
  graph.id = murmur3_128("job");
  graph.fingerprint = murmur3_128("fingerprint");
  graph.vertices = {vertex({op("read"), op("parse")}, true), vertex({op("count"), op("out", true)}),
                    vertex({op("map"), op("log", true)})};
  graph.vertices[0].parallelism = 3;
  graph.vertices[0].parallelism_given = true;
  graph.vertices[0].bounded = false;
  graph.vertices[1].parallelism = graph.vertices[2].parallelism = 2;
  graph.edges = {{0, 1, Partitioning::kHash, nullptr},
                 {0, 2, Partitioning::kRebalance, nullptr},
                 {1, 2, Partitioning::kBroadcast, nullptr},
                 {1, 2, Partitioning::kForward, nullptr}};
  return graph;
}

struct Setting {
  std::string key, value;
  ConfigLayer layer;
};
Configuration settings(const std::vector<Setting>& all) {
  Configuration configuration;
  for (const Setting& each : all) {
    const Status status = configuration.set(each.key, each.value, {each.layer, "here"});
    EXPECT_TRUE(status.ok()) << status.message();
  }
  return configuration;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

TEST(ChainArguments, AreTheProgramsOwnAndTheOutsideSettings) {
  const Configuration configuration =
      settings({{"execution.checkpointing.interval", "1 s", ConfigLayer::kProgram},
                {"execution.checkpointing.dir", "hdfs://nn/c", ConfigLayer::kFile},
                {"parallelism.default", "3", ConfigLayer::kCommandLine},
                {"fs.hdfs.http-address", "nn:1", ConfigLayer::kFile}});
  EXPECT_EQ(joined(chain_arguments({"--input", "hdfs://nn/in"}, configuration, "")),
            "--input hdfs://nn/in -D execution.checkpointing.dir=hdfs://nn/c -D "
            "fs.hdfs.http-address=nn:1 -D parallelism.default=3");
}

TEST(ChainArguments, NameTheSnapshotThatTheJobStartsFrom) {
  EXPECT_EQ(joined(chain_arguments({}, {}, "hdfs://nn/c/chk-7")),
            "-D weir.flink.from=hdfs://nn/c/chk-7");
}

TEST(ChainArguments, LeaveOutSettingsOfTheSubmissionAndOfClusters) {
  const ConfigLayer file = ConfigLayer::kFile;
  const Configuration configuration =
      settings({{"weir.target", "flink", file},
                {"weir.flink.rest", "http://h:1", file},
                {"weir.flink.from", "hdfs://old", file},
                {"weir.role", "coordinator", file},
                {"weir.workers", "3", file},
                {"execution.state-recovery.path", "latest", file},
                {"high-availability.type", "zookeeper", file},
                {"security.ssl.internal.keystore-password", "secret", file},
                {"taskmanager.numberOfTaskSlots", "4", file},
                {"restart-strategy.type", "none", file},
                {"io.tmp.dirs", "/client/tmp", file}});
  EXPECT_EQ(joined(chain_arguments({"--a"}, configuration, "")), "--a");
}

TEST(ChainArguments, ContainNoSecretAndNeitherDoFlinksSettings) {
  for (const ConfigKey* key : config_keys()) {
    if (key->type != ConfigType::kSecret) continue;
    Configuration configuration;
    ASSERT_TRUE(configuration.set(key->name, "swordfish", {ConfigLayer::kCommandLine, "-D"}).ok());
    for (const std::string& argument : chain_arguments({}, configuration, ""))
      EXPECT_EQ(argument.find("swordfish"), std::string::npos) << key->name;
    EXPECT_FALSE(flink_settings(configuration).contains(std::string(key->name)));
  }
}

TEST(FlinkSettings, AreTheExplicitSettingsThatFlinkKnows) {
  const Configuration configuration =
      settings({{"execution.checkpointing.interval", "1 s", ConfigLayer::kProgram},
                {"state.checkpoints.num-retained", "3", ConfigLayer::kFile},
                {"restart-strategy.type", "fixed-delay", ConfigLayer::kCommandLine},
                {"execution.buffer-timeout.interval", "5 ms", ConfigLayer::kFile},
                {"execution.checkpointing.event-threshold", "100", ConfigLayer::kFile},
                {"weir.batch-size", "100", ConfigLayer::kFile},
                {"pipeline.name", "other", ConfigLayer::kFile},
                {"parallelism.default", "2", ConfigLayer::kFile},
                {"taskmanager.numberOfTaskSlots", "4", ConfigLayer::kFile}});
  const std::map<std::string, std::string> expected = {
      {"execution.checkpointing.interval", "1 s"},
      {"execution.checkpointing.num-retained", "3"},
      {"restart-strategy.type", "fixed-delay"},
      {"execution.buffer-timeout.interval", "5 ms"}};
  EXPECT_EQ(flink_settings(configuration), expected);
}

TEST(FlinkSettings, GivePlainPathsAScheme) {
  const auto directory = [](const char* value) {
    return flink_settings(settings({{"execution.checkpointing.dir", value, ConfigLayer::kFile}}))
        .at("execution.checkpointing.dir");
  };
  EXPECT_EQ(directory("/var/c"), "file:///var/c");
  EXPECT_EQ(directory("hdfs://nn/c"), "hdfs://nn/c");
}

TEST(FlinkUid, IsThatOfTheFirstOperatorWithState) {
  const JobGraph graph = job();
  EXPECT_EQ(flink_uid(graph, 0), "read");
  EXPECT_EQ(flink_uid(graph, 1), "count") << "behind a hash edge";
  EXPECT_EQ(flink_uid(graph, 2), "log") << "only its sink has state";
}

TEST(SlotsNeeded, AreThoseOfTheWidestVertex) { EXPECT_EQ(slots_needed(job()), 3); }

TEST(BuildNumber, IsTheBeginningOfTheExecutablesId) {
  EXPECT_EQ(build_number("0a1b2c3d4e5f"), 0x0a1b2c3du);
  EXPECT_EQ(build_number(""), 0u);
}

TEST(JavaArchitecture, IsReadFromTheElfHeader) {
  std::string elf(64, '\0');
  elf.replace(0, 6,
              std::string("\x7f"
                          "ELF\x02\x01",
                          6));
  elf[18] = 62;
  EXPECT_EQ(java_architecture(elf), "amd64");
  elf[18] = static_cast<char>(183);
  EXPECT_EQ(java_architecture(elf), "aarch64");
  elf[5] = 2;  // the other byte order
  elf[18] = 0;
  elf[19] = 22;
  EXPECT_EQ(java_architecture(elf), "s390x");
  EXPECT_EQ(java_architecture("#!/bin/sh and more text"), "");
  EXPECT_EQ(java_architecture("\x7f"
                              "ELF"),
            "");
}

TEST(FlinkPlan, HoldsTheWholeJob) {
  FlinkPlanParts parts;
  parts.native = {"amd64", "weir/native/flights", "weir/native/ld.so", {"weir/native/libc.so.6"}};
  parts.build = 305419896;
  parts.arguments = {"--input", "x"};
  parts.elements = {{"a", std::string("\0\xff", 2), "", "abc"}, {}, {}};
  const Configuration configuration =
      settings({{"parallelism.default", "2", ConfigLayer::kProgram},
                {"execution.checkpointing.interval", "1 s", ConfigLayer::kProgram}});
  const auto text = flink_plan(job(), configuration, parts);
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_EQ(Json::parse(*text),
            Json::parse(R"({
    "format": 1, "weir": "0.1.0", "name": "flights",
    "job": ")" + murmur3_128("job").to_hex() +
                        R"(", "fingerprint": ")" + murmur3_128("fingerprint").to_hex() +
                        R"(", "build": 305419896,
    "arch": "amd64", "executable": "weir/native/flights", "loader": "weir/native/ld.so", "libraries": ["weir/native/libc.so.6"],
    "arguments": ["--input", "x"], "parallelism": 2, "settings": {"execution.checkpointing.interval": "1 s"},
    "vertices": [
      {"name": "read -> parse", "uid": "read", "parallelism": 3, "max_parallelism": 128, "source": true, "makes_event_time": false, "bounded": false,
       "splits": ["YQ==", "AP8=", "", "YWJj"]},
      {"name": "count -> out", "uid": "count", "parallelism": 0, "max_parallelism": 128, "source": false, "makes_event_time": false},
      {"name": "map -> log", "uid": "log", "parallelism": 0, "max_parallelism": 128, "source": false, "makes_event_time": false}],
    "edges": [{"from": 0, "to": 1, "partitioning": "hash"}, {"from": 0, "to": 2, "partitioning": "rebalance"},
              {"from": 1, "to": 2, "partitioning": "broadcast"}, {"from": 1, "to": 2, "partitioning": "forward"}]})"));
}

TEST(FlinkPlan, HasTheBufferTimeoutsThatOperatorsSet) {
  JobGraph graph = job();
  graph.edges[2].buffer_timeout_ms = -1;
  const auto text = flink_plan(graph, {}, {});
  ASSERT_TRUE(text.ok()) << text.status().message();
  const Json vertices = Json::parse(*text)["vertices"];
  EXPECT_FALSE(vertices[0].contains("buffer_timeout"));
  EXPECT_EQ(vertices[1]["buffer_timeout"], -1);
}

TEST(FlinkPlan, LeavesAnUnsetParallelismToFlink) {
  const auto text = flink_plan(job(), {}, {});
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_EQ(Json::parse(*text)["parallelism"], 0);
}

TEST(FlinkPlan, RefusesTextThatIsNotUtf8) {
  FlinkPlanParts parts;
  parts.arguments = {"--input", "\xff"};
  EXPECT_EQ(flink_plan(job(), {}, parts).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir
