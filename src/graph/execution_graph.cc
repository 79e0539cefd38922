#include "graph/execution_graph.h"

#include <algorithm>
#include <climits>

#include "weir/detail/base/check.h"

namespace weir {
namespace {

/// Returns whether two subtasks have a channel. Rescale divides them as Flink does.
bool connects(Partitioning partitioning, int64_t from, int64_t senders, int64_t to,
              int64_t receivers) {
  switch (partitioning) {
    case Partitioning::kForward: return from == to;
    case Partitioning::kRescale:
      if (senders >= receivers)
        return from >= to * senders / receivers && from < (to + 1) * senders / receivers;
      return to >= (from * receivers + senders - 1) / senders &&
             to < ((from + 1) * receivers + senders - 1) / senders;
    default: return true;
  }
}

}  // namespace

ExecutionGraph build_execution_graph(const JobGraph& graph) {
  ExecutionGraph result;
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    result.slots = std::max(result.slots, graph.vertices[v].parallelism);
    for (int i = 0; i < graph.vertices[v].parallelism; ++i)
      result.subtasks.push_back({static_cast<int>(v), i, i});
  }
  for (size_t e = 0; e < graph.edges.size(); ++e) {
    const JobEdge& edge = graph.edges[e];
    const int senders = graph.vertices[static_cast<size_t>(edge.from)].parallelism;
    const int receivers = graph.vertices[static_cast<size_t>(edge.to)].parallelism;
    if (edge.partitioning == Partitioning::kForward) WEIR_CHECK_EQ(senders, receivers);
    for (int from = 0; from < senders; ++from) {
      for (int to = 0; to < receivers; ++to) {
        if (connects(edge.partitioning, from, senders, to, receivers))
          result.channels.push_back({static_cast<int>(e), from, to});
      }
    }
  }
  return result;
}

int slots_within_reach(const JobGraph& graph, const std::vector<int>& own) {
  const int first = own.empty() ? INT_MAX : *std::min_element(own.begin(), own.end());
  int reach = 0;
  for (const JobEdge& edge : graph.edges) {
    if (edge.partitioning == Partitioning::kForward) continue;
    const int senders = graph.vertices[static_cast<size_t>(edge.from)].parallelism;
    const int receivers = graph.vertices[static_cast<size_t>(edge.to)].parallelism;
    if (first < senders) reach = std::max(reach, receivers);
    if (first < receivers) reach = std::max(reach, senders);
  }
  return reach;
}

}  // namespace weir
