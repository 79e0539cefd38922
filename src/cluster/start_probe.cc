#include "cluster/start_probe.h"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

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
  std::vector<std::string> paths;
  if (const auto entries = job.fs->list(job.path); entries.ok()) {
    for (const FileInfo& entry : *entries) paths.push_back(entry.path);
  }
  if (const auto unfinished = job.fs->unfinished(job.path); unfinished.ok())
    paths.insert(paths.end(), unfinished->begin(), unfinished->end());
  for (const std::string& path : paths) {
    std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (!name.starts_with(kProbePrefix)) continue;
    name.remove_prefix(kProbePrefix.size());
    StartNumber start = 0;  // 0 also for names without a number, from older versions
    std::from_chars(name.data(), name.data() + name.size(), start);
    if (start <= newest) (void)job.fs->remove(path);
  }
}

}  // namespace weir
