#include "platform/deferred_task.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir {

struct DeferredTask::Shared {
  enum class State { kOpen, kUnderWay, kDone };

  std::mutex mutex;
  std::condition_variable done;
  State state = State::kOpen;  // guarded by mutex
  std::function<void()> work;  // taken by the thread that sets kUnderWay

  /// False: the state is no longer kOpen.
  bool run() {
    {
      std::lock_guard lock(mutex);
      if (state != State::kOpen) return false;
      state = State::kUnderWay;
    }
    std::exchange(work, nullptr)();
    std::lock_guard lock(mutex);
    state = State::kDone;
    done.notify_all();
    return true;
  }
  void wait_until_done() {
    std::unique_lock lock(mutex);
    done.wait(lock, [this] { return state == State::kDone; });
  }
};

DeferredTask::DeferredTask(Scheduler& scheduler, std::function<void()> work)
    : shared_(std::make_shared<Shared>()) {
  shared_->work = std::move(work);
  scheduler.run_blocking(executors::kReadAhead, [shared = shared_] { shared->run(); });
}

DeferredTask::~DeferredTask() {
  {
    std::lock_guard lock(shared_->mutex);
    if (shared_->state == Shared::State::kOpen) shared_->state = Shared::State::kDone;
  }
  shared_->wait_until_done();
}

void DeferredTask::wait() {
  if (!shared_->run()) shared_->wait_until_done();
}

}  // namespace weir
