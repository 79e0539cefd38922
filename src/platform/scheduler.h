#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "platform/clock.h"

namespace weir {

/// Something that owns its state and works on it in small steps: the job master, a worker, a shard. An actor shares nothing
/// but mailboxes and channels with others, so it never locks.
class Actor {
 public:
  static constexpr MonotonicTime kBusy = MonotonicTime::min();   ///< step again at once
  static constexpr MonotonicTime kIdle = MonotonicTime::max();   ///< only when woken

  virtual ~Actor() = default;

  /// Does a bounded amount of work and says when to be called again at the latest: kBusy, a time, or kIdle. A wake() that
  /// comes during a step is never lost: the actor is stepped once more. Spurious steps are ordinary.
  virtual MonotonicTime step() = 0;
};

/// A running actor. Destroying the handle stops it.
/// Thread: wake() any; stop() and the destructor not from within the actor's own step.
class ActorHandle {
 public:
  virtual ~ActorHandle() = default;
  virtual void wake() = 0;
  /// Waits for the current step and then never steps the actor again; wake() does nothing from then on. So actors that wake each
  /// other are all stopped first and destroyed afterwards.
  virtual void stop() = 0;
};

struct ActorOptions {
  int cpu = -1;          ///< pin the thread to this processor; -1: leave it to the system
};

/// Runs actors, each by one thread at a time, and blocking work on a pool.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// `actor` must outlive the handle. Its first step comes by itself.
  virtual std::unique_ptr<ActorHandle> start(std::string name, Actor& actor, ActorOptions options) = 0;

  /// Runs `work` once on the I/O pool, in any order with other work. What it has to say it posts to a mailbox. Work not begun
  /// when the scheduler is destroyed is dropped.
  virtual void run_blocking(std::function<void()> work) = 0;
};

}  // namespace weir
