#pragma once

#include <cstddef>
#include <string>

namespace weir {

/// From now on, the newest log lines of this process are kept in memory, up to this many bytes, so
/// that they can be shown. Lines are kept as the default sink writes them. Thread: any.
void keep_recent_log(size_t most_bytes);
/// The lines that are kept, the oldest first. Thread: any.
std::string recent_log();
/// How much a process keeps that others may ask for its log.
inline constexpr size_t kKeptLogBytes = 512 * 1024;

}  // namespace weir
