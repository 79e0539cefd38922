#include "cluster/roles/job_archive.h"

#include "base/component.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/roles/job_snapshot_of.h"
#include "config/keys/operating.h"
#include "fs/file_system.h"
#include "rest/rest_component.h"

namespace weir {

StatusOr<std::optional<JobArchive>> JobArchive::of(const Configuration& configuration,
                                                   FileSystemRegistry& files) {
  const auto uri = configuration.get_optional(options::kArchiveDirectory);
  if (!uri) return std::optional<JobArchive>();
  if (&weir_component_rest == nullptr)
    return component_missing(options::kArchiveDirectory.name, "rest");
  auto directory = files.resolve(*uri);
  if (!directory.ok())
    return directory.status().with_context(configuration.describe(options::kArchiveDirectory));
  return std::optional(JobArchive(*std::move(directory)));
}

Status JobArchive::store(const JobSnapshot& job) const {
  const FileLocation file = directory_.child(job.job_id);
  const bool has_run = job.entered_ms.contains("RUNNING");
  if (!has_run && file.fs->stat(file.path).ok()) return {};
  WEIR_RETURN_IF_ERROR(file.fs->make_directories(directory_.path));
  if (const Status removed = file.fs->remove(file.path);
      !removed.ok() && removed.code() != StatusCode::kNotFound)
    return removed;
  return publish_file(*file.fs, file.path, weir_component_rest()->archive(job),
                      cat("archive-", job.now_ms));
}

void store_if_ended(const std::optional<JobArchive>& archive, const JobGraph& graph,
                    const JobOptions& options, const Configuration& configuration,
                    const JobView& view, int64_t now_ms) {
  if (!archive || !is_terminal(view.state)) return;
  const auto job = job_snapshot_of(graph, options, view, shown_settings(configuration), now_ms);
  if (const Status status = archive->store(*job); !status.ok()) {
    WEIR_LOG(kWarning) << "the job is not in the archive (jobmanager.archive.fs.dir): "
                       << status.message();
  }
}

}  // namespace weir
