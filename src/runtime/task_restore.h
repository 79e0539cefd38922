#pragma once

#include <memory>
#include <string>

#include "checkpoint/restore_plan.h"
#include "checkpoint/sidecar.h"
#include "fs/file_system_registry.h"
#include "runtime/local_copies.h"
#include "runtime/task.h"

namespace weir {

/// What a subtask starts from.
struct TaskStart {
  const RestorePlan* plan = nullptr;           ///< null: a fresh start
  const Sidecar* sidecar = nullptr;            ///< types as they were written; null: only what Flink's format tells of them
  std::string directory;                       ///< URI of the checkpoint's directory
  std::vector<std::string> splits;             ///< sources that find nothing in the checkpoint: this subtask's
  bool ignore_unclaimed_state = false;
  LocalCopies* local = nullptr;                ///< where data files are looked for first; or null
};

/// Opens the operators of a task and gives them their state. Blocks: runs on the I/O pool, before the task's first step.
/// FAILED_PRECONDITION: the state does not fit what the operator declares. DATA_LOSS: bytes are damaged. UNAVAILABLE: try again.
Status open_and_restore(Task& task, const TaskStart& start, FileSystemRegistry& files);

}  // namespace weir
