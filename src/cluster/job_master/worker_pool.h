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

/// A worker that is connected, and what it has said. `index` and all behind it are about the
/// attempt under way.
struct PooledWorker {
  int64_t session = 0;
  std::unique_ptr<Connection> connection;
  bool registered = false;
  RegisterWorker offer;
  MonotonicTime connected_at{0};
  MonotonicTime last_heard{0};

  int index = -1;  ///< in the attempt; -1: takes no part
  bool deployed = false;
  bool ended = false;
  bool finished = false;
  bool left = false;  ///< nothing of the attempt is left in it
  int64_t records = 0;
  int64_t late_records = 0;
  Timestamp watermark = kMinWatermark;  ///< changed by WorkerPool::set_watermark()

  void send(const FromMaster& message) { connection->send(encode(message)); }
  std::string name() const;
};

/// The workers of a job master, by session: each connection is one, so a worker that comes back is
/// another. Thread: the job master's.
class WorkerPool {
 public:
  PooledWorker& add(int64_t session, std::unique_ptr<Connection> connection, MonotonicTime now);
  /// Null: gone.
  PooledWorker* find(int64_t session);
  void remove(int64_t session);

  /// It has said who it is.
  void enroll(PooledWorker& worker, RegisterWorker offer);
  int registered() const { return registered_; }
  int slots() const { return slots_; }
  bool empty() const { return workers_.empty(); }

  /// Chooses who runs `shards` shards, which there are slots for, numbers them, and forgets the
  /// attempt before but for who had which.
  std::vector<int32_t> place(int shards);
  /// Those of the attempt, by index. A lost one is missing.
  std::vector<PooledWorker*> of_attempt();
  /// How many place() has chosen.
  int attempt_size() const { return static_cast<int>(attempt_.size()); }
  /// True if it holds for each worker that place() chose: false if one has been lost.
  bool all_of_attempt(bool PooledWorker::* what);
  void forget_attempt();

  void set_watermark(PooledWorker& worker, Timestamp watermark);
  /// Of the attempt's workers; kMaxWatermark if there are none.
  Timestamp least_watermark() const {
    return watermarks_.empty() ? kMaxWatermark : *watermarks_.begin();
  }

  /// Sessions that nothing was heard of since `since`.
  std::vector<int64_t> silent_since(MonotonicTime since) const;
  template <class F>
  void for_each(F&& f) {
    for (auto& [session, worker] : workers_) f(worker);
  }

 private:
  std::map<int64_t, PooledWorker> workers_;
  // What each message of each worker asks for is kept, not counted: a thousand workers send
  // thousands a second.
  int registered_ = 0;
  int slots_ = 0;
  std::vector<PooledWorker*> attempt_;  ///< by index; null: lost
  int attempt_lost_ = 0;
  std::multiset<Timestamp> watermarks_;       ///< of those in attempt_
  std::vector<std::string> worker_of_shard_;  ///< of the last attempt, by name
};

}  // namespace weir
