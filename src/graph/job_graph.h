#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "weir/detail/stream/stream_graph.h"

namespace weir {

struct JobOperator {
  std::string name;
  std::string uid;
  OperatorId id;  ///< murmur3_128(uid)
  OperatorFactory factory;
  EnumeratorFactory make_enumerator;  ///< sources only
  Probe probe;                        ///< may be null
};

/// A chain of operators that run in one task.
struct JobVertex {
  std::string name;  ///< "Source: x -> map -> filter"
  int parallelism = 1;
  int max_parallelism = 128;
  std::vector<JobOperator> chain;  ///< never empty; chain[0] makes a SourceOperator iff is_source
  bool is_source = false;
  bool bounded = true;                 ///< sources: the input ends
  bool max_parallelism_given = false;  ///< set by the program or the configuration; otherwise the
                                       ///< value in restored state is used
  /// The program fixed it for an operator; otherwise it is the job's.
  bool parallelism_given = false;
};

struct JobEdge {
  int from = 0;  ///< index of a vertex
  int to = 0;
  Partitioning partitioning = Partitioning::kForward;
  std::shared_ptr<const KeyHasher> hasher;  ///< kHash only
  /// Null: its records cannot leave the process.
  std::shared_ptr<const RecordCodec> codec = nullptr;
};

/// The dataflow to run. Immutable once built. Vertices are in topological order: edges point
/// forward.
struct JobGraph {
  std::string name;
  JobId id;
  std::vector<JobVertex> vertices;
  std::vector<JobEdge> edges;
  bool bounded = true;  ///< all sources end
  /// The program's own flags with their values, given or not. They are part of the job's identity;
  /// built-in flags are not.
  std::map<std::string, std::string> arguments;
  std::map<std::string, FileSystemFactory> file_systems = {};  ///< the program's own, by scheme
  /// A hash over everything that two processes must agree on.
  Id128 fingerprint;
};

}  // namespace weir
