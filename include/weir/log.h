#pragma once

#include <string_view>

namespace weir {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Where weir's log lines go; null: the default, which writes "HH:MM:SS.mmm LEVEL text" to standard
/// error. Of the whole process. Thread: any; the sink is called under a lock.
using LogSink = void (*)(LogLevel level, std::string_view text);
void set_log_sink(LogSink sink);
/// The least level that is logged; at first kInfo.
void set_log_level(LogLevel level);

}  // namespace weir
