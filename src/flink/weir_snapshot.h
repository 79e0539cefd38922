#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/job_preparation.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"
#include "runtime/task_restore.h"

namespace weir {

// How a job that ran in weir's own engine goes on inside Flink: from one of its checkpoints or
// savepoints. All of it blocks. Codes and sentences are those of a restore: see snapshot_loader.h,
// restore_plan.h and task_restore.h.

/// What Flink is to deal out of the state of a source's chain: an element of the plan's `splits`
/// for each element of the lists of the chain's operators, of all subtasks, each once.
/// FAILED_PRECONDITION: the chain has other state, of which Flink's sources keep nothing.
StatusOr<std::vector<std::string>> source_elements(const JobVertex& vertex, const TaskStart& start,
                                                   FileSystemRegistry& files);

/// What one subtask of a chain starts from. Its sources get what Flink deals out to them.
class ChainSnapshot {
 public:
  /// Trusts the client to have verified the snapshot. `parallelism`: of the vertex.
  static StatusOr<ChainSnapshot> load(const std::string& snapshot, const JobGraph& graph,
                                      int vertex, int parallelism, bool ignore_unclaimed_state,
                                      FileSystemRegistry& files);

  CheckpointId checkpoint_id() const { return start_.restored_checkpoint; }
  /// For open_and_restore(); refers to this.
  TaskStart task_start() const;

 private:
  StartingPoint start_;
  std::shared_ptr<const RestorePlan> plan_;
  bool ignore_unclaimed_state_ = false;
};

}  // namespace weir
