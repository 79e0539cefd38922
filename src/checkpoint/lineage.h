#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "fs/file_system_registry.h"

namespace weir {

/// The number of a job's start in a checkpoint directory, counted from 1. 0: the checkpoint was
/// written by a version of weir that did not number starts.
using StartNumber = int64_t;

/// The checkpoints with `after` < id <= `last` that start `start` has completed.
struct LineSegment {
  StartNumber start = 0;
  CheckpointId after = 0;
  CheckpointId last = 0;
  bool operator==(const LineSegment&) const = default;
};

/// A line of checkpoints, each taken by a job that continued from the previous one. Output that
/// sinks have made visible matches exactly these checkpoints: output of a checkpoint that is not on
/// the line may have been taken back.
struct CheckpointLine {
  StartNumber start = 0;  ///< the newest; its checkpoints have ids above `after`
  /// INT64_MAX: the job has continued on another line since, and all checkpoints are in `before`.
  CheckpointId after = 0;
  std::vector<LineSegment> before;  ///< segments of earlier starts, oldest first
  /// Drawn at random where the line begins; two lines with the same run share a beginning and
  /// output.
  uint64_t run = 0;
  std::string origin;  ///< URI of the snapshot elsewhere that the line begins with; empty: none
  bool operator==(const CheckpointLine&) const = default;

  /// Whether a checkpoint is on the line. `start`: the start that its sidecar names; nothing: not
  /// known yet.
  bool holds(CheckpointId id, std::optional<StartNumber> start) const;
  bool holds_any(const std::vector<CheckpointId>& ids) const;
  bool empty() const { return before.empty() && origin.empty(); }
};

/// Which checkpoints of a job's directory a start may continue from. Going back to an older
/// checkpoint abandons the later ones. The abandonment is recorded durably before any output is
/// taken back, so that no later start takes an abandoned checkpoint for the latest.
struct Lineage {
  StartNumber newest = 0;  ///< the last start
  int64_t epoch = 0;       ///< the largest epoch of any coordinator so far
  /// Of different runs; the most recently continued one is last.
  std::vector<CheckpointLine> lines;
  bool operator==(const Lineage&) const = default;

  /// The line on which "latest" is looked up; null: every checkpoint counts. A line that began from
  /// nothing takes no output back, so it counts only once it has a checkpoint. `completed`: the ids
  /// in the directory.
  const CheckpointLine* living(const std::vector<CheckpointId>& completed) const;
  /// The line that holds a checkpoint which was not abandoned. Null: none, or there are no lines
  /// yet.
  const CheckpointLine* line_of(CheckpointId id, StartNumber start) const;
};

/// How a start begins.
struct LineBeginning {
  CheckpointId from = -1;      ///< -1: from nothing
  StartNumber from_start = 0;  ///< the start that completed `from`
  bool elsewhere = false;      ///< `from` is not a checkpoint in this job's directory
  std::string origin;          ///< URI of `from` if it is elsewhere
  uint64_t new_run = 0;        ///< drawn at random, for a line without predecessor
  /// From nothing, though an earlier start from nothing has not reached a checkpoint.
  bool new_line = false;
  /// By an elected leader, from the one before: it continues the run, though checkpoints may exist
  /// that do not count.
  bool taken_over = false;
};

/// The lineage after the start has begun. Pure. `highest`: the highest id used in the directory.
/// Drops lines without a checkpoint in `completed`.
Lineage begin_line(const Lineage& before, const LineBeginning& beginning, CheckpointId highest,
                   const std::vector<CheckpointId>& completed);

/// `writer`: drawn by the process that records it, so that no two processes write the same bytes.
std::string encode_lineage(const Lineage& lineage, uint64_t writer);
/// DATA_LOSS: damaged. FAILED_PRECONDITION: a newer format.
StatusOr<Lineage> decode_lineage(std::string_view bytes);

// Blocking; run on the I/O pool. `job` is `<dir>/<job id>`.

/// Reads the record of the last start; empty if there was none.
StatusOr<Lineage> read_lineage(const FileLocation& job);
/// Records a start, exclusively: ALREADY_EXISTS if another start has taken its number. Removes the
/// previous record. `nonce`: drawn by this process.
Status record_lineage(const FileLocation& job, const Lineage& lineage, uint64_t nonce);
/// Records that there is another start, and leaves the lines as they are. From then on no earlier
/// start completes a checkpoint, so what is listed afterwards is all that counts, and the start can
/// record its own line. If it is killed before that, the next one finds what the last had left.
/// Codes as for record_lineage().
Status record_fence(const FileLocation& job, Lineage* lineage, uint64_t nonce);
/// Records a start without any checkpoint, numbered `start` + 1, because start `start` is about to
/// delete all of them. ALREADY_EXISTS if another start is recorded instead, which may need them.
Status record_deletion(const FileLocation& job, StartNumber start, uint64_t nonce);
/// ABORTED if another start has been recorded after this one.
Status check_newest_start(const FileLocation& job, StartNumber start);

}  // namespace weir
