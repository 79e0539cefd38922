#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weir/status.h"

namespace weir::detail {

/// The rate of a source, shared by its readers in this process. A copy belongs to another source
/// and counts its own readers. Thread: any, once the job is built.
class SourceRate {
 public:
  struct Readers {
    std::atomic<int> all{0};
    std::atomic<int> given{0};    ///< those that have been given something to read
    std::atomic<int> reading{0};  ///< number of readers with something to read
  };

  SourceRate() = default;
  SourceRate(const SourceRate& other) : per_second_(other.per_second_) {}
  SourceRate& operator=(const SourceRate& other) {
    per_second_ = other.per_second_;
    return *this;
  }
  /// 0: no limit.
  void set(double records_per_second) { per_second_ = records_per_second; }
  double per_second() const { return per_second_; }
  /// INVALID_ARGUMENT if the rate is invalid.
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

/// Limits one reader to its share of the source's rate. The share of this process depends on the
/// number of its subtasks, and is divided evenly among its readers that have something to read.
/// Uses wall-clock time, and starts over if the clock jumps. Thread: the operator's.
class Pacer {
 public:
  explicit Pacer(const SourceRate& source)
      : source_rate_(source.per_second()), readers_(source.readers()) {
    ++readers_->all;
  }
  ~Pacer() {
    set_reading(false);
    if (given_) --readers_->given;
    --readers_->all;
  }
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  /// `parallelism` of the source, over all processes.
  void open(int parallelism) { parallelism_ = parallelism; }
  /// Says whether this reader has something to read.
  void set_reading(bool reading) {
    if (reading && !std::exchange(given_, true)) ++readers_->given;
    if (reading == reading_) return;
    reading_ = reading;
    readers_->reading += reading ? 1 : -1;
  }

  /// The source has only this many pieces to give to its readers, over all processes. With fewer
  /// pieces than subtasks, the share of this process depends on its readers that were given one.
  void set_pieces(int pieces) { pieces_ = pieces; }

  bool limited() const { return source_rate_ > 0; }
  /// Returns how many records may be emitted now; the maximum is `wanted`.
  size_t allowed(int64_t now_ms, size_t wanted) {
    if (!limited()) return wanted;
    take_share(now_ms);
    const double due = static_cast<double>(now_ms - start_ms_) * rate_ / 1000.0;
    // After a pause the source catches up on at most a quarter of a second.
    if (start_ms_ == INT64_MIN || now_ms < start_ms_ ||
        due - static_cast<double>(emitted_) > std::max(1.0, rate_ / 4)) {
      start_ms_ = now_ms;
      emitted_ = -1;  // one record may be emitted at once
      return std::min<size_t>(1, wanted);
    }
    const double left = std::floor(due) - static_cast<double>(emitted_);
    return left < 1 ? 0 : std::min(wanted, static_cast<size_t>(left));
  }
  void emitted(size_t records) { emitted_ += static_cast<int64_t>(records); }
  /// When the next record may be emitted (ms). Records are emitted in small groups, with at most
  /// some hundred wake-ups a second. The wait is limited, because the share may grow meanwhile.
  int64_t next_ms(int64_t now_ms) const {
    const double due_ms = std::ceil(static_cast<double>(emitted_ + 1) * 1000.0 / rate_);
    const double wait_ms = static_cast<double>(start_ms_ - now_ms) + due_ms;
    return now_ms + static_cast<int64_t>(std::clamp(wait_ms, 5.0, kLookAgainMs));
  }

 private:
  static constexpr double kLookAgainMs = 1000;

  void take_share(int64_t now_ms) {
    const bool some_idle = pieces_ > 0 && pieces_ < parallelism_;
    const double here = some_idle
                            ? std::min(1.0, static_cast<double>(readers_->given) / pieces_)
                            : std::min(1.0, static_cast<double>(readers_->all) / parallelism_);
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
  int pieces_ = 0;  ///< 0: unknown
  bool given_ = false;
  bool reading_ = false;
  double rate_ = 0;
  int64_t start_ms_ = INT64_MIN;
  int64_t emitted_ = 0;
};

}  // namespace weir::detail
