#pragma once

#include <optional>
#include <utility>

#include "cluster/job_master/job_status.h"
#include "cluster/job_options.h"
#include "config/configuration.h"
#include "graph/job_graph.h"
#include "rest/job_snapshot.h"
#include "weir/connector/file_system.h"

namespace weir {

/// Where finished jobs are kept for Flink's history server: a directory with a file for each job,
/// named by the job's id. A later run of the same job replaces its file.
class JobArchive {
 public:
  /// None if jobmanager.archive.fs.dir is not set. FAILED_PRECONDITION and the errors of
  /// FileSystemRegistry::resolve() if it cannot be used.
  static StatusOr<std::optional<JobArchive>> of(const Configuration& configuration,
                                                FileSystemRegistry& files);

  /// Stores a job that has ended. A process that has not run the job itself replaces no file.
  Status store(const JobSnapshot& job) const;

 private:
  explicit JobArchive(FileLocation directory) : directory_(std::move(directory)) {}

  FileLocation directory_;
};

/// Stores the job if it has ended, and there is an archive. A failure is logged: it does not change
/// the job's result. Blocks.
void store_if_ended(const std::optional<JobArchive>& archive, const JobGraph& graph,
                    const JobOptions& options, const Configuration& configuration,
                    const JobView& view, int64_t now_ms);

}  // namespace weir
