#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/job_preparation.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"
#include "runtime/task_restore.h"

namespace weir {

// Continues a job of weir's own engine inside Flink, from one of its checkpoints or savepoints. All
// of it blocks. Codes and sentences are those of a restore: see snapshot_loader.h, restore_plan.h
// and task_restore.h.

/// The state of a source's chain in the form that Flink distributes: an element of the plan's
/// `splits` for each element of the lists of the chain's operators, from all subtasks, each once.
/// FAILED_PRECONDITION: the chain has state of another kind, which Flink's sources cannot keep.
StatusOr<std::vector<std::string>> source_elements(const JobVertex& vertex, const TaskStart& start,
                                                   FileSystemRegistry& files);

/// The initial state of one subtask of a chain. Flink distributes the state of its sources.
class ChainSnapshot {
 public:
  /// Assumes that the client has verified the snapshot. `parallelism` is the vertex's.
  static StatusOr<ChainSnapshot> load(const std::string& snapshot, const JobGraph& graph,
                                      int vertex, int parallelism, bool ignore_unclaimed_state,
                                      FileSystemRegistry& files);

  CheckpointId checkpoint_id() const { return start_.restored_checkpoint; }
  /// For open_and_restore(); refers to this object.
  TaskStart task_start() const;

 private:
  StartingPoint start_;
  std::shared_ptr<const RestorePlan> plan_;
  bool ignore_unclaimed_state_ = false;
};

}  // namespace weir
