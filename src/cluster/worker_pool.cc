#include "cluster/worker_pool.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace weir {

std::string PooledWorker::name() const {
  if (!registered) return cat("connection ", session);
  return offer.data_address.empty() ? cat("worker ", offer.worker) : cat("worker ", offer.worker, " at ", offer.data_address);
}

PooledWorker& WorkerPool::add(int64_t session, std::unique_ptr<Connection> connection, MonotonicTime now) {
  PooledWorker& worker = workers_[session];
  worker.session = session;
  worker.connection = std::move(connection);
  worker.connected_at = worker.last_heard = now;
  return worker;
}

PooledWorker* WorkerPool::find(int64_t session) {
  const auto found = workers_.find(session);
  return found == workers_.end() ? nullptr : &found->second;
}

int WorkerPool::registered() const {
  return static_cast<int>(std::count_if(workers_.begin(), workers_.end(), [](const auto& entry) { return entry.second.registered; }));
}

int WorkerPool::slots() const {
  int slots = 0;
  for (const auto& [session, worker] : workers_) {
    if (worker.registered) slots += worker.offer.slots;
  }
  return slots;
}

std::vector<int32_t> WorkerPool::place(int shards) {
  forget_attempt();
  std::vector<WorkerOffer> offers;
  std::vector<PooledWorker*> offered;
  for (auto& [session, worker] : workers_) {
    if (!worker.registered) continue;
    offers.push_back({worker.offer.worker, worker.offer.host, worker.offer.slots});
    offered.push_back(&worker);
  }
  std::vector<int32_t> placed;
  for (const int offer : place_shards(offers, shards, std::exchange(worker_of_shard_, {}))) {
    PooledWorker& worker = *offered[static_cast<size_t>(offer)];
    worker_of_shard_.push_back(worker.offer.worker);
    if (worker.index < 0) worker.index = attempt_size_++;
    placed.push_back(worker.index);
  }
  return placed;
}

std::vector<PooledWorker*> WorkerPool::of_attempt() {
  std::vector<PooledWorker*> result;
  for (auto& [session, worker] : workers_) {
    if (worker.index >= 0) result.push_back(&worker);
  }
  std::sort(result.begin(), result.end(), [](const PooledWorker* a, const PooledWorker* b) { return a->index < b->index; });
  return result;
}

bool WorkerPool::all_of_attempt(bool PooledWorker::* what) {
  const std::vector<PooledWorker*> workers = of_attempt();
  return static_cast<int>(workers.size()) == attempt_size_ &&
         std::all_of(workers.begin(), workers.end(), [what](const PooledWorker* worker) { return worker->*what; });
}

void WorkerPool::forget_attempt() {
  attempt_size_ = 0;
  for (auto& [session, worker] : workers_) {
    worker.index = -1;
    worker.deployed = worker.ended = worker.finished = worker.left = false;
    worker.records = 0;
    worker.watermark = kMinWatermark;
  }
}

std::vector<int64_t> WorkerPool::silent_since(MonotonicTime since) const {
  std::vector<int64_t> sessions;
  for (const auto& [session, worker] : workers_) {
    if (worker.last_heard <= since) sessions.push_back(session);
  }
  return sessions;
}

}  // namespace weir
