#pragma once

#include "cluster/job_master.h"
#include "cluster/worker.h"

namespace weir {

/// A whole cluster in one process: a job master and one worker with all the slots that the job wants.
/// Must outlive nothing but what it was given.
class JobRunner {
 public:
  /// Starts both actors. `on_end` is called once, on any thread, when the job has ended.
  JobRunner(const JobGraph& graph, JobOptions options, Platform& platform, std::function<void()> on_end);
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  JobView view() const { return master_.view(); }
  void cancel() { master_.cancel(); }

 private:
  JobMaster master_;
  Worker worker_;
  std::unique_ptr<ActorHandle> master_handle_;
  std::unique_ptr<ActorHandle> worker_handle_;
};

}  // namespace weir
