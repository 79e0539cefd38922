#pragma once

#include <cstdint>
#include <string>

namespace weir {

/// What a process can say about itself to people.
enum class ProcessText : int32_t {
  kLog,             ///< its newest log lines (base/recent_log.h)
  kStandardOutput,  ///< the end of its standard output, if this is a file
  kThreads,         ///< a line for each thread: "NAME" and its state
  kCpuProfile,      ///< begins a recording, or ends and returns it (platform/cpu_profile.h)
};

/// The text of this process; empty: there is none. At most kMaxTextBytes. Thread: any.
std::string own_process_text(ProcessText what);
inline constexpr int64_t kMaxTextBytes = 1 << 20;

}  // namespace weir
