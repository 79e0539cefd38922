#include "cluster/job_master/worker_pool.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace weir {

std::string PooledWorker::name() const {
  if (!registered) return cat("connection ", session);
  return offer.data_address.empty() ? cat("worker ", offer.worker)
                                    : cat("worker ", offer.worker, " at ", offer.data_address);
}

PooledWorker& WorkerPool::add(int64_t session, std::unique_ptr<Connection> connection,
                              MonotonicTime now) {
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

void WorkerPool::remove(int64_t session) {
  const auto found = workers_.find(session);
  if (found == workers_.end()) return;
  const PooledWorker& worker = found->second;
  if (worker.registered) {
    --registered_;
    slots_ -= worker.offer.slots;
  }
  if (worker.index >= 0) {
    attempt_[static_cast<size_t>(worker.index)] = nullptr;
    ++attempt_lost_;
    watermarks_.erase(watermarks_.find(worker.watermark));
  }
  workers_.erase(found);
}

void WorkerPool::enroll(PooledWorker& worker, RegisterWorker offer) {
  if (worker.registered) {
    --registered_;
    slots_ -= worker.offer.slots;
  }
  worker.offer = std::move(offer);
  worker.registered = true;
  ++registered_;
  slots_ += worker.offer.slots;
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
    if (worker.index < 0) {
      worker.index = attempt_size();
      attempt_.push_back(&worker);
      watermarks_.insert(worker.watermark);
    }
    placed.push_back(worker.index);
  }
  return placed;
}

std::vector<PooledWorker*> WorkerPool::of_attempt() {
  std::vector<PooledWorker*> result = attempt_;
  std::erase(result, nullptr);
  return result;
}

bool WorkerPool::all_of_attempt(bool PooledWorker::* what) {
  return attempt_lost_ == 0 &&
         std::all_of(attempt_.begin(), attempt_.end(),
                     [what](const PooledWorker* worker) { return worker->*what; });
}

void WorkerPool::forget_attempt() {
  attempt_.clear();
  attempt_lost_ = 0;
  watermarks_.clear();
  for (auto& [session, worker] : workers_) {
    worker.index = -1;
    worker.deployed = worker.ended = worker.finished = worker.left = false;
    worker.records = worker.late_records = 0;
    worker.watermark = kMinWatermark;
  }
}

void WorkerPool::set_watermark(PooledWorker& worker, Timestamp watermark) {
  if (worker.watermark == watermark) return;
  if (worker.index >= 0) {
    watermarks_.erase(watermarks_.find(worker.watermark));
    watermarks_.insert(watermark);
  }
  worker.watermark = watermark;
}

std::vector<int64_t> WorkerPool::silent_since(MonotonicTime since) const {
  std::vector<int64_t> sessions;
  for (const auto& [session, worker] : workers_) {
    if (worker.last_heard <= since) sessions.push_back(session);
  }
  return sessions;
}

}  // namespace weir
