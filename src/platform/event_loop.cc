#include "platform/event_loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "base/strings.h"
#include "platform/tcp_socket.h"

namespace weir {
namespace {

constexpr EventLoop::HandlerId kWakeId = 0;
constexpr size_t kBufferBytes = 256 << 10;

}  // namespace

StatusOr<std::shared_ptr<EventLoop>> EventLoop::create(const char* name) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeId}};
  if (!epoll.valid() || !wake.valid() ||
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return unavailable(cat("cannot set up the network thread: ", error_text(errno)));
  }
  return std::shared_ptr<EventLoop>(new EventLoop(name, std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(const char* name, UniqueFd epoll, UniqueFd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), buffer_(kBufferBytes) {
  // Signals go to the process's own threads, not to this one.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), name);
}

void EventLoop::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() > 1) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::stop(MonotonicTime grace) {
  if (!thread_.joinable()) return;
  post([this, grace] {
    stop_at_ = now() + grace;
    std::vector<std::shared_ptr<Handler>> handlers;
    for (const auto& [id, entry] : handlers_) handlers.push_back(entry.handler);
    for (const auto& handler : handlers) handler->on_stop();
  });
  thread_.join();
}

void EventLoop::watch(int fd, HandlerId id, uint32_t epoll_events) {
  epoll_event event{.events = epoll_events, .data = {.u64 = id}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void EventLoop::unwatch(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

EventLoop::HandlerId EventLoop::add(std::shared_ptr<Handler> handler) {
  const HandlerId id = ++last_id_;
  handlers_[id].handler = std::move(handler);
  return id;
}

void EventLoop::remove(HandlerId id) {
  set_deadline(id, kNever);
  handlers_.erase(id);
}

void EventLoop::set_deadline(HandlerId id, MonotonicTime when) {
  const auto found = handlers_.find(id);
  if (found == handlers_.end()) return;
  deadlines_.erase({found->second.deadline, id});
  found->second.deadline = when;
  if (when != kNever) deadlines_.insert({when, id});
}

MonotonicTime EventLoop::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

int EventLoop::milliseconds_to_wait() const {
  const MonotonicTime next =
      std::min(stop_at_, deadlines_.empty() ? kNever : deadlines_.begin()->first);
  if (next == kNever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

void EventLoop::run_tasks() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void EventLoop::run_deadlines() {
  if (deadlines_.empty()) return;
  const MonotonicTime time = now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= time) {
    const HandlerId id = deadlines_.begin()->second;
    set_deadline(id, kNever);
    const std::shared_ptr<Handler> handler = handlers_.at(id).handler;
    handler->on_deadline();
  }
}

void EventLoop::run() {
  std::array<epoll_event, 64> events;
  while (stop_at_ == kNever || (!handlers_.empty() && now() < stop_at_)) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), events.size(), milliseconds_to_wait());
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == kWakeId) {
        uint64_t ignored;
        [[maybe_unused]] const ssize_t drained = ::read(wake_.get(), &ignored, sizeof ignored);
        continue;
      }
      const auto found = handlers_.find(events[i].data.u64);
      if (found == handlers_.end()) continue;
      const std::shared_ptr<Handler> handler = found->second.handler;
      handler->on_events(events[i].events);
    }
    run_deadlines();
    run_tasks();
  }
  std::vector<std::function<void()>> dropped;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
  }
  dropped.clear();
  handlers_.clear();
  deadlines_.clear();
}

}  // namespace weir
