#include "flink/weir_snapshot.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/hosted_state.h"
#include "checkpoint/snapshot_loader.h"

namespace weir {
namespace {

StatusOr<StartingPoint> load(const std::string& snapshot, bool read_all, FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(const FileLocation given, files.resolve(snapshot));
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory, locate_snapshot(given));
  WEIR_ASSIGN_OR_RETURN(LoadedCheckpoint loaded, load_checkpoint(directory, {.read_all = read_all, .require_sidecar = true, .files = &files}));
  StartingPoint start;
  start.restored_checkpoint = loaded.metadata->checkpoint_id;
  start.restored_directory = loaded.directory.uri;
  start.metadata = std::move(loaded.metadata);
  start.sidecar = std::make_shared<const Sidecar>(*std::move(loaded.sidecar));
  return start;
}

StatusOr<std::shared_ptr<const RestorePlan>> plan_of(const JobGraph& graph, bool ignore_unclaimed_state, const StartingPoint& start) {
  JobOptions options;
  options.ignore_unclaimed_state = ignore_unclaimed_state;
  return restore_plan(graph, options, start);
}

StatusOr<std::vector<std::string>> enumerated(const JobVertex& vertex, FileSystemRegistry& files) {
  const JobOperator& source = vertex.chain[0];
  auto splits = source.enumerate(files, vertex.parallelism);
  if (!splits.ok()) return splits.status().with_context(cat("source '", source.name, "'"));
  std::vector<std::string> elements;
  for (std::string& split : *splits) elements.push_back(encode_hosted_element(HostedSplit{std::move(split)}));
  return elements;
}

/// The lists of one operator in a source's chain, of all subtasks.
Status add_elements(const JobOperator& op, const OperatorRestore& restore, const TaskStart& start, FileSystemRegistry& files,
                    std::vector<std::string>* elements) {
  const auto cannot = [&](std::string_view what) {
    return failed_precondition(cat("operator '", op.name, "' (uid '", op.uid, "') has ", what,
                                   " in the snapshot and is in the chain of a source, of which Flink keeps nothing but splits; start a new "
                                   "chain before it"));
  };
  for (size_t subtask = 0; subtask < restore.subtasks.size(); ++subtask) {
    if (!restore.subtasks[subtask].keyed.empty()) return cannot("keyed state");
    auto lists = restored_lists(op.id, static_cast<int>(subtask), start, files);
    if (!lists.ok()) return lists.status().with_context(operator_label(op, static_cast<int>(subtask)));
    for (auto& [name, list] : *lists) {
      if (list.mode == ListStateMode::kUnion) return cannot(cat("the list state '", name, "' in mode union"));
      for (std::string& element : list.elements) {
        elements->push_back(encode_hosted_element(HostedListElement{op.id, name, list.mode, list.element, std::move(element)}));
      }
    }
  }
  return {};
}

}  // namespace

StatusOr<SourcesInFlink> sources_in_flink(const std::string& snapshot, const JobGraph& graph, bool ignore_unclaimed_state,
                                          FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(const StartingPoint start, load(snapshot, true, files));
  WEIR_ASSIGN_OR_RETURN(const auto plan, plan_of(graph, ignore_unclaimed_state, start));
  WEIR_LOG(kInfo) << "the job begins in Flink with " << start.restored_directory << "\n" << plan->to_string();
  const TaskStart from{plan.get(), start.sidecar.get(), start.restored_directory, {}, ignore_unclaimed_state, nullptr};
  SourcesInFlink result{start.restored_checkpoint, {}};
  for (const JobVertex& vertex : graph.vertices) {
    std::vector<std::string>& elements = result.elements.emplace_back();
    if (!vertex.is_source) continue;
    const OperatorRestore* source = plan->find(vertex.chain[0].id);
    if (source == nullptr || !source->found) {
      WEIR_ASSIGN_OR_RETURN(elements, enumerated(vertex, files));
    }
    for (const JobOperator& op : vertex.chain) {
      const OperatorRestore* restore = plan->find(op.id);
      if (restore != nullptr && restore->found) WEIR_RETURN_IF_ERROR(add_elements(op, *restore, from, files, &elements));
    }
  }
  return result;
}

StatusOr<SourcesInFlink> fresh_sources_in_flink(const JobGraph& graph, FileSystemRegistry& files) {
  SourcesInFlink result;
  for (const JobVertex& vertex : graph.vertices) {
    std::vector<std::string>& elements = result.elements.emplace_back();
    if (!vertex.is_source) continue;
    WEIR_ASSIGN_OR_RETURN(elements, enumerated(vertex, files));
  }
  return result;
}

StatusOr<ChainSnapshot> ChainSnapshot::load(const std::string& snapshot, const JobGraph& graph, int vertex, int parallelism,
                                            bool ignore_unclaimed_state, FileSystemRegistry& files) {
  ChainSnapshot loaded;
  WEIR_ASSIGN_OR_RETURN(loaded.start_, weir::load(snapshot, false, files));
  JobGraph here = graph;
  here.vertices[static_cast<size_t>(vertex)].parallelism = parallelism;
  WEIR_ASSIGN_OR_RETURN(loaded.plan_, plan_of(here, ignore_unclaimed_state, loaded.start_));
  loaded.ignore_unclaimed_state_ = ignore_unclaimed_state;
  return loaded;
}

TaskStart ChainSnapshot::task_start() const {
  return {plan_.get(), start_.sidecar.get(), start_.restored_directory, {}, ignore_unclaimed_state_, nullptr};
}

}  // namespace weir
