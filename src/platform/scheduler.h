#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "platform/clock.h"

namespace weir {

/// Something that owns its state and works on it in small steps: the job master, a worker, a shard.
/// An actor shares nothing but mailboxes and channels with others, so it never locks.
class Actor {
 public:
  static constexpr MonotonicTime kBusy = MonotonicTime::min();  ///< step again at once
  static constexpr MonotonicTime kIdle = MonotonicTime::max();  ///< only when woken

  virtual ~Actor() = default;

  /// Does a bounded amount of work and says when to be called again at the latest: kBusy, a time,
  /// or kIdle. A wake() that comes during a step is never lost: the actor is stepped once more.
  /// Spurious steps are ordinary.
  virtual MonotonicTime step() = 0;
};

/// A running actor. Destroying the handle stops it.
/// Thread: wake() any; stop() and the destructor not from within the actor's own step.
class ActorHandle {
 public:
  virtual ~ActorHandle() = default;
  virtual void wake() = 0;
  /// Waits for the current step and then never steps the actor again; wake() does nothing from then
  /// on. So actors that wake each other are all stopped first and destroyed afterwards.
  virtual void stop() = 0;
};

struct ActorOptions {
  int cpu = -1;  ///< pin the thread to this processor; -1: leave it to the system
};

/// Names of executors, each with threads of its own for one kind of blocking work: a kind that
/// hangs or takes long never keeps another from beginning. Operators have theirs, "op <uid>".
namespace executors {
inline constexpr std::string_view kZooKeeper =
    "zookeeper";  ///< election, and looking for the leader
inline constexpr std::string_view kCoordinator = "coordinator";  ///< the job master's files
inline constexpr std::string_view kSnapshots =
    "snapshots";  ///< state of tasks is written for a checkpoint
inline constexpr std::string_view kRestore = "restore";       ///< tasks are opened and restored
inline constexpr std::string_view kReadAhead = "read-ahead";  ///< of what a restore reads
inline constexpr std::string_view kNetwork = "network";       ///< connections are ended
}  // namespace executors

/// Runs actors, each by one thread at a time, and blocking work on executors.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// `actor` must outlive the handle. Its first step comes by itself.
  virtual std::unique_ptr<ActorHandle> start(std::string name, Actor& actor,
                                             ActorOptions options) = 0;

  /// Runs `work` once on the executor of that name, which is made at its first use, in any order
  /// with other work. What it has to say it posts to a mailbox. Work not begun when the scheduler
  /// is destroyed is dropped. Names must be few: an executor stays.
  virtual void run_blocking(std::string_view executor, std::function<void()> work) = 0;
};

}  // namespace weir
