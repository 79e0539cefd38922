#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "platform/clock.h"

namespace weir::sim {

/// All that happened in a run, folded into one number: two runs with the same hash took the same
/// decisions in the same order. Keeps the last lines as text if asked to, for the report of a
/// failure.
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

/// 64 bits of any bytes; the same on every machine.
uint64_t hash_bytes(std::string_view bytes);

}  // namespace weir::sim
