#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/job_master/placement.h"
#include "cluster/messages.h"
#include "platform/clock.h"

namespace weir {

/// A connected worker and its reports. `index` and the fields after it belong to the current
/// attempt.
struct PooledWorker {
  int64_t session = 0;
  std::unique_ptr<Connection> connection;
  bool registered = false;
  RegisterWorker offer;
  MonotonicTime connected_at{0};
  MonotonicTime last_heard{0};

  int index = -1;  ///< in the attempt; -1: does not take part
  bool deployed = false;
  bool ended = false;
  bool finished = false;
  bool left = false;  ///< holds nothing of the attempt any more
  int64_t records = 0;
  int64_t late_records = 0;
  Timestamp watermark = kMinWatermark;  ///< changed by WorkerPool::set_watermark()

  void send(const FromMaster& message) { connection->send(encode(message)); }
  std::string name() const;
};

/// The workers of a job master, by session. Each connection is a session, so a worker that
/// reconnects is a new worker. Thread: the job master's.
class WorkerPool {
 public:
  PooledWorker& add(int64_t session, std::unique_ptr<Connection> connection, MonotonicTime now);
  /// Null if it is gone.
  PooledWorker* find(int64_t session);
  void remove(int64_t session);

  /// The worker has registered.
  void enroll(PooledWorker& worker, RegisterWorker offer);
  int registered() const { return registered_; }
  int slots() const { return slots_; }
  bool empty() const { return workers_.empty(); }

  /// Assigns `shards` shards to workers, which must have enough slots, and numbers these workers.
  /// Forgets the previous attempt, except for its placement.
  std::vector<int32_t> place(int shards);
  /// The attempt's workers, by index. Lost ones are missing.
  std::vector<PooledWorker*> of_attempt();
  /// The number of workers that place() has chosen.
  int attempt_size() const { return static_cast<int>(attempt_.size()); }
  /// Whether the flag is set for each worker that place() chose; false if one is lost.
  bool all_of_attempt(bool PooledWorker::* what);
  void forget_attempt();

  void set_watermark(PooledWorker& worker, Timestamp watermark);
  /// The least of the attempt's workers; kMaxWatermark if there are none.
  Timestamp least_watermark() const {
    return watermarks_.empty() ? kMaxWatermark : *watermarks_.begin();
  }

  /// Sessions without a message since `since`.
  std::vector<int64_t> silent_since(MonotonicTime since) const;
  template <class F>
  void for_each(F&& f) {
    for (auto& [session, worker] : workers_) f(worker);
  }

 private:
  std::map<int64_t, PooledWorker> workers_;
  // Kept up to date instead of computed: a thousand workers send thousands of messages a second,
  // and each needs these values.
  int registered_ = 0;
  int slots_ = 0;
  std::vector<PooledWorker*> attempt_;  ///< by index; null: lost
  int attempt_lost_ = 0;
  std::multiset<Timestamp> watermarks_;       ///< of the workers in attempt_
  std::vector<std::string> worker_of_shard_;  ///< names of the last attempt's workers
};

}  // namespace weir
