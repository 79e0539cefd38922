#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "platform/clock.h"

namespace weir::sim {

/// A hash of everything that happened in a run. Two runs with the same hash made the same decisions
/// in the same order. Can keep the last lines as text, to report a failure.
class Trace {
 public:
  /// `lines`: how many lines to keep.
  explicit Trace(size_t lines = 0) : lines_max_(lines) {}

  void note(MonotonicTime time, std::string_view what, std::string_view who, uint64_t value = 0);

  uint64_t hash() const { return hash_; }
  uint64_t events() const { return events_; }
  /// "12.000345 s  step shard-0 0", oldest first.
  const std::deque<std::string>& lines() const { return lines_; }

 private:
  const size_t lines_max_;
  uint64_t hash_ = 0;
  uint64_t events_ = 0;
  std::deque<std::string> lines_;
};

/// A 64-bit hash of any bytes. The same on every machine.
uint64_t hash_bytes(std::string_view bytes);

}  // namespace weir::sim
