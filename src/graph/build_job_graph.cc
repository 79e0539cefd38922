#include "graph/build_job_graph.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

using detail::StreamGraph;
using detail::StreamInput;
using detail::StreamNode;

constexpr int kMaxKeyGroups = 32768;

/// A node with all its defaults filled in.
struct Planned {
  std::string uid;
  int parallelism = 1;
  int max_parallelism = 128;
  int consumers = 0;
  int vertex = -1;
  int place = 0;  ///< in the vertex's chain
};

void plan_uids(const StreamGraph& graph, const JobGraphOptions& options, std::vector<Planned>* plan,
               std::vector<std::string>* problems) {
  std::map<std::string, int> of_name;
  std::map<std::string, size_t> owner;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const StreamNode& node = graph.nodes[i];
    const int n = ++of_name[node.name];
    (*plan)[i].uid = node.uid.empty() ? generated_uid(node.name, n) : node.uid;
    if (node.uid.empty() && !options.auto_generate_uids) {
      problems->push_back(cat("operator '", node.name, "' (the ", n,
                              ". of that name) has no uid, and pipeline.auto-generate-uids is "
                              "false; call .uid(\"…\") on it"));
    }
    const auto [first, inserted] = owner.try_emplace((*plan)[i].uid, i);
    if (!inserted) {
      problems->push_back(
          cat("the operators '", graph.nodes[first->second].name, "' and '", node.name,
              "' have the same uid '", (*plan)[i].uid,
              "', so a checkpoint could not tell their state apart; give one of them another"));
    }
  }
}

/// Finds uid hashes that cannot choose the state of one operator.
void check_uid_hashes(const StreamGraph& graph, const std::vector<Planned>& plan,
                      std::vector<std::string>* problems) {
  std::map<OperatorId, size_t> of_uid, of_hash;
  for (size_t i = 0; i < graph.nodes.size(); ++i) of_uid.emplace(murmur3_128(plan[i].uid), i);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const StreamNode& node = graph.nodes[i];
    if (node.uid_hash.empty()) continue;
    const StatusOr<OperatorId> id = OperatorId::from_hex(node.uid_hash);
    if (!id.ok()) {
      problems->push_back(cat("operator '", node.name, "' is given the uid hash '", node.uid_hash,
                              "'; it must be 32 hexadecimal digits, the id of an operator in a "
                              "checkpoint (weir inspect lists them)"));
      continue;
    }
    const auto other = of_uid.find(*id);
    if (other != of_uid.end() && other->second != i) {
      problems->push_back(cat("operator '", node.name, "' is given the uid hash ", node.uid_hash,
                              ", which is the id of operator '", graph.nodes[other->second].name,
                              "' (uid '", plan[other->second].uid,
                              "'); only one of them can have its state"));
    }
    const auto [first, inserted] = of_hash.try_emplace(*id, i);
    if (!inserted) {
      problems->push_back(cat("the operators '", graph.nodes[first->second].name, "' and '",
                              node.name, "' have the same uid hash ", node.uid_hash,
                              "; only one of them can have its state"));
    }
  }
}

void plan_parallelism(const StreamGraph& graph, const JobGraphOptions& options,
                      std::vector<Planned>* plan, std::vector<std::string>* problems) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const StreamNode& node = graph.nodes[i];
    Planned& planned = (*plan)[i];
    planned.parallelism = node.parallelism.value_or(options.parallelism);
    if (planned.parallelism < 1 || planned.parallelism > kMaxKeyGroups) {
      problems->push_back(cat("operator '", node.name, "' has parallelism ", planned.parallelism,
                              "; it must be between 1 and ", kMaxKeyGroups));
      continue;
    }
    if (node.max_parallelism &&
        (*node.max_parallelism < 1 || *node.max_parallelism > kMaxKeyGroups)) {
      problems->push_back(cat("operator '", node.name, "' has max parallelism ",
                              *node.max_parallelism, "; it must be between 1 and ", kMaxKeyGroups));
      continue;
    }
    planned.max_parallelism = node.max_parallelism ? *node.max_parallelism
                              : options.max_parallelism > 0
                                  ? options.max_parallelism
                                  : default_max_parallelism(planned.parallelism);
    if (planned.parallelism > planned.max_parallelism) {
      problems->push_back(cat("operator '", node.name, "' has parallelism ", planned.parallelism,
                              ", more than its max parallelism ", planned.max_parallelism,
                              "; lower the first or, if there is no state yet, raise the second"));
    }
  }
}

/// Finds inputs that the job cannot have as the program describes them.
void check_inputs(const StreamGraph& graph, const JobGraphOptions& options,
                  const std::vector<Planned>& plan, std::vector<std::string>* problems) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const StreamNode& node = graph.nodes[i];
    for (const StreamInput& input : node.inputs) {
      const auto at = static_cast<size_t>(input.from);
      const StreamNode& from = graph.nodes[at];
      if (input.forward_only && plan[at].parallelism != plan[i].parallelism) {
        problems->push_back(cat("forward() leads from operator '", from.name, "' with parallelism ",
                                plan[at].parallelism, " to operator '", node.name, "' with ",
                                plan[i].parallelism,
                                "; set the same parallelism, or leave forward() out"));
      }
      if (from.reinterprets_keys && plan[at].max_parallelism != plan[i].max_parallelism) {
        problems->push_back(cat("operator '", node.name, "' has max parallelism ",
                                plan[i].max_parallelism, ", and its keys come from '", from.name,
                                "', which has ", plan[at].max_parallelism,
                                "; set the same for both"));
      }
      if (options.for_flink && input.partitioning == Partitioning::kCustom) {
        problems->push_back(cat("operator '", node.name,
                                "' gets its records by partition_custom(), which cannot run inside "
                                "Flink: Flink would have to call the partitioner itself. Use "
                                "key_by(), or run the job on weir's own cluster"));
      }
    }
    if (options.for_flink && node.reinterprets_keys) {
      problems->push_back(cat("operator '", node.name,
                              "' cannot run inside Flink, which keeps keyed state only behind an "
                              "exchange by key; use key_by(), or run the job on weir's own "
                              "cluster"));
    }
  }
}

/// Refuses operators in event time none of whose records can have a timestamp.
void check_timestamps(const StreamGraph& graph, std::vector<std::string>* problems) {
  std::vector<bool> may_have(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const StreamNode& node = graph.nodes[i];
    const bool input_may =
        std::any_of(node.inputs.begin(), node.inputs.end(),
                    [&](const StreamInput& in) { return may_have[static_cast<size_t>(in.from)]; });
    using Timestamps = StreamNode::Timestamps;
    may_have[i] = node.timestamps == Timestamps::kGiven ||
                  (node.timestamps == Timestamps::kKept && (node.inputs.empty() || input_may));
    if (!node.event_time || input_may || node.inputs.empty()) continue;
    problems->push_back(
        cat("operator '", node.name,
            "' works in event time, and none of its records has a timestamp; give their source a "
            "watermark strategy that assigns them, such as "
            "for_bounded_out_of_orderness<T>(bound).with_timestamp_assigner(&T::time), or use a "
            "window in processing time"));
  }
}

/// Refuses operators that emit at the end of an input that never ends.
void check_ends(const StreamGraph& graph, std::vector<std::string>* problems) {
  std::vector<const StreamNode*> endless(graph.nodes.size());  // a source before the node
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const StreamNode& node = graph.nodes[i];
    if (node.inputs.empty() && !node.bounded) endless[i] = &node;
    for (const StreamInput& input : node.inputs) {
      if (endless[i] == nullptr) endless[i] = endless[static_cast<size_t>(input.from)];
    }
    if (!node.needs_end || endless[i] == nullptr) continue;
    problems->push_back(cat("operator '", node.name,
                            "' emits its results at the end of its input, and source '",
                            endless[i]->name,
                            "' never ends; use a bounded source, or window() instead of "
                            "full_window_partition()"));
  }
}

Partitioning resolve(const StreamGraph& graph, const JobGraphOptions& options,
                     const StreamInput& input, const std::vector<Planned>& plan, size_t to) {
  if (input.partitioning != Partitioning::kForward || input.forward_only) return input.partitioning;
  const auto from = static_cast<size_t>(input.from);
  if (plan[from].parallelism != plan[to].parallelism) return Partitioning::kRebalance;
  if (options.for_flink &&
      graph.nodes[from].parallelism.has_value() != graph.nodes[to].parallelism.has_value())
    return Partitioning::kRebalance;
  return Partitioning::kForward;
}

void check_alignment(const StreamGraph& graph, const JobGraphOptions& options,
                     std::vector<std::string>* problems) {
  for (const StreamNode& node : graph.nodes) {
    if (!options.for_flink || !node.alignment) continue;
    problems->push_back(
        cat("source '", node.name,
            "' has with_watermark_alignment(), which a job inside Flink cannot have, because its "
            "sources do not exchange watermarks there; leave it out, or run the job without "
            "--target flink"));
  }
}

/// True if records must stay in the subtask of their key without an exchange that says so.
bool reinterprets_keys(const StreamGraph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const StreamNode& node) { return node.reinterprets_keys; });
}

/// True if the node joins the chain of its input.
bool chains(const StreamGraph& graph, const JobGraphOptions& options,
            const std::vector<Planned>& plan, const std::vector<JobVertex>& vertices, size_t i) {
  const StreamNode& node = graph.nodes[i];
  if (!options.chaining || !node.chaining || node.starts_chain || node.inputs.size() != 1)
    return false;
  const auto from = static_cast<size_t>(node.inputs[0].from);
  if (resolve(graph, options, node.inputs[0], plan, i) != Partitioning::kForward) return false;
  if (options.for_flink && node.probe && vertices[static_cast<size_t>(plan[from].vertex)].is_source)
    return false;
  if (!graph.nodes[from].chaining || (options.for_flink && plan[from].consumers > 1)) return false;
  return !node.max_parallelism ||
         *node.max_parallelism == vertices[static_cast<size_t>(plan[from].vertex)].max_parallelism;
}

/// "map -> (filter -> print, print)": the operator and what is behind it in the chain.
std::string name_of_subtree(const JobVertex& vertex, size_t at) {
  std::vector<std::string> children;
  for (size_t i = at + 1; i < vertex.chain.size(); ++i) {
    if (parent_of(vertex, i) == at) children.push_back(name_of_subtree(vertex, i));
  }
  std::string name = vertex.chain[at].name;
  if (children.size() == 1) return cat(name, " -> ", children[0]);
  for (size_t i = 0; i < children.size(); ++i) name += cat(i == 0 ? " -> (" : ", ", children[i]);
  return children.empty() ? name : name + ")";
}

Id128 fingerprint(const JobGraph& graph) {
  std::string text = cat("weir job graph 2\n", graph.name, "\n", graph.id.to_hex(), "\n");
  for (const JobVertex& vertex : graph.vertices) {
    text += cat("vertex ", vertex.parallelism, " ", vertex.max_parallelism, " ", vertex.is_source,
                "\n");
    for (const JobOperator& op : vertex.chain) {
      text += cat(op.name.size(), ":", op.name, " ", op.uid.size(), ":", op.uid, " ", op.parent,
                  " ", op.output, "\n");
      if (op.alignment)
        text += cat("aligned ", op.alignment->group.size(), ":", op.alignment->group, "\n");
      for (const detail::SideOutput& side : op.side_outputs)
        text += cat("side ", side.name.size(), ":", side.name, "\n");
    }
  }
  for (const JobEdge& edge : graph.edges) {
    text += cat("edge ", edge.from, " ", edge.to, " ", static_cast<int>(edge.partitioning), " ",
                edge.from_operator, " ", edge.output, " ", edge.input, "\n");
  }
  for (const auto& [name, value] : graph.arguments)
    text += cat("flag ", name.size(), ":", name, " ", value.size(), ":", value, "\n");
  return murmur3_128(text);
}

}  // namespace

std::string generated_uid(const std::string& name, int n) { return cat("auto-", name, "-", n); }

StatusOr<JobGraph> build_job_graph(const StreamGraph& stream_graph,
                                   const JobGraphOptions& options) {
  std::vector<std::string> problems = stream_graph.problems;
  if (stream_graph.nodes.empty())
    problems.push_back(
        "the job has no operators; describe it with env.from_source(…)… before execute()");
  std::vector<Planned> plan(stream_graph.nodes.size());
  plan_uids(stream_graph, options, &plan, &problems);
  check_uid_hashes(stream_graph, plan, &problems);
  plan_parallelism(stream_graph, options, &plan, &problems);
  check_inputs(stream_graph, options, plan, &problems);
  check_timestamps(stream_graph, &problems);
  check_ends(stream_graph, &problems);
  check_alignment(stream_graph, options, &problems);
  if (!problems.empty()) {
    std::string text;
    for (const std::string& problem : problems) text += cat(text.empty() ? "" : "\n", problem);
    return invalid_argument(std::move(text));
  }

  for (size_t i = 0; i < stream_graph.nodes.size(); ++i) {
    for (const StreamInput& input : stream_graph.nodes[i].inputs) {
      WEIR_CHECK(input.from >= 0 && static_cast<size_t>(input.from) < i);
      ++plan[static_cast<size_t>(input.from)].consumers;
    }
  }

  JobGraph graph;
  graph.name = options.name;
  graph.id = options.id;
  graph.arguments = options.arguments;
  graph.file_systems = stream_graph.file_systems;
  for (size_t i = 0; i < stream_graph.nodes.size(); ++i) {
    const StreamNode& node = stream_graph.nodes[i];
    Planned& planned = plan[i];
    const bool chained = chains(stream_graph, options, plan, graph.vertices, i);
    if (chained) {
      planned.vertex = plan[static_cast<size_t>(node.inputs[0].from)].vertex;
    } else {
      planned.vertex = static_cast<int>(graph.vertices.size());
      JobVertex vertex;
      vertex.parallelism = planned.parallelism;
      vertex.max_parallelism = planned.max_parallelism;
      vertex.is_source = node.inputs.empty();
      vertex.bounded = node.bounded;
      vertex.max_parallelism_given = node.max_parallelism || options.max_parallelism > 0;
      vertex.parallelism_given = node.parallelism.has_value();
      graph.vertices.push_back(std::move(vertex));
      for (const StreamInput& input : node.inputs) {
        const Planned& from = plan[static_cast<size_t>(input.from)];
        graph.edges.push_back(
            {from.vertex, planned.vertex, resolve(stream_graph, options, input, plan, i),
             input.hasher, input.codec, from.place, input.output, input.input, input.partitioner});
        JobEdge& edge = graph.edges.back();
        edge.aligned_only =
            edge.partitioning == Partitioning::kBroadcast || input.forward_only ||
            (edge.partitioning == Partitioning::kForward && reinterprets_keys(stream_graph));
        edge.buffer_timeout_ms =
            stream_graph.nodes[static_cast<size_t>(input.from)].buffer_timeout_ms;
      }
    }
    if (node.inputs.empty()) graph.bounded = graph.bounded && node.bounded;

    JobVertex& vertex = graph.vertices[static_cast<size_t>(planned.vertex)];
    planned.place = static_cast<int>(vertex.chain.size());
    vertex.chain.push_back(
        {node.name, planned.uid, murmur3_128(planned.uid),
         [factory = node.factory, settings = options.operators] { return factory(settings); },
         node.make_enumerator, node.probe, node.side_outputs});
    vertex.chain.back().description = node.description;
    vertex.chain.back().alignment = node.alignment;
    // Flink does not give a chain the idleness of its input, so there the chain keeps no
    // watermarks.
    vertex.chain.back().makes_event_time =
        node.makes_event_time && !(options.for_flink && node.delays_event_time);
    if (!node.uid_hash.empty()) vertex.chain.back().uid_hash = *OperatorId::from_hex(node.uid_hash);
    if (!chained) continue;
    vertex.chain.back().parent = plan[static_cast<size_t>(node.inputs[0].from)].place;
    vertex.chain.back().output = node.inputs[0].output;
    vertex.chain.back().codec = node.inputs[0].codec;
  }
  for (JobVertex& vertex : graph.vertices)
    vertex.name = cat(vertex.is_source ? "Source: " : "", name_of_subtree(vertex, 0));
  graph.fingerprint = fingerprint(graph);
  return graph;
}

}  // namespace weir
