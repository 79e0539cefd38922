#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir {

/// Threads for work that blocks. Work begins in the order it came. A thread is started when work comes and none is free, up to the
/// limit; so a job that never blocks has none.
/// Thread: run() any. The destructor drops work that has not begun, and waits for work that has.
class IoPool {
 public:
  explicit IoPool(int max_threads);
  ~IoPool();
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  void run(std::function<void()> work);

 private:
  void serve();

  const size_t max_threads_;

  std::mutex mutex_;
  std::condition_variable work_came_;
  // guarded by mutex_
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  size_t free_threads_ = 0;
  bool closed_ = false;
};

}  // namespace weir
