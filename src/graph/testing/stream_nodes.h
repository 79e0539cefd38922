#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/build_job_graph.h"

namespace weir::graph_tests {

using detail::OperatorSettings;
using detail::StreamGraph;
using detail::StreamInput;
using detail::StreamNode;

inline StreamInput forward(int from) { return {from, Partitioning::kForward, nullptr}; }
inline StreamInput rebalance(int from) { return {from, Partitioning::kRebalance, nullptr}; }
inline StreamInput broadcast(int from) { return {from, Partitioning::kBroadcast, nullptr}; }
inline StreamInput hash(int from) { return {from, Partitioning::kHash, nullptr}; }

inline StreamInput side(int from, int output, Partitioning partitioning = Partitioning::kForward) {
  StreamInput input{from, partitioning, nullptr};
  input.output = output;
  return input;
}

inline StreamNode node(std::string name, std::vector<StreamInput> inputs = {}) {
  StreamNode result;
  result.name = std::move(name);
  result.inputs = std::move(inputs);
  return result;
}

inline JobGraphOptions options(int parallelism = 1) {
  JobGraphOptions result;
  result.name = "test";
  result.parallelism = parallelism;
  return result;
}

}  // namespace weir::graph_tests
