#pragma once

#include <string>
#include <vector>

#include "base/log.h"

namespace weir {

/// Captures log messages while it lives. One at a time.
class LogLines {
 public:
  LogLines() {
    lines_.clear();
    set_log_sink([](LogLevel, std::string_view text) { lines_.emplace_back(text); });
  }
  ~LogLines() { set_log_sink(nullptr); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  inline static std::vector<std::string> lines_;  // under the log's lock
};

}  // namespace weir
