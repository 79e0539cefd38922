#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/clock.h"

namespace weir {

/// Thins out log lines that strangers can cause. The first ones are written at once; while more
/// come, one line per `kWhile` counts them. Each call gives the lines to write now. Pure.
class RefusalLog {
 public:
  static constexpr int kAtOnce = 5;
  static constexpr MonotonicTime kWhile = std::chrono::seconds(10);

  std::vector<std::string> add(std::string line, MonotonicTime now);
  /// To be called at due().
  std::vector<std::string> look(MonotonicTime now);
  /// At the end.
  std::vector<std::string> rest();
  /// MonotonicTime::max(): nothing is due.
  MonotonicTime due() const { return due_; }

 private:
  int written_ = 0;      ///< in this while
  int64_t counted_ = 0;  ///< in this while
  std::string last_;
  MonotonicTime due_ = MonotonicTime::max();  ///< the end of this while
};

}  // namespace weir
