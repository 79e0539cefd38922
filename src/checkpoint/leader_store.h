#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "weir/status.h"

namespace weir {

/// The last completed checkpoint, as all coordinators of a job agree on it; or, before there is
/// one, what the job has started from.
struct CompletedPointer {
  CheckpointId id = 0;  ///< 0: the beginning; then the rest is empty
  std::string uri;      ///< of the checkpoint's directory
  int64_t metadata_length = 0;
  uint64_t metadata_checksum = 0;  ///< XXH3-64
};

/// How a job ended, for good.
struct RecordedResult {
  std::string state;    ///< FINISHED, FAILED or CANCELED
  std::string message;  ///< why it failed
};

/// Where the coordinators of one job agree: what is written here counts only if the writer still
/// leads. Thread: the I/O pool, one call at a time. Blocks.
class LeaderStore {
 public:
  virtual ~LeaderStore() = default;
  /// Nothing: no checkpoint has been completed yet, and the job has not started from where storage
  /// alone would say.
  virtual StatusOr<std::optional<CompletedPointer>> pointer() = 0;
  /// ABORTED: the caller leads no longer, and nothing was changed. UNAVAILABLE: the outcome is not
  /// known; ask again with the same pointer.
  virtual Status set_pointer(const CompletedPointer& pointer) = 0;
  virtual StatusOr<std::optional<RecordedResult>> result() = 0;
  /// From then on no leader runs the job again. Codes as for set_pointer().
  virtual Status set_result(const RecordedResult& result) = 0;
};

}  // namespace weir
