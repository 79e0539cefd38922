#pragma once

#include <vector>

#include "graph/job_graph.h"

namespace weir {

/// One parallel instance of a vertex.
struct ExecutionSubtask {
  int vertex = 0;
  int index = 0;
  int slot = 0;
  bool operator==(const ExecutionSubtask&) const = default;
};

/// A channel between two subtasks along an edge. The numbers are the subtasks' indices within their
/// vertices.
struct ExecutionChannel {
  int edge = 0;
  int from = 0;
  int to = 0;
  bool operator==(const ExecutionChannel&) const = default;
};

/// The job expanded to its subtasks. Subtasks are ordered by vertex, then index; channels by edge,
/// then from, then to.
struct ExecutionGraph {
  int slots = 0;
  std::vector<ExecutionSubtask> subtasks;
  std::vector<ExecutionChannel> channels;
};

/// Pure. Subtask i of every vertex runs in slot i, so a slot runs one subtask of each vertex, and
/// forward edges stay within it.
ExecutionGraph build_execution_graph(const JobGraph& graph);

/// The number n such that all channels between the subtasks in the slots `own` and other slots
/// connect to the first n slots. 0: no channel leaves its slot. Pure.
int slots_within_reach(const JobGraph& graph, const std::vector<int>& own);

}  // namespace weir
