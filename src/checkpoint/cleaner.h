#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "base/ids.h"
#include "fs/file_system_registry.h"
#include "weir/status.h"

namespace weir {

/// Removes checkpoints and what aborted ones left, one at a time, on the I/O pool.
/// Thread: the job master's; only the file operations run elsewhere.
/// Invariant: nothing is removed that was not asked for; an unfinished checkpoint's files only
/// while `_metadata` is not there. Not here: what is to be removed (plan_retention,
/// CheckpointCoordinator).
class CheckpointCleaner {
 public:
  /// Runs the work on the I/O pool; what it returns on this thread.
  using RunBlocking = std::function<void(std::function<std::function<void()>()> work)>;

  CheckpointCleaner(FileLocation job, RunBlocking run_blocking)
      : job_(std::move(job)), run_blocking_(std::move(run_blocking)) {}

  // What fails is tried again, a few times, with later sweeps; then it stays for the next
  // coordinator.

  /// A complete checkpoint.
  void discard(CheckpointId id);
  /// An aborted one: its files now; its directory stays, so that the id is known to be used, and
  /// goes with a later sweep.
  void clear(CheckpointId id);
  /// An aborted one whose files are gone: only its directory, with a later sweep.
  void remember(CheckpointId id) { cleared_.insert(id); }
  /// Removes the directories of aborted checkpoints below `id`, with what late writers left in
  /// them.
  void sweep_below(CheckpointId id);

  /// Removals asked for and not done yet.
  int outstanding() const { return static_cast<int>(queue_.size()) + (running_ ? 1 : 0); }

 private:
  struct Removal {
    enum class Kind { kDiscard, kClear, kSweep } kind;
    CheckpointId id;
  };
  void enqueue(Removal removal);
  void run_next();
  void on_removed(Removal removal, const Status& status);

  const FileLocation job_;
  const RunBlocking run_blocking_;
  std::deque<Removal> queue_;
  bool running_ = false;
  std::set<CheckpointId> cleared_;  // whose directories are to be swept
  std::set<CheckpointId> discards_to_repeat_;
  std::map<CheckpointId, int> failed_tries_;
};

}  // namespace weir
