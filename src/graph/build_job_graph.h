#pragma once

#include <map>
#include <string>

#include "graph/job_graph.h"
#include "weir/detail/stream_graph.h"

namespace weir {

struct JobGraphOptions {
  std::string name;
  JobId id;
  int parallelism = 1;       ///< of operators that say nothing else
  int max_parallelism = -1;  ///< likewise; -1: default_max_parallelism()
  bool chaining = true;
  bool auto_generate_uids = true;  ///< false: an operator without a uid is refused
  /// As a cluster of Flink can run it: a source's chain ends before the first sink, which has state
  /// and work before a barrier that Flink's sources have no place for; and since Flink may give the
  /// job another parallelism, an operator whose own was fixed follows it in no case.
  bool for_flink = false;
  detail::OperatorSettings operators;
  std::map<std::string, std::string> arguments;  ///< see JobGraph
};

/// Cuts a stream graph into chains and names its operators. Pure.
///
/// Two operators are in one chain when the edge between them is forward, they have the same
/// parallelism, the second has no other input and the first no other consumer, and neither was told
/// not to chain. A chain whose operators were given different max parallelisms is cut. An operator
/// without a uid gets "auto-<name>-<n>" as the n-th operator of that name, so that adding operators
/// with other names changes nothing. INVALID_ARGUMENT lists everything that is wrong, a sentence a
/// line.
StatusOr<JobGraph> build_job_graph(const detail::StreamGraph& stream_graph,
                                   const JobGraphOptions& options);

/// The uid of the n-th operator (from 1) with this name, if it was given none.
std::string generated_uid(const std::string& name, int n);

}  // namespace weir
