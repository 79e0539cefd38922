#pragma once

#include <vector>

#include "cluster/job_master/worker_pool.h"
#include "platform/clock.h"

namespace weir {

/// Sends heartbeats to the workers, and finds workers that are silent for too long. Thread: the job
/// master's. Not here: the reaction to a silent worker (JobMaster).
class WorkerLiveness {
 public:
  WorkerLiveness(MonotonicTime heartbeat_interval, MonotonicTime heartbeat_timeout,
                 MonotonicTime now);

  struct Finding {
    std::vector<int64_t> silent;     ///< sessions with no message for the heartbeat time-out
    std::vector<int64_t> strangers;  ///< sessions that have not registered in time
  };
  /// Does what is due. Call it at each step: if two calls are far apart, this process was paused,
  /// so the workers' heartbeats may be unread.
  Finding tend(WorkerPool& pool, MonotonicTime now);
  /// From now on, heartbeats are this far apart, but not further than configured: the workers'
  /// metrics come with the answers.
  void set_interval(MonotonicTime interval, MonotonicTime now);
  /// When to call it next if nothing else happens.
  MonotonicTime next() const { return next_heartbeat_; }

 private:
  const MonotonicTime longest_interval_;
  MonotonicTime interval_;
  const MonotonicTime timeout_;
  MonotonicTime last_call_;
  MonotonicTime next_heartbeat_{0};
  MonotonicTime next_look_{0};
};

}  // namespace weir
