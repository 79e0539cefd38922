#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/ids.h"
#include "checkpoint/lineage.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/shared_files.h"
#include "fs/file_system_registry.h"
#include "weir/status.h"

namespace weir {

/// Removes checkpoints and the files of aborted ones, one at a time, on the I/O pool.
/// Thread: the job master's; only the file operations run elsewhere.
/// Invariants:
///     removes only what the caller asked for, and the files of an unfinished checkpoint only while
///   `_metadata` does not exist;
///     a coordinator that is superseded without knowing it removes no file of the next one, however
///   late its operations take effect: of an aborted checkpoint only files with its own mark are
///   removed, and all else only after a newer checkpoint of this coordinator is complete.
/// Not here: choosing what to remove (plan_retention, CheckpointCoordinator).
class CheckpointCleaner {
 public:
  /// Runs `work` on the I/O pool, then the function that it returns on this thread.
  using RunBlocking = std::function<void(std::function<std::function<void()>()> work)>;

  CheckpointCleaner(FileLocation job, RunBlocking run_blocking)
      : job_(std::move(job)), run_blocking_(std::move(run_blocking)) {}

  // A failed removal is retried a few times, with later sweeps. After that, the next coordinator
  // has to remove it.

  /// The number of this start of the job; 0: starts are not recorded.
  void begin_start(StartNumber start) { start_ = start; }
  /// `mark`: in the names of the data files from now on.
  void begin_attempt(CoordinatorMark mark) { mark_ = mark; }
  /// Removes a complete checkpoint, unless a later start is recorded: it may continue from it.
  void discard(CheckpointId id);
  /// Removes the data files of an aborted checkpoint. Its directory stays until a later sweep, to
  /// show that the id is used.
  void clear(CheckpointId id);
  /// Remembers an aborted checkpoint whose files are gone: a later sweep removes its directory.
  void remember(CheckpointId id) { cleared_.insert(id); }
  /// Removes the directories of aborted checkpoints below `id`, with any files that late writers
  /// have left in them.
  void sweep_below(CheckpointId id);

  /// Removes the files in `shared/` that no checkpoint needs, after the removals that are requested
  /// so far. A later request replaces one that waits.
  void sweep_shared(SharedSweep sweep);

  /// Number of requested removals that are not done yet.
  int outstanding() const { return static_cast<int>(queue_.size()) + (running_ ? 1 : 0); }

 private:
  struct Removal {
    enum class Kind { kDiscard, kClear, kSweep } kind;
    CheckpointId id;
  };
  void enqueue(Removal removal);
  void run_next();
  void on_removed(Removal removal, const Status& status);
  void run_sweep();

  const FileLocation job_;
  const RunBlocking run_blocking_;
  StartNumber start_ = 0;
  CoordinatorMark mark_ = 0;
  std::deque<Removal> queue_;
  bool running_ = false;
  std::set<CheckpointId> cleared_;  // their directories await a sweep
  std::set<CheckpointId> discards_to_repeat_;
  std::optional<SharedSweep> sweep_;
  bool shared_is_empty_ = false;  // when it was last swept
  std::map<CheckpointId, int> failed_tries_;
};

}  // namespace weir
