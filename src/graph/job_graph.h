#pragma once

#include <map>
#include <memory>
#include <optional>
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
  /// The side outputs that somebody reads.
  std::vector<detail::SideOutput> side_outputs = {};
  /// Index in the chain of the operator whose records it gets; -1: the one before it.
  int parent = -1;
  int output = 0;  ///< of the parent: 0 for its results, from 1 on for its side outputs
  std::string description = {};                              ///< for people; empty: the name
  std::optional<detail::WatermarkAlignment> alignment = {};  ///< sources only
  bool makes_event_time = false;  ///< an EventTimeOperator; only at the head of a chain
  /// If a checkpoint has state with this id, the operator restores it instead of that of `id`.
  std::optional<OperatorId> uid_hash = {};
  /// Codes the records from the chain; null at the head, or if they have no Serializer.
  std::shared_ptr<const RecordCodec> codec = nullptr;
};

/// A chain of operators that run in one task: a tree. Records enter it at chain[0]; every other
/// operator has one input, an output of an operator before it.
struct JobVertex {
  std::string name;  ///< "Source: x -> (map -> filter, print)"
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
  /// Index in the chain of the operator whose records these are; -1: the last one.
  int from_operator = -1;
  int output = 0;  ///< of that operator: 0 for its results, from 1 on for its side outputs
  int input = 0;   ///< which input of the consuming operator they are for
  std::shared_ptr<const RecordPartitioner> partitioner = nullptr;  ///< kCustom only
  /// Barriers never overtake records of the edge, because no restore at another parallelism could
  /// give them to the right subtask: after a broadcast each subtask has its own position in one
  /// stream, and records of forward() or reinterpret_as_keyed_stream() belong where they are.
  bool aligned_only = false;
  /// A batch that is not full leaves after this time; -1: only if the slot has nothing else to do.
  /// Nothing: the job's setting.
  std::optional<int64_t> buffer_timeout_ms = {};
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

/// Index in the chain of the operator whose records chain[i], not the first, gets.
inline size_t parent_of(const JobVertex& vertex, size_t i) {
  const int parent = vertex.chain[i].parent;
  return parent < 0 ? i - 1 : static_cast<size_t>(parent);
}
/// Index in the chain of the operator whose records go along an edge of the vertex.
inline size_t sender_of(const JobVertex& vertex, const JobEdge& edge) {
  return edge.from_operator < 0 ? vertex.chain.size() - 1 : static_cast<size_t>(edge.from_operator);
}

}  // namespace weir
