#include "graph/execution_graph.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strings.h"

namespace weir {
namespace {

JobVertex vertex(int parallelism) {
  JobVertex result;
  result.parallelism = parallelism;
  return result;
}

TEST(BuildExecutionGraph, SubtaskIRunsInSlotI) {
  JobGraph graph;
  graph.vertices = {vertex(1), vertex(2)};
  const ExecutionGraph result = build_execution_graph(graph);
  EXPECT_EQ(result.slots, 2);
  EXPECT_EQ(result.subtasks, (std::vector<ExecutionSubtask>{{0, 0, 0}, {1, 0, 0}, {1, 1, 1}}));
}

TEST(BuildExecutionGraph, ForwardEdgesStayInTheirSlotOthersGoToAll) {
  JobGraph graph;
  graph.vertices = {vertex(2), vertex(2), vertex(1)};
  graph.edges = {{0, 1, Partitioning::kForward, nullptr},
                 {0, 1, Partitioning::kHash, nullptr},
                 {1, 2, Partitioning::kRebalance, nullptr}};
  EXPECT_EQ(
      build_execution_graph(graph).channels,
      (std::vector<ExecutionChannel>{
          {0, 0, 0}, {0, 1, 1}, {1, 0, 0}, {1, 0, 1}, {1, 1, 0}, {1, 1, 1}, {2, 0, 0}, {2, 1, 0}}));
}

TEST(BuildExecutionGraph, RescaleConnectsEachSubtaskWithItsShare) {
  const auto channels = [](int senders, int receivers) {
    JobGraph graph;
    graph.vertices = {vertex(senders), vertex(receivers)};
    graph.edges = {{0, 1, Partitioning::kRescale, nullptr}};
    std::string text;
    for (const ExecutionChannel& channel : build_execution_graph(graph).channels)
      text += cat(channel.from, ">", channel.to, " ");
    return text;
  };
  EXPECT_EQ(channels(2, 4), "0>0 0>1 1>2 1>3 ");
  EXPECT_EQ(channels(4, 2), "0>0 1>0 2>1 3>1 ");
  EXPECT_EQ(channels(2, 2), "0>0 1>1 ");
  // As in Flink, the shares differ by at most one.
  EXPECT_EQ(channels(2, 3), "0>0 0>1 1>2 ");
  EXPECT_EQ(channels(3, 2), "0>0 1>1 2>1 ");
  EXPECT_EQ(channels(1, 3), "0>0 0>1 0>2 ");
}

TEST(SlotsWithinReach, ForwardEdgesReachNoOtherSlotAndOthersReachAllOfTheOtherSide) {
  JobGraph graph;
  graph.vertices = {vertex(4), vertex(4), vertex(2)};
  graph.edges = {{0, 1, Partitioning::kForward, nullptr}};
  EXPECT_EQ(slots_within_reach(graph, {0, 3}), 0);
  graph.edges.push_back({1, 2, Partitioning::kRebalance, nullptr});
  EXPECT_EQ(slots_within_reach(graph, {3}), 2) << "it only sends";
  EXPECT_EQ(slots_within_reach(graph, {3, 1}), 4) << "slot 1 is sent to by all";
  EXPECT_EQ(slots_within_reach(graph, {}), 0);
}

}  // namespace
}  // namespace weir
