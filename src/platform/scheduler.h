#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "platform/clock.h"

namespace weir {

/// Owns its state and works on it in small steps: the job master, a worker, a shard. Actors share
/// only mailboxes and channels, so they never lock.
class Actor {
 public:
  static constexpr MonotonicTime kBusy = MonotonicTime::min();  ///< step again at once
  static constexpr MonotonicTime kIdle = MonotonicTime::max();  ///< step again only when woken

  virtual ~Actor() = default;

  /// Does a bounded amount of work and returns the latest time for the next step: kBusy, a time, or
  /// kIdle. A wake() during a step is never lost: the actor gets one more step. Spurious steps are
  /// normal.
  virtual MonotonicTime step() = 0;
};

/// A running actor. Destroying the handle stops it.
/// Thread: wake() any; stop() and the destructor not from within the actor's own step.
class ActorHandle {
 public:
  virtual ~ActorHandle() = default;
  virtual void wake() = 0;
  /// Waits for the current step and never steps the actor again; after that, wake() does nothing.
  /// Actors that wake each other are all stopped first and destroyed afterwards.
  virtual void stop() = 0;
};

struct ActorOptions {
  int cpu = -1;  ///< pin the thread to this processor; -1: leave it to the system
};

/// Names of executors. Each has its own threads for one kind of blocking work, so that a kind that
/// hangs or takes long never delays another. Operators have theirs, "op <uid>".
namespace executors {
/// Leader election, and finding the leader.
inline constexpr std::string_view kZooKeeper = "zookeeper";
inline constexpr std::string_view kCoordinator = "coordinator";  ///< the job master's files
/// Writing task state for a checkpoint.
inline constexpr std::string_view kSnapshots = "snapshots";
inline constexpr std::string_view kRestore = "restore";       ///< opening and restoring tasks
inline constexpr std::string_view kReadAhead = "read-ahead";  ///< for restores
inline constexpr std::string_view kNetwork = "network";       ///< closing connections
}  // namespace executors

/// Runs actors, each by one thread at a time, and blocking work on executors.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// `actor` must outlive the handle. The first step needs no wake().
  virtual std::unique_ptr<ActorHandle> start(std::string name, Actor& actor,
                                             ActorOptions options) = 0;

  /// Runs `work` once on the executor of that name, in any order with other work. The executor is
  /// created at its first use. `work` posts its result to a mailbox. Work that has not begun when
  /// the scheduler is destroyed is dropped. Use few names, because an executor is never removed.
  virtual void run_blocking(std::string_view executor, std::function<void()> work) = 0;
};

}  // namespace weir
