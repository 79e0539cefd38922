#pragma once

#include <memory>

#include "checkpoint/snapshot_loader.h"
#include "cluster/job_preparation.h"

namespace weir {

/// The start of an attempt from a checkpoint that was read. Its plan and its sources' splits are
/// checked. Blocks.
StatusOr<std::shared_ptr<StartingPoint>> start_from(LoadedCheckpoint loaded, const JobGraph& graph,
                                                    const JobOptions& options,
                                                    FileSystemRegistry& files);

/// Gives the operators with a uid hash the state that has this id. State that an operator has under
/// its own id is newer, and stays.
LoadedCheckpoint by_uid_hashes(LoadedCheckpoint loaded, const JobGraph& graph);

}  // namespace weir
