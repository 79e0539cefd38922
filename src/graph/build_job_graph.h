#pragma once

#include <map>
#include <string>

#include "graph/job_graph.h"
#include "weir/detail/stream/stream_graph.h"

namespace weir {

struct JobGraphOptions {
  std::string name;
  JobId id;
  int parallelism = 1;       ///< for operators without their own
  int max_parallelism = -1;  ///< for operators without their own; -1: default_max_parallelism()
  bool chaining = true;
  bool auto_generate_uids = true;  ///< false: an operator without a uid is refused
  /// Adapts the graph to a Flink cluster. A chain ends where an operator has several consumers, so
  /// that savepoints of earlier versions fit. A source's chain ends before the first sink, because
  /// a sink has state, and work before a barrier, for which Flink's sources have no place. Flink
  /// may give the job another parallelism, so an operator with a fixed parallelism never follows
  /// the job's.
  bool for_flink = false;
  detail::OperatorSettings operators;
  std::map<std::string, std::string> arguments;  ///< see JobGraph
};

/// Cuts a stream graph into chains and names its operators. Pure.
///
/// Two operators are in one chain when the edge between them is forward, they have the same
/// parallelism, the second has no other input, and chaining is not disabled for either. A chain is
/// a tree: an operator may have several consumers in it. A chain is cut between operators with
/// different max parallelisms. An operator without a uid gets "auto-<name>-<n>" as the n-th
/// operator of that name, so that adding operators with other names changes nothing.
/// INVALID_ARGUMENT lists all errors, one sentence per line.
StatusOr<JobGraph> build_job_graph(const detail::StreamGraph& stream_graph,
                                   const JobGraphOptions& options);

/// The uid of the n-th operator (from 1) with this name, if it has none of its own.
std::string generated_uid(const std::string& name, int n);

}  // namespace weir
