#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim_disk.h"

namespace weir::sim {

/// The lines of checkpoints in a job's directory, by the record of its last start. Reads the format
/// (docs/formats) without the engine's code.
class RecordedLines {
 public:
  static RecordedLines read(MemoryFileSystem& disk, const std::string& job_directory);

  /// True if checkpoint `id`, which start `start` has completed, is on the line that lives, or if
  /// there is no record. `complete`: all that are on the disk.
  bool lives(int64_t id, int64_t start,
             const std::vector<std::pair<int64_t, int64_t>>& complete) const;
  /// True if it is on any line.
  bool on_a_line(int64_t id, int64_t start) const;

 private:
  struct Segment {
    int64_t start = 0;
    int64_t after = 0;
    int64_t last = INT64_MAX;
  };
  struct Line {
    std::vector<Segment> segments;  ///< its own is the first
    bool has_origin = false;
    bool holds(int64_t id, int64_t start) const;
  };
  std::vector<Line> lines_;
};

}  // namespace weir::sim
