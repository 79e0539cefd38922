#pragma once

#include "checkpoint/lineage.h"
#include "fs/file_system_registry.h"

namespace weir {

// Blocking; run on the I/O pool. `job` is `<dir>/<job id>`.

/// Proves that start `start` may write to the job's directory: see probe_directory(). False: look
/// again, since that start or a later one is recorded meanwhile, and may have removed the probe.
StatusOr<bool> probe_for_start(const FileLocation& job, StartNumber start, uint64_t nonce);

/// Removes what processes have left that were killed while they probed for a start up to `newest`,
/// which is recorded. One of these that lives must look again anyway. A probe for a later start
/// stays: its process may live. Best effort: the next start tries again.
void remove_old_probes(const FileLocation& job, StartNumber newest);

}  // namespace weir
