#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/job_preparation.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"
#include "runtime/task_restore.h"

namespace weir {

// How a job that ran in weir's own engine goes on inside Flink: from one of its checkpoints or savepoints. All of it blocks. Codes and
// sentences are those of a restore: see snapshot_loader.h, restore_plan.h and task_restore.h.

/// What the client gives Flink: which checkpoint the job begins with, and what its sources read.
struct SourcesInFlink {
  CheckpointId checkpoint_id = 0;
  /// By vertex, of the sources: elements of the plan's `splits`. Of a source that is in the snapshot, the elements of its chain's lists,
  /// each once; of another one, the splits that its enumerator finds.
  std::vector<std::vector<std::string>> elements;
};
/// Reads all of the snapshot and verifies it. FAILED_PRECONDITION: it has state that cannot be given to Flink.
StatusOr<SourcesInFlink> sources_in_flink(const std::string& snapshot, const JobGraph& graph, bool ignore_unclaimed_state,
                                          FileSystemRegistry& files);
/// The same for a job that starts from the beginning.
StatusOr<SourcesInFlink> fresh_sources_in_flink(const JobGraph& graph, FileSystemRegistry& files);

/// What one subtask of a chain starts from. Its sources get what Flink deals out to them.
class ChainSnapshot {
 public:
  /// Trusts the client to have verified the snapshot. `parallelism`: of the vertex.
  static StatusOr<ChainSnapshot> load(const std::string& snapshot, const JobGraph& graph, int vertex, int parallelism,
                                      bool ignore_unclaimed_state, FileSystemRegistry& files);

  CheckpointId checkpoint_id() const { return start_.restored_checkpoint; }
  /// For open_and_restore(); refers to this.
  TaskStart task_start() const;

 private:
  StartingPoint start_;
  std::shared_ptr<const RestorePlan> plan_;
  bool ignore_unclaimed_state_ = false;
};

}  // namespace weir
