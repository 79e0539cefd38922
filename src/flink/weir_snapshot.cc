#include "flink/weir_snapshot.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/hosted_state.h"
#include "checkpoint/snapshot_loader.h"
#include "cluster/starting_point.h"

namespace weir {
namespace {

/// Does not read the data files.
StatusOr<StartingPoint> load(const std::string& snapshot, const JobGraph& graph,
                             FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(const FileLocation given, files.resolve(snapshot));
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory, locate_snapshot(given));
  WEIR_ASSIGN_OR_RETURN(
      LoadedCheckpoint loaded,
      load_checkpoint(directory, {.read_all = false, .require_sidecar = true, .files = &files}));
  loaded = by_uid_hashes(std::move(loaded), graph);
  StartingPoint start;
  start.restored_checkpoint = loaded.metadata->checkpoint_id;
  start.restored_directory = loaded.directory.uri;
  start.metadata = std::move(loaded.metadata);
  start.sidecar = std::make_shared<const Sidecar>(*std::move(loaded.sidecar));
  return start;
}

/// Adds the lists of one operator in a source's chain, from all subtasks.
Status add_elements(const JobOperator& op, const OperatorRestore& restore, const TaskStart& start,
                    FileSystemRegistry& files, std::vector<std::string>* elements) {
  const auto cannot = [&](std::string_view what) {
    return failed_precondition(cat("operator '", op.name, "' (uid '", op.uid, "') has ", what,
                                   " in the snapshot and is in the chain of a source, of which "
                                   "Flink keeps nothing but splits; start a new "
                                   "chain before it"));
  };
  for (size_t subtask = 0; subtask < restore.subtasks.size(); ++subtask) {
    if (!restore.subtasks[subtask].keyed.empty()) return cannot("keyed state");
    auto lists = restored_lists(op.id, static_cast<int>(subtask), start, files);
    if (!lists.ok())
      return lists.status().with_context(operator_label(op, static_cast<int>(subtask)));
    for (auto& [name, list] : *lists) {
      if (list.mode != ListStateMode::kSplit)
        return cannot(cat("the list state '", name, "' in mode ", mode_name(list.mode)));
      for (std::string& element : list.elements) {
        elements->push_back(encode_hosted_element(
            HostedListElement{op.id, name, list.mode, list.element, std::move(element)}));
      }
    }
  }
  return {};
}

}  // namespace

StatusOr<std::vector<std::string>> source_elements(const JobVertex& vertex, const TaskStart& start,
                                                   FileSystemRegistry& files) {
  std::vector<std::string> elements;
  for (const JobOperator& op : vertex.chain) {
    const OperatorRestore* restore = start.plan->find(op.id);
    if (restore != nullptr && restore->found)
      WEIR_RETURN_IF_ERROR(add_elements(op, *restore, start, files, &elements));
  }
  return elements;
}

StatusOr<ChainSnapshot> ChainSnapshot::load(const std::string& snapshot, const JobGraph& graph,
                                            int vertex, int parallelism,
                                            bool ignore_unclaimed_state,
                                            FileSystemRegistry& files) {
  ChainSnapshot loaded;
  WEIR_ASSIGN_OR_RETURN(loaded.start_, weir::load(snapshot, graph, files));
  JobGraph here = graph;
  here.vertices[static_cast<size_t>(vertex)].parallelism = parallelism;
  JobOptions options;
  options.ignore_unclaimed_state = ignore_unclaimed_state;
  WEIR_ASSIGN_OR_RETURN(loaded.plan_, restore_plan(here, options, loaded.start_));
  loaded.ignore_unclaimed_state_ = ignore_unclaimed_state;
  return loaded;
}

TaskStart ChainSnapshot::task_start() const {
  return {plan_.get(), start_.sidecar.get(),    start_.restored_directory,
          {},          ignore_unclaimed_state_, nullptr};
}

}  // namespace weir
