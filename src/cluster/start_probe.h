#pragma once

#include "checkpoint/lineage.h"
#include "fs/file_system_registry.h"

namespace weir {

// Blocking; run on the I/O pool. `job` is `<dir>/<job id>`.

/// Proves that start `start` may write to the job's directory: see probe_directory(). False: look
/// at the directory again, because this start or a later one was recorded in the meantime and may
/// have removed the probe.
StatusOr<bool> probe_for_start(const FileLocation& job, StartNumber start, uint64_t nonce);

/// Removes the probes of processes that were killed while they probed for a start up to `newest`,
/// which is recorded. If such a process is alive, it must look again anyway. Keeps a probe for a
/// later start: its process may be alive. Best effort: the next start tries again.
void remove_old_probes(const FileLocation& job, StartNumber newest);

}  // namespace weir
