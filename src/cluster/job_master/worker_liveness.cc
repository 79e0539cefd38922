#include "cluster/job_master/worker_liveness.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

/// Maximum time from connecting to registering.
constexpr MonotonicTime kRegistrationTime = std::chrono::seconds(10);
/// Interval of the checks for silent workers, because checking after every message would be too
/// expensive.
constexpr MonotonicTime kLookInterval = std::chrono::milliseconds(100);

}  // namespace

WorkerLiveness::WorkerLiveness(MonotonicTime heartbeat_interval, MonotonicTime heartbeat_timeout,
                               MonotonicTime now)
    : longest_interval_(heartbeat_interval),
      interval_(heartbeat_interval),
      timeout_(heartbeat_timeout),
      last_call_(now) {}

void WorkerLiveness::set_interval(MonotonicTime interval, MonotonicTime now) {
  interval_ = std::min(interval, longest_interval_);
  next_heartbeat_ = std::min(next_heartbeat_, now + interval_);
  next_look_ = std::min(next_look_, next_heartbeat_);
}

WorkerLiveness::Finding WorkerLiveness::tend(WorkerPool& pool, MonotonicTime now) {
  const MonotonicTime paused = now - std::exchange(last_call_, now);
  if (paused >= timeout_) {
    // If this process was paused, the workers' messages wait in the mailbox or the sockets: don't
    // count the pause.
    pool.for_each([&](PooledWorker& worker) {
      worker.last_heard = std::max(worker.last_heard, now - timeout_ / 2);
    });
  }
  if (now >= next_heartbeat_) {
    next_heartbeat_ = now + interval_;
    pool.for_each([](PooledWorker& worker) {
      if (worker.registered) worker.send(Heartbeat{});
    });
  }
  if (now < next_look_) return {};
  next_look_ = std::min(now + std::min(timeout_ / 20, kLookInterval), next_heartbeat_);
  Finding finding;
  finding.silent = pool.silent_since(now - timeout_);
  pool.for_each([&](const PooledWorker& worker) {
    if (!worker.registered && now >= worker.connected_at + kRegistrationTime)
      finding.strangers.push_back(worker.session);
  });
  return finding;
}

}  // namespace weir
