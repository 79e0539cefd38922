#include "platform/io_pool.h"

#include "platform/crash_report.h"
#include "weir/detail/check.h"

namespace weir {

IoPool::IoPool(int max_threads) : max_threads_(static_cast<size_t>(max_threads)) { WEIR_CHECK_GE(max_threads, 1); }

IoPool::~IoPool() {
  std::deque<std::function<void()>> dropped;
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(queue_);
    threads.swap(threads_);
  }
  dropped.clear();
  work_came_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void IoPool::run(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    queue_.push_back(std::move(work));
    if (free_threads_ < queue_.size() && threads_.size() < max_threads_) threads_.emplace_back([this] { serve(); });
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
    }  // what the work captured is released outside the lock
    lock.lock();
  }
}

}  // namespace weir
