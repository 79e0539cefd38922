#pragma once

// Operators without their types. The fluent API describes a job with these, and src/graph turns
// them into a job graph.

#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "weir/connector/file_system.h"
#include "weir/connector/split_enumerator.h"
#include "weir/detail/time/watermark_alignment.h"
#include "weir/detail/types/record_codec.h"
#include "weir/operator/operator.h"

namespace weir {

enum class Partitioning {
  kForward,    ///< subtask i to subtask i; same parallelism
  kHash,       ///< by key group
  kRebalance,  ///< batches round-robin
  kBroadcast,  ///< to every subtask
  kRescale,    ///< batches round-robin over the subtasks that share the sender's part of the job
  kShuffle,    ///< each record to a random subtask
  kGlobal,     ///< to subtask 0
  kCustom,     ///< by a RecordPartitioner
};

/// Checks before the first record whether a sink can be written to. Blocks.
using Probe = std::function<Status(FileSystemRegistry&)>;

namespace detail {

/// Settings that operators take from the configuration. The configuration is complete only after
/// the program has described its job.
struct OperatorSettings {
  size_t batch_size = 512;
  int64_t auto_watermark_interval_ms = 200;
  bool drop_records_without_timestamp = false;  ///< event-time operators drop records without a
                                                ///< timestamp; otherwise they fail the job
};

struct StreamInput {
  int from = 0;  ///< index of an earlier node
  Partitioning partitioning =
      Partitioning::kForward;  ///< kForward becomes a rebalance if the parallelisms differ
  std::shared_ptr<const KeyHasher> hasher;             ///< kHash only
  std::shared_ptr<const RecordCodec> codec = nullptr;  ///< null: the type has no Serializer
  int output = 0;  ///< of the node: 0 for its results, from 1 on for its side outputs
  int input = 0;   ///< the input of the consuming operator that the records are for
  std::shared_ptr<const RecordPartitioner> partitioner = nullptr;  ///< kCustom only
  bool forward_only = false;  ///< kForward: the job is refused if the parallelisms differ
};

/// A side output that has a reader.
struct SideOutput {
  std::string name;
  std::type_index type;  ///< of its records
};

struct StreamNode {
  std::string name;
  std::string uid;  ///< empty: generated from the name
  std::function<std::unique_ptr<Operator>(const OperatorSettings&)> factory;
  std::vector<StreamInput> inputs;    ///< empty for a source
  EnumeratorFactory make_enumerator;  ///< sources only
  bool bounded = true;                ///< sources only
  Probe probe;                        ///< may be null
  std::optional<int> parallelism;
  std::optional<int> max_parallelism;
  bool chaining = true;            ///< false: in a separate task
  bool starts_chain = false;       ///< not in the task of its input
  std::string description = {};    ///< for people; empty: the name
  bool reinterprets_keys = false;  ///< what follows has keyed state without an exchange by key
  bool has_side_outputs = false;   ///< true if the operator may emit to some
  std::vector<SideOutput> side_outputs = {};         ///< those that have readers
  std::optional<WatermarkAlignment> alignment = {};  ///< sources only
  std::string uid_hash = {};  ///< 32 hex digits: takes the state with this id, if there is any
  std::optional<int64_t> buffer_timeout_ms = {};  ///< of its results; -1: none. Nothing: the job's
  bool needs_end = false;                         ///< emits only at the end of its input
  bool event_time = false;         ///< works in event time: its records need timestamps
  bool makes_event_time = false;   ///< the factory makes an EventTimeOperator; starts_chain is true
  bool delays_event_time = false;  ///< the same for one that passes on the event time of its input
  /// Of results: kKept: a record has the timestamp of the one that it was made of.
  enum class Timestamps { kNone, kKept, kGiven } timestamps = Timestamps::kKept;
};

/// A job as the program describes it. Nodes come after their inputs.
struct StreamGraph {
  std::vector<StreamNode> nodes;
  std::vector<std::string> problems =
      {};  ///< sentences about errors in the calls that made the graph
  std::map<std::string, FileSystemFactory> file_systems = {};  ///< of the program, by scheme
};

/// Registers a reader of a side output of the node. Returns its number, from 1 on.
inline int read_side_output(StreamGraph& graph, StreamNode& node, const std::string& name,
                            std::type_index type) {
  if (name.empty()) graph.problems.push_back("get_side_output is given a tag with an empty name");
  if (!node.has_side_outputs) {
    graph.problems.push_back("get_side_output(\"" + name + "\") would read nothing: operator '" +
                             node.name +
                             "' has no side outputs; process() has, and a window with "
                             "side_output_late_data()");
  }
  for (size_t i = 0; i < node.side_outputs.size(); ++i) {
    if (node.side_outputs[i].name != name) continue;
    if (node.side_outputs[i].type != type) {
      graph.problems.push_back("side output '" + name + "' of operator '" + node.name +
                               "' is read as records of two types; use one OutputTag for it");
    }
    return static_cast<int>(i) + 1;
  }
  node.side_outputs.push_back({name, type});
  return static_cast<int>(node.side_outputs.size());
}

/// Returns the inputs of an operator that has two.
inline std::vector<StreamInput> inputs_of_both(StreamGraph& graph,
                                               const std::vector<StreamInput>& first,
                                               const StreamGraph& other_graph,
                                               std::vector<StreamInput> second) {
  if (&graph != &other_graph) {
    graph.problems.push_back("connect is given a stream of another environment; a job has one");
    return first;
  }
  std::vector<StreamInput> both = first;
  for (StreamInput& input : second) {
    input.input = 1;
    both.push_back(std::move(input));
  }
  return both;
}

/// Adds the problem of a part (a source, a sink, windows, a watermark strategy) that checks itself.
/// setup_problem() returns a sentence, or nothing if all is well.
template <class Part>
void note_problem_of(StreamGraph& graph, const Part& part) {
  if constexpr (requires {
                  { part.setup_problem() } -> std::same_as<std::string>;
                }) {
    if (std::string problem = part.setup_problem(); !problem.empty())
      graph.problems.push_back(std::move(problem));
  }
}

/// Whether a user's function is empty: a null pointer to a function or member, or an empty
/// std::function.
template <class F>
bool is_null_function(const F& f) {
  if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F> ||
                (std::is_class_v<F> && std::is_constructible_v<F, std::nullptr_t>)) {
    if constexpr (requires { f == nullptr; }) return f == nullptr;
  }
  return false;
}
/// `call`: the name of the call that got the function.
template <class F>
void check_function(StreamGraph& graph, const char* call, const F& f) {
  if (is_null_function(f))
    graph.problems.push_back(std::string(call) + " is given a function that is null");
}

}  // namespace detail
}  // namespace weir
