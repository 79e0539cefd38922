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

}  // namespace weir
