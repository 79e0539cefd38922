#pragma once

#include <atomic>
#include <functional>

#include "cluster/job_master/job_master.h"
#include "cluster/worker.h"

namespace weir {

/// A whole cluster in one process: a job master and one worker with all the slots that the job
/// wants. Must outlive nothing but what it was given.
class JobRunner {
 public:
  /// Starts both actors. `on_end` is called on any thread when the job has ended, or the tasks
  /// after leave(); perhaps more than once.
  JobRunner(const JobGraph& graph, JobOptions options, Platform& platform,
            std::function<void()> on_end);
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  JobView view() const { return master_.view(); }
  void cancel() { master_.cancel(); }
  /// Ends the tasks and leaves the job as it is: nothing is recorded or deleted, and the job can go
  /// on from its last checkpoint. Once.
  void leave();

 private:
  const std::function<void()> on_end_;
  std::atomic<bool> leaving_{false};
  JobMaster master_;
  Worker worker_;
  std::unique_ptr<ActorHandle> master_handle_;
  std::unique_ptr<ActorHandle> worker_handle_;
};

}  // namespace weir
