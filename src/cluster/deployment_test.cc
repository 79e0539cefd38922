#include "cluster/deployment.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace weir {
namespace {

/// A source of parallelism `shards`, followed by a vertex of parallelism `behind` after a forward
/// edge or an exchange.
JobGraph graph(int shards, Partitioning partitioning, int behind) {
  JobGraph graph;
  graph.vertices.resize(2);
  graph.vertices[0].parallelism = shards;
  graph.vertices[0].is_source = true;
  graph.vertices[1].parallelism = behind;
  graph.edges = {{0, 1, partitioning, nullptr}};
  return graph;
}

/// Two workers that run the shards alternately.
struct TwoWorkers {
  explicit TwoWorkers(JobGraph job) : graph(std::move(job)) {
    for (int32_t shard = 0; shard < graph.vertices[0].parallelism; ++shard)
      worker_of_shard.push_back(shard % 2);
  }
  /// As received by the worker.
  Deploy deploy(int32_t worker, const RestorePlan* plan = nullptr) {
    Deployment deployment(graph, 7, start, plan, worker_of_shard, {"a:1", "b:2"});
    auto received = decode_from_master(encode(FromMaster(deployment.of_worker(worker))));
    EXPECT_TRUE(received.ok()) << received.status().message();
    return std::get<Deploy>(*std::move(received));
  }

  JobGraph graph;
  StartingPoint start;
  std::vector<int32_t> worker_of_shard;
};

TEST(Deployment, WorkerGetsThePlacementOfItsPeers) {
  TwoWorkers workers(graph(4, Partitioning::kHash, 4));
  const Deploy deploy = workers.deploy(1);
  EXPECT_EQ(deploy.attempt, 7);
  EXPECT_EQ(deploy.own, 1);
  EXPECT_EQ(deploy.own_shards, (std::vector<int32_t>{1, 3}));
  const auto placement = placement_of(deploy, workers.graph);
  ASSERT_TRUE(placement.ok());
  EXPECT_EQ(placement->worker_of_shard, (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(placement->data_addresses, (std::vector<Address>{{"a", 1}, {"b", 2}}));
}

TEST(Deployment, ForwardEdgesNeedNoAddresses) {
  TwoWorkers workers(graph(4, Partitioning::kForward, 4));
  const Deploy deploy = workers.deploy(1);
  EXPECT_TRUE(deploy.common->data_addresses.empty());
  EXPECT_TRUE(deploy.common->worker_of_shard.empty());
  const auto placement = placement_of(deploy, workers.graph);
  ASSERT_TRUE(placement.ok());
  EXPECT_EQ(placement->worker_of_shard,
            (std::vector<int>{Placement::kElsewhere, 1, Placement::kElsewhere, 1}));
  EXPECT_TRUE(check_placement(workers.graph, *placement, false).ok());
}

TEST(Deployment, SenderToOneSubtaskGetsItsPlacement) {
  TwoWorkers workers(graph(4, Partitioning::kRebalance, 1));
  EXPECT_EQ(workers.deploy(1).common->data_addresses, (std::vector<std::string>{"a:1"}));
  EXPECT_EQ(workers.deploy(0).common->data_addresses, (std::vector<std::string>{"a:1", "b:2"}));
  const auto placement = placement_of(workers.deploy(1), workers.graph);
  ASSERT_TRUE(placement.ok());
  EXPECT_TRUE(check_placement(workers.graph, *placement, true).ok());
}

TEST(Deployment, SplitsAreDealtOutRoundRobin) {
  TwoWorkers workers(graph(4, Partitioning::kHash, 4));
  workers.start.splits.dealt = {{"s0", "s1", "s2", "s3", "s4", "s5", "s6"}, {}};
  const Deploy first = workers.deploy(0);
  EXPECT_EQ(splits_of(first, 0, 0).splits, (std::vector<std::string>{"s0", "s4"}));
  EXPECT_EQ(splits_of(first, 0, 2).splits, (std::vector<std::string>{"s2", "s6"}));
  EXPECT_TRUE(splits_of(first, 0, 1).splits.empty()) << "another worker's";
  EXPECT_EQ(splits_of(workers.deploy(1), 0, 3).splits, (std::vector<std::string>{"s3"}));
  EXPECT_TRUE(splits_of(first, 1, 0).splits.empty());
}

/// Subtask i reads key group i, and all subtasks read the list "u".
RestorePlan plan_of_four() {
  const auto handle = std::make_shared<KeyedStateHandle>(
      KeyedStateHandle{{0, 3}, {0, 0, 0, 0}, InlineBytes{"x"}, 0});
  const auto lists = std::make_shared<OperatorStateHandle>(
      OperatorStateHandle{{{"u", {ListStateMode::kUnion, {0}}}}, InlineBytes{"y"}});
  RestorePlan plan;
  plan.checkpoint_id = 3;
  plan.operators.push_back(
      {"count", "c", OperatorId(), true, 4, 1, {{lists, "u", ListStateMode::kUnion, {0}}}, {}});
  for (int i = 0; i < 4; ++i) plan.operators[0].subtasks.push_back({{{handle, {i, i}}}, {}});
  return plan;
}

TEST(Deployment, WorkerGetsTheStateOfItsOwnSubtasks) {
  TwoWorkers workers(graph(4, Partitioning::kHash, 4));
  const RestorePlan whole = plan_of_four();
  const auto plan = restore_plan_of(workers.deploy(1, &whole));
  ASSERT_TRUE(plan.ok());
  const OperatorRestore& restore = (*plan)->operators.at(0);
  EXPECT_EQ((*plan)->checkpoint_id, 3);
  EXPECT_EQ(restore.for_all.size(), 1u);
  ASSERT_EQ(restore.subtasks.size(), 4u);
  EXPECT_TRUE(restore.subtasks[0].keyed.empty());
  EXPECT_EQ(restore.subtasks[1].keyed.at(0).groups, (KeyGroupRange{1, 1}));
  EXPECT_TRUE(restore.subtasks[2].keyed.empty());
  EXPECT_EQ(restore.subtasks[3].keyed.at(0).groups, (KeyGroupRange{3, 3}));
}

TEST(Deployment, WorkerGetsTheFilesOfItsOwnSubtasks) {
  TwoWorkers workers(graph(2, Partitioning::kHash, 2));
  const auto read = [](std::string file) {
    return SubtaskRestore{{{std::make_shared<KeyedStateHandle>(KeyedStateHandle{
                                {0, 0}, {0}, FileSegment{std::move(file), 0, 9}, 0}),
                            {0, 0}}},
                          {}};
  };
  RestorePlan plan;
  plan.operators.push_back(
      {"count", "c", OperatorId(), true, 2, 1, {}, {read("data-0"), read("data-1")}});
  Sidecar sidecar;
  sidecar.checkpoint_id = 3;
  sidecar.files = {{"data-0", 9, 1, 4096}, {"data-1", 9, 2, 4096}, {"data-2", 9, 3, 4096}};
  EXPECT_EQ(sidecar_of(workers.deploy(1, &plan)), nullptr) << "the checkpoint has none";
  workers.start.sidecar = std::make_shared<const Sidecar>(sidecar);
  const auto sent = sidecar_of(workers.deploy(1, &plan));
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(sent->checkpoint_id, 3);
  ASSERT_EQ(sent->files.size(), 1u);
  EXPECT_EQ(sent->files[0].name, "data-1");
  EXPECT_EQ(sent->files[0].checksum, 2u);
}

TEST(Deployment, EachWorkerGetsTheFilesThatAllRead) {
  TwoWorkers workers(graph(2, Partitioning::kHash, 2));
  const auto lists = std::make_shared<OperatorStateHandle>(
      OperatorStateHandle{{{"u", {ListStateMode::kUnion, {0}}}}, FileSegment{"data-1", 0, 9}});
  RestorePlan plan;
  plan.operators.push_back({"sink",
                            "s",
                            OperatorId(),
                            true,
                            2,
                            1,
                            {{lists, "u", ListStateMode::kUnion, {0}}},
                            {{}, {}}});
  Sidecar sidecar;
  sidecar.files = {{"data-0", 9, 1, 4096}, {"data-1", 9, 2, 4096}};
  workers.start.sidecar = std::make_shared<const Sidecar>(sidecar);
  for (const int worker : {0, 1}) {
    const auto sent = sidecar_of(workers.deploy(worker, &plan));
    ASSERT_NE(sent, nullptr);
    ASSERT_EQ(sent->files.size(), 1u) << "worker " << worker << " cannot verify what it reads";
    EXPECT_EQ(sent->files[0].name, "data-1");
  }
}

TEST(Deployment, FreshStartHasNoPlan) {
  TwoWorkers workers(graph(2, Partitioning::kHash, 2));
  const Deploy deploy = workers.deploy(0);
  EXPECT_EQ(*restore_plan_of(deploy), nullptr);
  EXPECT_EQ(sidecar_of(deploy), nullptr);
}

TEST(Deployment, CostPerWorkerDoesNotGrowWithForwardEdges) {
  const auto bytes = [](int shards) {
    TwoWorkers workers(graph(shards, Partitioning::kForward, shards));
    std::vector<std::string> addresses;
    for (int i = 0; i < shards; ++i) {
      workers.worker_of_shard[static_cast<size_t>(i)] = i;
      addresses.push_back("host:1");
      workers.start.splits.dealt.resize(1);
      workers.start.splits.dealt[0].push_back("split");
    }
    RestorePlan plan;
    plan.operators.push_back({"count",
                              "c",
                              OperatorId(),
                              true,
                              1,
                              1,
                              {},
                              std::vector<SubtaskRestore>(static_cast<size_t>(shards))});
    Deployment deployment(workers.graph, 1, workers.start, &plan, workers.worker_of_shard,
                          addresses);
    return encode(FromMaster(deployment.of_worker(1))).size();
  };
  EXPECT_EQ(bytes(100), bytes(2));
}

TEST(Deployment, RefusesContradictoryMessages) {
  TwoWorkers workers(graph(4, Partitioning::kHash, 4));
  const RestorePlan whole = plan_of_four();
  const Deploy good = workers.deploy(1, &whole);
  for (const int32_t shard : {-1, 4}) {
    Deploy wrong = good;
    wrong.own_shards.push_back(shard);
    EXPECT_EQ(placement_of(wrong, workers.graph).status().code(), StatusCode::kInvalidArgument);
  }
  for (const auto& [op, subtask] :
       {std::pair(-1, 1), std::pair(1, 1), std::pair(0, 2), std::pair(0, 1 << 30)}) {
    Deploy wrong = good;
    wrong.restores[0].op = op;
    wrong.restores[0].subtask = subtask;
    EXPECT_EQ(restore_plan_of(wrong).status().code(), StatusCode::kDataLoss)
        << op << ' ' << subtask;
  }
  AttemptPlan common = *good.common;
  common.data_addresses[0] = "nowhere";
  Deploy wrong = good;
  wrong.common = Shared(std::move(common));
  EXPECT_FALSE(placement_of(wrong, workers.graph).ok());
}

}  // namespace
}  // namespace weir
