#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "weir/status.h"

namespace weir {

/// The last completed checkpoint, as all coordinators of a job agree on it. Before there is one,
/// the checkpoint that the job started from.
struct CompletedPointer {
  CheckpointId id = 0;  ///< 0: the beginning; then the other fields are empty
  std::string uri;      ///< of the checkpoint's directory
  int64_t metadata_length = 0;
  uint64_t metadata_checksum = 0;  ///< XXH3-64
};

/// The final result of a job.
struct RecordedResult {
  std::string state;    ///< FINISHED, FAILED or CANCELED
  std::string message;  ///< why it failed
};

/// What a cluster runs: the same for all of its coordinators.
struct RecordedJob {
  JobId id;
  std::string name;
  std::string fingerprint;                       ///< of the graph, as hexadecimal digits
  std::map<std::string, std::string> arguments;  ///< the program's own flags, as JobGraph has them
  bool operator==(const RecordedJob&) const = default;
};

/// What the coordinators of one job agree on. A write takes effect only if the writer is still the
/// leader. Thread: the I/O pool. Blocks.
class LeaderStore {
 public:
  virtual ~LeaderStore() = default;
  /// The job of the earlier leaders. Nothing if there was none, or if it has ended and is another
  /// job.
  virtual StatusOr<std::optional<RecordedJob>> job() = 0;
  /// Returns the same codes as set_pointer().
  virtual Status set_job(const RecordedJob& job) = 0;
  /// Nothing if no checkpoint has been completed yet, and the job started from the checkpoint that
  /// storage alone determines.
  virtual StatusOr<std::optional<CompletedPointer>> pointer() = 0;
  /// ABORTED: the caller is no longer the leader, and nothing was changed. UNAVAILABLE: the outcome
  /// is not known; retry with the same pointer. CANCELLED: set_result() was called before, so the
  /// pointer stays as it is.
  virtual Status set_pointer(const CompletedPointer& pointer) = 0;
  virtual StatusOr<std::optional<RecordedResult>> result() = 0;
  /// Once recorded, no leader runs the job again. Returns the same codes as set_pointer().
  virtual Status set_result(const RecordedResult& result) = 0;
};

}  // namespace weir
