#pragma once

#include <memory>

#include "cluster/job_master.h"
#include "cluster/worker.h"

namespace weir {

/// A job master and one worker in one process, started: the embedded way to run a job, on the real platform or a simulated one.
/// Thread: the constructing one; view() and cancel() any. The graph and the platform outlive it. Destroy it when the job is in a
/// terminal state (or when the simulated process it lives in is dead).
class JobRunner {
 public:
  /// `on_end` is called once, on the job master's thread, when the job has reached a terminal state.
  JobRunner(const JobGraph& graph, const JobOptions& options, Platform& platform, std::function<void()> on_end = nullptr);
  ~JobRunner();

  JobView view() const { return master_.view(); }
  void cancel() { master_.cancel(); }

 private:
  JobMaster master_;
  Worker worker_;
  std::unique_ptr<ActorHandle> master_handle_;
  std::unique_ptr<ActorHandle> worker_handle_;
};

}  // namespace weir
