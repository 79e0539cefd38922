#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "fs/file_system_registry.h"

namespace weir {

/// Each start of a job in a checkpoint directory gets the next number, from 1 up; 0: checkpoints of
/// a weir that numbered no starts.
using StartNumber = int64_t;

/// Checkpoints `after` < id <= `last` that start `start` has completed.
struct LineSegment {
  StartNumber start = 0;
  CheckpointId after = 0;
  CheckpointId last = 0;
  bool operator==(const LineSegment&) const = default;
};

/// A line of checkpoints, each taken by a job that had gone on from the one before. What sinks have
/// made visible fits exactly these: what a checkpoint beside the line had made visible may have
/// been taken back.
struct CheckpointLine {
  StartNumber start = 0;  ///< the newest: its checkpoints have ids above `after`
  CheckpointId after =
      0;  ///< INT64_MAX: another line was gone on with since, and all of this one is in `before`
  std::vector<LineSegment> before;  ///< what earlier starts have added, oldest first
  uint64_t run =
      0;  ///< drawn where the line begins: two lines with one run share a beginning, and output
  std::string
      origin;  ///< URI of the snapshot from another place that the line begins with; empty: none
  bool operator==(const CheckpointLine&) const = default;

  /// Whether a checkpoint is on the line. `start`: that its sidecar names; nothing: not known yet.
  bool holds(CheckpointId id, std::optional<StartNumber> start) const;
  bool holds_any(const std::vector<CheckpointId>& ids) const;
  bool empty() const { return before.empty() && origin.empty(); }
};

/// Which checkpoints of a job's directory a start may go on from. Going back abandons what came
/// after, durably and before anything is taken back: then no later start takes it for the latest.
struct Lineage {
  StartNumber newest = 0;  ///< the last start
  int64_t epoch = 0;       ///< the largest of any coordinator so far
  std::vector<CheckpointLine>
      lines;  ///< of unlike runs; the one that was gone on with last is the last
  bool operator==(const Lineage&) const = default;

  /// The line that "latest" looks on; null: every checkpoint counts. A line that was begun from
  /// nothing takes nothing back, so it counts only when it has a checkpoint. `completed`: what lies
  /// in the directory.
  const CheckpointLine* living(const std::vector<CheckpointId>& completed) const;
  /// The line on which a checkpoint lies, if it was not abandoned; null: none, or there are no
  /// lines yet.
  const CheckpointLine* line_of(CheckpointId id, StartNumber start) const;
};

/// How a start begins.
struct LineBeginning {
  CheckpointId from = -1;      ///< -1: from nothing
  StartNumber from_start = 0;  ///< the start that has completed it
  bool elsewhere = false;      ///< `from` is no checkpoint of this job's directory's
  std::string origin;          ///< its URI then
  uint64_t new_run = 0;        ///< drawn, for a line that has none before it
  bool new_line =
      false;  ///< from nothing: although an earlier start from nothing has not got to a checkpoint
};

/// The lineage once the start has begun. Pure. `highest`: id used in the directory. Lines without
/// any checkpoint of `completed` are dropped.
Lineage begin_line(const Lineage& before, const LineBeginning& beginning, CheckpointId highest,
                   const std::vector<CheckpointId>& completed);

std::string encode_lineage(const Lineage& lineage);
/// DATA_LOSS: damaged. FAILED_PRECONDITION: of a newer format.
StatusOr<Lineage> decode_lineage(std::string_view bytes);

// Blocking; run on the I/O pool. `job` is `<dir>/<job id>`.

/// What the last start has recorded; empty if there was none.
StatusOr<Lineage> read_lineage(const FileLocation& job);
/// Records a start, exclusively: ALREADY_EXISTS if another start has taken its number. What was
/// recorded before is removed.
Status record_lineage(const FileLocation& job, const Lineage& lineage, uint64_t nonce);
/// ABORTED if another start has been recorded after this one.
Status check_newest_start(const FileLocation& job, StartNumber start);

}  // namespace weir
