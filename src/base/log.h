#pragma once

#include <sstream>
#include <string_view>

#include "weir/log.h"

namespace weir {

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
