#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/clock.h"

namespace weir {

/// Rate-limits log lines that strangers can cause. The first few are written at once; after that,
/// one line per `kWhile` counts the rest. Each call returns the lines to write now. Pure.
class RefusalLog {
 public:
  static constexpr int kAtOnce = 5;
  static constexpr MonotonicTime kWhile = std::chrono::seconds(10);

  std::vector<std::string> add(std::string line, MonotonicTime now);
  /// Call it at due().
  std::vector<std::string> look(MonotonicTime now);
  /// Call it at the end. Returns the line about those counted and not yet reported.
  std::vector<std::string> rest();
  /// MonotonicTime::max(): nothing is due.
  MonotonicTime due() const { return due_; }

 private:
  int written_ = 0;      ///< in this period
  int64_t counted_ = 0;  ///< in this period
  std::string last_;
  MonotonicTime due_ = MonotonicTime::max();  ///< the end of this period
};

}  // namespace weir
