#include "platform/io_pool.h"

#include <pthread.h>

#include "platform/crash_report.h"
#include "weir/detail/base/check.h"

namespace weir {

IoPool::IoPool(int max_threads, std::string name)
    : max_threads_(static_cast<size_t>(max_threads)), name_(std::move(name)) {
  WEIR_CHECK_GE(max_threads, 1);
}

IoPool::~IoPool() {
  close();
  for (std::thread& thread : threads_) thread.join();
}

void IoPool::close() {
  std::deque<std::function<void()>> dropped;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(queue_);
  }
  work_came_.notify_all();
  // The lock is released before the captures of the work are destroyed.
}

void IoPool::run(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    queue_.push_back(std::move(work));
    if (free_threads_ < queue_.size() && threads_.size() < max_threads_) {
      threads_.emplace_back([this] { serve(); });
      // The kernel keeps 15 characters.
      pthread_setname_np(threads_.back().native_handle(), name_.substr(0, 15).c_str());
    }
  }
  work_came_.notify_one();
}

void IoPool::serve() {
  const SignalStack stack;
  std::unique_lock lock(mutex_);
  while (true) {
    ++free_threads_;
    work_came_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    --free_threads_;
    if (closed_) return;
    {
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }  // destroys the captures of the work outside the lock
    lock.lock();
  }
}

IoPools::~IoPools() {
  std::map<std::string, std::unique_ptr<IoPool>, std::less<>> pools;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    pools.swap(pools_);
  }
  // Close all of them first: while one is waited for, no other may begin work.
  for (const auto& [name, pool] : pools) pool->close();
}

void IoPools::run(std::string_view name, std::function<void()> work) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  auto found = pools_.find(name);
  if (found == pools_.end())
    found = pools_.emplace(name, std::make_unique<IoPool>(threads_each_, std::string(name))).first;
  found->second->run(std::move(work));
}

}  // namespace weir
