#pragma once

#include <sstream>
#include <string_view>

namespace weir {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// The destination of log lines. The default sink writes "HH:MM:SS.mmm LEVEL text" to standard
/// error.
/// Thread: any; the sink is called under a lock. Tests and the simulator replace it.
using LogSink = void (*)(LogLevel level, std::string_view text);
void set_log_sink(LogSink sink);
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view text);

namespace detail {
class LogMessage {
 public:
  explicit LogMessage(LogLevel level) : level_(level) {}
  ~LogMessage() { log_line(level_, text_.view()); }
  template <class T>
  LogMessage& operator<<(const T& value) {
    text_ << value;
    return *this;
  }

 private:
  LogLevel level_;
  std::ostringstream text_;
};
}  // namespace detail

}  // namespace weir

/// `WEIR_LOG(kInfo) << "restored " << n;`
#define WEIR_LOG(level)                                  \
  switch (0)                                             \
  case 0:                                                \
  default:                                               \
    if (!::weir::log_enabled(::weir::LogLevel::level)) { \
    } else ::weir::detail::LogMessage(::weir::LogLevel::level)
