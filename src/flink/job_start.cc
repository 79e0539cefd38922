#include "flink/job_start.h"

#include <optional>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/hosted_state.h"
#include "checkpoint/lineage.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/storage.h"
#include "cluster/job_preparation.h"
#include "cluster/starting_point.h"
#include "config/options.h"
#include "flink/weir_snapshot.h"

namespace weir {
namespace {

StatusOr<std::optional<LoadedCheckpoint>> find_newest(const JobGraph& graph,
                                                      const Configuration& configuration,
                                                      FileSystemRegistry& files) {
  const auto directory = configuration.get_optional(options::kCheckpointDir);
  if (!directory) {
    return failed_precondition(
        "--from latest needs weir's checkpoint directory: set execution.checkpointing.dir, or give "
        "the checkpoint's path");
  }
  WEIR_ASSIGN_OR_RETURN(const FileLocation job,
                        files.resolve(join_path(*directory, job_directory_name(graph.id))));
  WEIR_ASSIGN_OR_RETURN(const Lineage lineage, read_lineage(job));
  WEIR_ASSIGN_OR_RETURN(const CheckpointInventory inventory, list_checkpoints(job));
  const CheckpointLine* living = lineage.living(inventory.completed);
  const CheckpointFilter filter = [living](CheckpointId id, const Sidecar* sidecar) {
    return living == nullptr ||
           living->holds(
               id, sidecar != nullptr ? std::optional<StartNumber>(sidecar->start) : std::nullopt);
  };
  WEIR_ASSIGN_OR_RETURN(LatestCheckpoint latest,
                        find_latest(job, {.require_sidecar = true, .files = &files}, filter));
  for (const std::string& line : latest.fallbacks) { WEIR_LOG(kWarning) << line; }
  if (!latest.checkpoint) {
    WEIR_LOG(kInfo) << "there is no completed checkpoint of weir's in " << job.uri
                    << ": starting from the beginning";
  }
  return std::move(latest.checkpoint);
}

/// Loads the snapshot if it is weir's. Otherwise it is Flink's, and `*savepoint` gets the URI for
/// Flink.
StatusOr<std::optional<LoadedCheckpoint>> load_if_own(const std::string& from,
                                                      FileSystemRegistry& files,
                                                      std::string* savepoint) {
  const auto given = files.resolve(from);
  if (!given.ok()) {  // s3://, gs://, …: only Flink knows these schemes
    *savepoint = from;
    return std::optional<LoadedCheckpoint>();
  }
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory, locate_snapshot(*given));
  const FileLocation sidecar = directory.child(kSidecarFile);
  const auto found = sidecar.fs->stat(sidecar.path);
  if (found.status().code() == StatusCode::kNotFound) {
    *savepoint = directory.uri.find("://") == std::string::npos ? cat("file://", directory.uri)
                                                                : directory.uri;
    return std::optional<LoadedCheckpoint>();
  }
  if (!found.ok()) return found.status();
  WEIR_ASSIGN_OR_RETURN(LoadedCheckpoint loaded, load_checkpoint(directory, {.files = &files}));
  return std::optional<LoadedCheckpoint>(std::move(loaded));
}

}  // namespace

StatusOr<FlinkStart> prepare_flink_start(const JobGraph& graph, const Configuration& configuration,
                                         FileSystemRegistry& files) {
  FlinkStart start;
  const std::string from = configuration.get_optional(options::kStateRecoveryPath).value_or("none");
  std::optional<LoadedCheckpoint> loaded;
  if (from == "latest") {
    WEIR_ASSIGN_OR_RETURN(loaded, find_newest(graph, configuration, files));
  } else if (from != "none") {
    WEIR_ASSIGN_OR_RETURN(loaded, load_if_own(from, files, &start.savepoint));
  }
  WEIR_RETURN_IF_ERROR(probe_sinks(graph, files));

  StartingPoint point;
  std::shared_ptr<const RestorePlan> plan;
  if (loaded) {
    loaded = by_uid_hashes(*std::move(loaded), graph);
    start.snapshot = loaded->directory.uri;
    point.restored_checkpoint = loaded->metadata->checkpoint_id;
    point.restored_directory = loaded->directory.uri;
    point.metadata = loaded->metadata;
    if (loaded->sidecar)
      point.sidecar = std::make_shared<const Sidecar>(*std::move(loaded->sidecar));
    JobOptions options;
    options.ignore_unclaimed_state = configuration.get(options::kIgnoreUnclaimedState);
    WEIR_ASSIGN_OR_RETURN(plan, restore_plan(graph, options, point));
    WEIR_LOG(kInfo) << "going on in Flink from " << point.restored_directory << "\n"
                    << plan->to_string();
  }
  WEIR_ASSIGN_OR_RETURN(const SourceSplits splits,
                        start_sources(graph, plan.get(), point.metadata.get(), files));
  start.elements.resize(graph.vertices.size());
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    if (!graph.vertices[v].is_source) continue;
    if (splits.on_request[v]) {
      return unimplemented(
          cat("source '", graph.vertices[v].chain[0].name,
              "' finds splits while the job runs, or did when the checkpoint was taken, and this "
              "is not possible inside Flink: run the job with weir, or give the source an input "
              "that is known at the start"));
    }
    if (plan != nullptr) {
      TaskStart task;
      task.plan = plan.get();
      task.sidecar = point.sidecar.get();
      task.directory = point.restored_directory;
      WEIR_ASSIGN_OR_RETURN(start.elements[v], source_elements(graph.vertices[v], task, files));
    }
    for (const std::string& split : splits.dealt[v])
      start.elements[v].push_back(encode_hosted_element(HostedSplit{split}));
  }
  return start;
}

}  // namespace weir
