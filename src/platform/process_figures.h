#pragma once

#include <cstdint>

namespace weir {

/// What a process uses of its machine. 0: not known.
struct ProcessFigures {
  int64_t resident_bytes = 0;
  int64_t cpu_ms = 0;  ///< user and system, since the process began
  int64_t open_files = 0;
  int64_t threads = 0;
  bool operator==(const ProcessFigures&) const = default;
};

/// The figures of this process. Thread: any.
ProcessFigures own_process_figures();

}  // namespace weir
