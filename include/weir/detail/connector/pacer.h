#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "weir/status.h"

namespace weir::detail {

/// The rate of a source, and its readers in this process that share it. A copy is another source's:
/// its readers are counted by themselves. Thread: any, once the job is built.
class SourceRate {
 public:
  struct Readers {
    std::atomic<int> all{0};
    std::atomic<int> reading{0};  ///< those that have something to read
  };

  SourceRate() = default;
  SourceRate(const SourceRate& other) : per_second_(other.per_second_) {}
  SourceRate& operator=(const SourceRate& other) {
    per_second_ = other.per_second_;
    return *this;
  }
  /// Zero: no limit.
  void set(double records_per_second) { per_second_ = records_per_second; }
  double per_second() const { return per_second_; }
  /// INVALID_ARGUMENT: it is no rate.
  Status check() const {
    if (per_second_ >= 0) return {};
    return invalid_argument(
        "a rate of " + std::to_string(per_second_) +
        " records a second was asked for: give a positive one, or 0 for no limit");
  }
  const std::shared_ptr<Readers>& readers() const { return readers_; }

 private:
  double per_second_ = 0;
  std::shared_ptr<Readers> readers_ = std::make_shared<Readers>();
};

/// Holds one reader to its share of the source's rate: the part of this process (by the number of
/// its subtasks) is divided evenly among the readers here that have something to read. Counts in
/// wall-clock time; a clock that jumps makes it begin anew. Thread: the operator's.
class Pacer {
 public:
  explicit Pacer(const SourceRate& source)
      : source_rate_(source.per_second()), readers_(source.readers()) {
    ++readers_->all;
  }
  ~Pacer() {
    set_reading(false);
    --readers_->all;
  }
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  /// `parallelism`: of the source, over all processes.
  void open(int parallelism) { parallelism_ = parallelism; }
  /// Whether this reader has something to read.
  void set_reading(bool reading) {
    if (reading == reading_) return;
    reading_ = reading;
    readers_->reading += reading ? 1 : -1;
  }

  bool limited() const { return source_rate_ > 0; }
  /// How many records, `wanted` at most, may be emitted now.
  size_t allowed(int64_t now_ms, size_t wanted) {
    if (!limited()) return wanted;
    take_share(now_ms);
    const double due = static_cast<double>(now_ms - start_ms_) * rate_ / 1000.0;
    // After a standstill the source does not catch up on more than a quarter of a second.
    if (start_ms_ == INT64_MIN || now_ms < start_ms_ ||
        due - static_cast<double>(emitted_) > std::max(1.0, rate_ / 4)) {
      start_ms_ = now_ms;
      emitted_ = -1;  // one record may come at once
      return std::min<size_t>(1, wanted);
    }
    const double left = std::floor(due) - static_cast<double>(emitted_);
    return left < 1 ? 0 : std::min(wanted, static_cast<size_t>(left));
  }
  void emitted(size_t records) { emitted_ += static_cast<int64_t>(records); }
  /// When the next record may be emitted. Records are let through in handfuls: at most some hundred
  /// wake-ups a second. Not later than a while, for the share may have grown by then.
  int64_t next_ms(int64_t now_ms) const {
    const double due_ms = std::ceil(static_cast<double>(emitted_ + 1) * 1000.0 / rate_);
    const double wait_ms = static_cast<double>(start_ms_ - now_ms) + due_ms;
    return now_ms + static_cast<int64_t>(std::clamp(wait_ms, 5.0, kLookAgainMs));
  }

 private:
  static constexpr double kLookAgainMs = 1000;

  void take_share(int64_t now_ms) {
    const double here = std::min(1.0, static_cast<double>(readers_->all) / parallelism_);
    const double rate = source_rate_ * here / std::max<int>(1, readers_->reading);
    if (rate == rate_) return;
    if (start_ms_ != INT64_MIN) {
      start_ms_ = now_ms;
      emitted_ = 0;
    }
    rate_ = rate;
  }

  const double source_rate_;
  const std::shared_ptr<SourceRate::Readers> readers_;
  int parallelism_ = 1;
  bool reading_ = false;
  double rate_ = 0;
  int64_t start_ms_ = INT64_MIN;
  int64_t emitted_ = 0;
};

}  // namespace weir::detail
