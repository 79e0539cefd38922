// The splits that sources start with.

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/call_at_start.h"
#include "cluster/job_preparation.h"

namespace weir {
namespace {

struct SourceStart {
  std::vector<std::string> dealt;
  std::optional<SourceSplits::OnRequest> on_request;
};

StatusOr<SourceStart> fresh_source(const JobVertex& vertex, FileSystemRegistry& files) {
  const auto enumerator = vertex.chain[0].make_enumerator(vertex.parallelism);
  WEIR_ASSIGN_OR_RETURN(Discovery<std::string> found, enumerator->discover(files));
  SourceStart start;
  if (enumerator->continuous()) {
    start.on_request = {{enumerator->snapshot(), std::move(found.splits), !found.again},
                        found.again,
                        enumerator->assigns_at_once()};
  } else {
    start.dealt = std::move(found.splits);
  }
  return start;
}

/// Its readers have their splits in their own state.
StatusOr<SourceStart> restored_source(const JobVertex& vertex, const CheckpointMetadata& metadata) {
  const JobOperator& source = vertex.chain[0];
  const auto enumerator = source.make_enumerator(vertex.parallelism);
  const bool continuous = enumerator->continuous();
  const auto stored =
      std::find_if(metadata.operators.begin(), metadata.operators.end(),
                   [&](const OperatorSnapshotState& op) { return op.id == source.id; });
  SourceStart start;
  if (stored != metadata.operators.end() && !stored->enumerator.empty()) {
    start.on_request.emplace();
    WEIR_ASSIGN_OR_RETURN(start.on_request->state, decode_enumerator_state(stored->enumerator));
    start.on_request->at_once = enumerator->assigns_at_once();
    if (!continuous) start.on_request->state.all_found = true;
  } else if (continuous) {
    return failed_precondition(
        "it finds splits while the job runs, but in the checkpoint it is a source that knew all "
        "its splits at the start, so it cannot tell which ones have been read; give it another "
        "uid, or start without the checkpoint");
  }
  return start;
}

}  // namespace

StatusOr<SourceSplits> start_sources(const JobGraph& graph, const RestorePlan* plan,
                                     const CheckpointMetadata* metadata,
                                     FileSystemRegistry& files) {
  SourceSplits splits;
  splits.dealt.resize(graph.vertices.size());
  splits.on_request.resize(graph.vertices.size());
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    const JobVertex& vertex = graph.vertices[v];
    if (!vertex.is_source) continue;
    const JobOperator& source = vertex.chain[0];
    const OperatorRestore* restore = plan != nullptr ? plan->find(source.id) : nullptr;
    const bool restored = restore != nullptr && restore->found;
    const std::string label = cat("source '", source.name, "'");
    WEIR_ASSIGN_OR_RETURN(SourceStart start, call_at_start(label, [&] {
                            return restored ? restored_source(vertex, *metadata)
                                            : fresh_source(vertex, files);
                          }));
    splits.dealt[v] = std::move(start.dealt);
    splits.on_request[v] = std::move(start.on_request);
  }
  return splits;
}

}  // namespace weir
