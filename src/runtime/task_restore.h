#pragma once

#include <memory>
#include <string>

#include "checkpoint/restore_plan.h"
#include "checkpoint/sidecar.h"
#include "fs/file_system_registry.h"
#include "platform/scheduler.h"
#include "runtime/local_copies.h"
#include "runtime/operator_chain.h"

namespace weir {

/// What a subtask starts from.
struct TaskStart {
  const RestorePlan* plan = nullptr;  ///< null: a fresh start
  const Sidecar* sidecar =
      nullptr;  ///< types as they were written; null: only what Flink's format tells of them
  std::string directory;            ///< URI of the checkpoint's directory
  std::vector<std::string> splits;  ///< sources that find nothing in the checkpoint: this subtask's
  bool ignore_unclaimed_state = false;
  LocalCopies* local = nullptr;  ///< where data files are looked for first; or null
  Scheduler* ahead = nullptr;    ///< whose I/O pool reads on while state is taken in; or null
};

// FAILED_PRECONDITION: the state does not fit what the operator declares. DATA_LOSS: bytes are
// damaged. UNAVAILABLE: try again.

/// Opens the operators of a chain and gives them their state. Blocks: runs on the I/O pool, before
/// the first record.
Status open_and_restore(OperatorChain& chain, const TaskStart& start, FileSystemRegistry& files);

/// Gives a source splits to read; other chains take none.
Status add_splits(OperatorChain& chain, std::vector<std::string> splits);

/// The list state that one subtask of an operator starts from. Blocks.
StatusOr<OperatorLists> restored_lists(const OperatorId& id, int subtask, const TaskStart& start,
                                       FileSystemRegistry& files);

}  // namespace weir
