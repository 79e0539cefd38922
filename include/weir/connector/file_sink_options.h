#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weir {

enum class Compression {
  kNone,
  kGzip,  ///< ".gz"
  kZstd,  ///< ".zst"
};

/// When a FileSink ends a part file and begins another one. Each checkpoint ends all of them too,
/// as Flink's OnCheckpointRollingPolicy, so a part file never holds records of two checkpoints.
/// Has the names of Flink's DefaultRollingPolicy. By default only checkpoints end part files.
struct DefaultRollingPolicy {
  /// Approximate maximum size of a part file. A file holds at least one record.
  int64_t max_part_size = INT64_MAX;
  /// A file that was begun this long ago is ended before its next record.
  std::chrono::milliseconds rollover_interval = std::chrono::milliseconds::max();
  /// A file without a record for this long is ended when the sink gets its next records.
  std::chrono::milliseconds inactivity_interval = std::chrono::milliseconds::max();

  DefaultRollingPolicy& with_max_part_size(int64_t bytes) {
    max_part_size = bytes;
    return *this;
  }
  DefaultRollingPolicy& with_rollover_interval(std::chrono::milliseconds interval) {
    rollover_interval = interval;
    return *this;
  }
  DefaultRollingPolicy& with_inactivity_interval(std::chrono::milliseconds interval) {
    inactivity_interval = interval;
    return *this;
  }
};

/// The names of a FileSink's part files: `PREFIX-<subtask>-…SUFFIX`.
struct OutputFileConfig {
  std::string part_prefix = "part";  ///< does not begin with '.' or '_', and has no '.' and no '/'
  std::string part_suffix = {};      ///< empty, or begins with '.'; no '/'
};

}  // namespace weir
