#include "cluster/start_probe.h"

#include <charconv>
#include <string_view>

#include "base/strings.h"
#include "fs/probe.h"

namespace weir {

StatusOr<bool> probe_for_start(const FileLocation& job, StartNumber start, uint64_t nonce) {
  const Status probed = probe_directory(job, cat(start, "-", nonce));
  if (probed.ok()) return true;
  if (check_newest_start(job, start - 1).code() == StatusCode::kAborted) return false;
  return probed;
}

void remove_old_probes(const FileLocation& job, StartNumber newest) {
  const auto entries = job.fs->list(job.path);
  if (!entries.ok()) return;
  for (const FileInfo& entry : *entries) {
    std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
    if (!name.starts_with(kProbePrefix)) continue;
    name.remove_prefix(kProbePrefix.size());
    StartNumber start = 0;  // 0 also for names without a number, from older versions
    std::from_chars(name.data(), name.data() + name.size(), start);
    if (start <= newest) (void)job.fs->remove(entry.path);
  }
}

}  // namespace weir
