#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/ids.h"
#include "fs/file_system_registry.h"
#include "weir/status.h"

namespace weir {

// Directories outside of the job's own: savepoints, and a snapshot that the job has claimed.

/// "savepoint-6b8045-0123456789ab": the first digits of the job's id, and random ones, as in Flink.
std::string savepoint_directory_name(const JobId& job, uint64_t nonce);

// Blocking; run on the I/O pool.

/// Creates a new directory for a savepoint below `target`.
StatusOr<FileLocation> prepare_savepoint_directory(const FileLocation& target, const JobId& job,
                                                   uint64_t nonce);
/// Removes the directory of a savepoint that was never completed. FAILED_PRECONDITION, and nothing
/// is removed, if `_metadata` exists after all.
Status discard_unfinished_savepoint(const FileLocation& directory);
/// Removes a snapshot that its owner does not need any more: `_metadata` first, then the files that
/// it names, `_weir` and the directory. `given`: the directory or its `_metadata`. Leaves files
/// that do not belong to it, and then the directory. FAILED_PRECONDITION: it is no snapshot that
/// can be removed. NOT_FOUND: there is none.
Status dispose_savepoint(const FileLocation& given);

/// The savepoints of a coordinator that are being written, and the snapshot that its job has
/// claimed. Thread: the job master's; only the file operations run elsewhere.
class SavepointDirectories {
 public:
  /// Runs `work` on the I/O pool, then the function that it returns on this thread.
  using RunBlocking = std::function<void(std::function<std::function<void()>()> work)>;

  SavepointDirectories(RunBlocking run, int num_retained)
      : run_(std::move(run)), num_retained_(num_retained) {}

  /// An attempt begins; the processes of earlier ones write nothing any more.
  void begin_attempt() { abandoned_.clear(); }
  /// The savepoint of checkpoint `id` will not be completed: removes its files. Late ones are
  /// removed by remove_late_files().
  void abandon(CheckpointId id, const FileLocation& directory);
  void remove_late_files(CheckpointId id);

  /// This snapshot belongs to the job. It is removed after `num_retained` newer checkpoints.
  void claim(FileLocation snapshot);
  /// A checkpoint of this coordinator is complete.
  void on_completed();
  /// The claimed snapshot is not retained at the end of the job.
  void discard_claimed();

 private:
  void remove(const FileLocation& directory);

  const RunBlocking run_;
  std::map<CheckpointId, FileLocation> abandoned_;  // of this attempt
  const int num_retained_;
  std::optional<FileLocation> claimed_;
  int newer_ = 0;  // number of checkpoints that have completed since it was claimed
};

}  // namespace weir
