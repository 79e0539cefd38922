#include "graph/explain.h"

#include <algorithm>

#include "base/strings.h"

namespace weir {
namespace {

/// Whose records an operator or an edge gets; empty for the results of the operator `above` it in
/// the list.
std::string origin(const JobVertex& vertex, size_t op, int output, bool above) {
  if (output > 0)
    return cat("  (side output '",
               vertex.chain[op].side_outputs[static_cast<size_t>(output - 1)].name, "' of ",
               vertex.chain[op].name, ")");
  return above ? std::string() : cat("  (from ", vertex.chain[op].name, ")");
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

std::string_view to_string(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kForward: return "forward";
    case Partitioning::kHash: return "hash";
    case Partitioning::kRebalance: return "rebalance";
    case Partitioning::kBroadcast: return "broadcast";
    case Partitioning::kRescale: return "rescale";
    case Partitioning::kShuffle: return "shuffle";
    case Partitioning::kGlobal: return "global";
    case Partitioning::kCustom: return "custom";
  }
  return "?";
}

std::string explain(const JobGraph& graph) {
  size_t name_width = 0, uid_width = 0;
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      name_width = std::max(name_width, op.name.size());
      uid_width = std::max(uid_width, op.uid.size());
    }
  }
  std::string text =
      cat("Job '", graph.name, "', ", graph.bounded ? "bounded" : "unbounded", "\n  id ",
          graph.id.to_hex(), "\n  fingerprint ", graph.fingerprint.to_hex(), "\n");
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    const JobVertex& vertex = graph.vertices[v];
    text += cat("\n[", v, "] ", vertex.name, "\n    parallelism ", vertex.parallelism,
                " of at most ", vertex.max_parallelism, "\n");
    for (size_t i = 0; i < vertex.chain.size(); ++i) {
      const JobOperator& op = vertex.chain[i];
      text += cat("    ", padded(op.name, name_width), "  uid ", padded(op.uid, uid_width), "  id ",
                  op.id.to_hex());
      if (i > 0)
        text += origin(vertex, parent_of(vertex, i), op.output, parent_of(vertex, i) + 1 == i);
      text += "\n";
      if (!op.description.empty()) text += cat("        ", op.description, "\n");
    }
    for (const JobEdge& edge : graph.edges) {
      if (edge.from != static_cast<int>(v)) continue;
      const size_t sender = sender_of(vertex, edge);
      text += cat("    --", to_string(edge.partitioning), "--> [", edge.to, "]",
                  edge.input > 0 ? cat(" input ", edge.input + 1) : std::string(),
                  origin(vertex, sender, edge.output, sender + 1 == vertex.chain.size()), "\n");
    }
  }
  return text;
}

}  // namespace weir
