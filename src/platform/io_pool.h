#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weir {

/// Threads for blocking work. Work begins in the order of its arrival. A thread is started when
/// work arrives and none is free, up to the limit, so a job that never blocks has none. Thread:
/// run() any. The destructor drops work that has not begun, and waits for work that has.
class IoPool {
 public:
  /// `name` names the threads, for a debugger and top.
  explicit IoPool(int max_threads, std::string name = "io");
  ~IoPool();
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  void run(std::function<void()> work);
  /// No work begins after this.
  void close();

 private:
  void serve();

  const size_t max_threads_;
  const std::string name_;

  std::mutex mutex_;
  std::condition_variable work_came_;
  // guarded by mutex_
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  size_t free_threads_ = 0;
  bool closed_ = false;
};

/// A pool for each kind of work, by name. Thread: run() any. The destructor drops all work that has
/// not begun, and waits for work that has.
class IoPools {
 public:
  explicit IoPools(int threads_each) : threads_each_(threads_each) {}
  ~IoPools();
  IoPools(const IoPools&) = delete;
  IoPools& operator=(const IoPools&) = delete;

  void run(std::string_view name, std::function<void()> work);

 private:
  const int threads_each_;

  std::mutex mutex_;
  // guarded by mutex_
  std::map<std::string, std::unique_ptr<IoPool>, std::less<>> pools_;
  bool closed_ = false;
};

}  // namespace weir
