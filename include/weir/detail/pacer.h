#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace weir::detail {

/// Holds a source to a rate. Counts in wall-clock time; a clock that jumps makes it begin anew. Thread: the operator's.
class Pacer {
 public:
  /// Zero or less: no limit.
  explicit Pacer(double records_per_second = 0) : rate_(records_per_second) {}

  /// How many records, `wanted` at most, may be emitted now.
  size_t allowed(int64_t now_ms, size_t wanted) {
    if (rate_ <= 0) return wanted;
    const double due = static_cast<double>(now_ms - start_ms_) * rate_ / 1000.0;
    // After a standstill the source does not catch up on more than a quarter of a second.
    if (start_ms_ == INT64_MIN || now_ms < start_ms_ || due - static_cast<double>(emitted_) > std::max(1.0, rate_ / 4)) {
      start_ms_ = now_ms;
      emitted_ = -1;  // one record may come at once
      return std::min<size_t>(1, wanted);
    }
    const double left = std::floor(due) - static_cast<double>(emitted_);
    return left < 1 ? 0 : std::min(wanted, static_cast<size_t>(left));
  }
  void emitted(size_t records) { emitted_ += static_cast<int64_t>(records); }
  /// When the next record may be emitted. Records are let through in handfuls: at most some hundred wake-ups a second.
  int64_t next_ms(int64_t now_ms) const {
    const auto due_ms = start_ms_ + static_cast<int64_t>(std::ceil(static_cast<double>(emitted_ + 1) * 1000.0 / rate_));
    return std::max(due_ms, now_ms + 5);
  }

 private:
  double rate_;
  int64_t start_ms_ = INT64_MIN;
  int64_t emitted_ = 0;
};

}  // namespace weir::detail
