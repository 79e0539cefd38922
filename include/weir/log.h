#pragma once

#include <string_view>

namespace weir {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Sets the process's sink for log lines. Null restores the default, which writes "HH:MM:SS.mmm
/// LEVEL text" to standard error. weir calls the sink under a lock. Thread: any.
using LogSink = void (*)(LogLevel level, std::string_view text);
void set_log_sink(LogSink sink);
/// Sets the minimum level to log. The default is kInfo.
void set_log_level(LogLevel level);

}  // namespace weir
