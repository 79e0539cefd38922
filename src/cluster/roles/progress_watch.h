#pragma once

#include "cluster/job_master/job_status.h"
#include "config/configuration.h"
#include "platform/clock.h"

namespace weir {

/// Shows the job's progress on standard error until it has ended, at most once a second.
class ProgressWatch {
 public:
  ProgressWatch(const Configuration& configuration, const Clock& clock);

  void show(const JobView& view);
  /// Reports the end of the job, and returns the exit code. `own_output`: all tasks print to the
  /// standard output of this process.
  int end(const JobView& view, bool own_output);

 private:
  const bool show_;
  const Clock& clock_;
  MonotonicTime last_;
  int64_t last_records_ = 0;
};

}  // namespace weir
