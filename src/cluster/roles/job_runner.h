#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "cluster/job_master/job_master.h"
#include "cluster/worker.h"

namespace weir {

/// A whole cluster in one process: a job master and one worker with all the slots that the job
/// needs. The constructor's arguments must outlive it.
class JobRunner {
 public:
  /// Starts both actors. `on_end` is called on any thread when the job has ended, or when the tasks
  /// have ended after leave(). It may be called more than once.
  JobRunner(const JobGraph& graph, JobOptions options, Platform& platform,
            std::function<void()> on_end);
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  JobView view() const { return master_.view(); }
  void cancel() { master_.cancel(); }
  /// As of JobMaster.
  void observe() { master_.observe(); }
  void trigger_checkpoint(SnapshotFormat format, CheckpointDone done) {
    master_.trigger_checkpoint(format, std::move(done));
  }
  void trigger_savepoint(SavepointRequest request, CheckpointDone done) {
    master_.trigger_savepoint(std::move(request), std::move(done));
  }
  void rescale(int slots, JobMaster::RescaleDone done) { master_.rescale(slots, std::move(done)); }
  void read_text(std::string worker, ProcessText what, TextRequests::Done done) {
    master_.read_text(std::move(worker), what, std::move(done));
  }
  /// Ends the tasks and leaves the job as it is: records and deletes nothing, and the job can
  /// continue from its last checkpoint. Call once.
  void leave();
  /// Whether nothing of the tasks runs any more, blocking work included. The runner must not be
  /// destroyed earlier: `on_end` comes when the job has ended, and blocking work may still run
  /// then. Calls `on_end` when it becomes true after the end.
  bool idle() const { return worker_ended_; }

 private:
  const std::function<void()> on_end_;
  std::atomic<bool> leaving_{false};
  std::atomic<bool> master_ended_{false};
  std::atomic<bool> worker_ended_{false};
  JobMaster master_;
  Worker worker_;
  std::unique_ptr<ActorHandle> master_handle_;
  std::unique_ptr<ActorHandle> worker_handle_;
};

}  // namespace weir
