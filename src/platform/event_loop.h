#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "platform/clock.h"
#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// One thread that waits for many sockets and calls their handlers.
/// Thread: post(), watch() and unwatch() any; stop() any but the loop's own; everything else the
/// loop's own.
class EventLoop {
 public:
  using HandlerId = uint64_t;
  static constexpr MonotonicTime kNever = MonotonicTime::max();

  /// Called on the loop's thread; may remove itself and others.
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_events(uint32_t epoll_events) = 0;
    virtual void on_deadline() = 0;
    /// The loop is about to end: remove yourself now, or as soon as the current work is done.
    virtual void on_stop() = 0;
  };

  /// `name` is the thread's name.
  static StatusOr<std::shared_ptr<EventLoop>> create(const char* name);
  ~EventLoop() { stop(MonotonicTime(0)); }
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs `task` on the loop's thread, in the order posted. Dropped when the loop has stopped.
  void post(std::function<void()> task);
  /// Ends the thread when all handlers are gone, or after `grace`. Handlers that are left then are
  /// dropped.
  void stop(MonotonicTime grace);

  /// Sends these events of `fd` to `id`; level-triggered. A closed descriptor is unwatched by
  /// itself. Events of a removed handler are dropped.
  void watch(int fd, HandlerId id, uint32_t epoll_events);
  void unwatch(int fd);

  HandlerId add(std::shared_ptr<Handler> handler);
  void remove(HandlerId id);
  /// Calls on_deadline() once at that time; kNever cancels it.
  void set_deadline(HandlerId id, MonotonicTime when);
  MonotonicTime now() const;
  /// Scratch space for reads. The next event overwrites it.
  std::vector<char>& buffer() { return buffer_; }

 private:
  EventLoop(const char* name, UniqueFd epoll, UniqueFd wake);
  void run();
  void run_tasks();
  void run_deadlines();
  int milliseconds_to_wait() const;

  struct Entry {
    std::shared_ptr<Handler> handler;
    MonotonicTime deadline = kNever;
  };

  const UniqueFd epoll_;
  const UniqueFd wake_;

  std::mutex mutex_;
  // guarded by mutex_
  std::vector<std::function<void()>> tasks_;
  bool stopped_ = false;

  // the loop's thread only
  std::unordered_map<HandlerId, Entry> handlers_;
  std::set<std::pair<MonotonicTime, HandlerId>> deadlines_;
  HandlerId last_id_ = 0;
  std::vector<char> buffer_;
  MonotonicTime stop_at_ = kNever;

  std::thread thread_;
};

}  // namespace weir
