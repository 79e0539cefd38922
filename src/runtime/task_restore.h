#pragma once

#include <memory>
#include <string>

#include "checkpoint/restore_plan.h"
#include "checkpoint/sidecar.h"
#include "fs/file_system_registry.h"
#include "platform/scheduler.h"
#include "runtime/in_flight_restore.h"
#include "runtime/local_copies.h"
#include "runtime/operator_chain.h"

namespace weir {

/// The input of a subtask's restore.
struct TaskStart {
  const RestorePlan* plan = nullptr;  ///< null: a fresh start
  const Sidecar* sidecar =
      nullptr;            ///< types when written; null: only those that Flink's format contains
  std::string directory;  ///< URI of the checkpoint's directory
  std::vector<std::string> splits;  ///< this subtask's, for sources that the checkpoint lacks
  bool ignore_unclaimed_state = false;
  LocalCopies* local = nullptr;          ///< searched first for data files; may be null
  InFlightRestore* in_flight = nullptr;  ///< gets the records in flight; null: they are refused
  Scheduler* ahead = nullptr;  ///< its I/O pool reads ahead while state is restored; may be null
};

// FAILED_PRECONDITION: the state does not fit what the operator declares. DATA_LOSS: bytes are
// damaged. UNAVAILABLE: try again.

/// Opens the operators of a chain and gives them their state. Blocks: runs on the I/O pool, before
/// the first record.
Status open_and_restore(OperatorChain& chain, const TaskStart& start, FileSystemRegistry& files);

/// Gives a source splits to read; other chains take none.
Status add_splits(OperatorChain& chain, std::vector<std::string> splits);

/// Reads the list state of one subtask of an operator. Blocks.
StatusOr<OperatorLists> restored_lists(const OperatorId& id, int subtask, const TaskStart& start,
                                       FileSystemRegistry& files);

/// Gives a subtask of an operator its keyed state. Blocks.
Status restore_keyed_state_of(const OperatorId& id, int subtask, const TaskStart& start,
                              FileSystemRegistry& files, KeyedState& state);

}  // namespace weir
