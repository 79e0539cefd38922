#include "weir/detail/state/copy_reserve.h"

#include <algorithm>
#include <cmath>

namespace weir::detail {
namespace {

constexpr double kPageBytes = 8192;
constexpr int64_t kRateMs = 500;
constexpr double kMargin = 1.25;

}  // namespace

void CopyReserve::look(SnapshotTracker& tracker) {
  if (!host_.now_ms) return;
  const int64_t now = host_.now_ms();
  PageArena& arena = tracker.memory()->arena;
  if (now < peak_since_ms_ || now >= peak_since_ms_ + kPeriodMs) {
    peak_since_ms_ = now;
    arena.forget_peak();
  } else {
    arena.trim();
  }
  if (host_.limit <= 0) return;
  if (tracker.epoch() == 0) estimate_from_rate(now);
  if (!tracker.has_garbage() && !tracker.any_in_use()) keep_ready(tracker);
}

void CopyReserve::keep_ready(SnapshotTracker& tracker) {
  const int64_t epoch = tracker.epoch();
  PageArena& arena = tracker.memory()->arena;
  const size_t copied = arena.copied_bytes();
  if (epoch != epoch_ && used_ != 0) {
    const double each = static_cast<double>(copied - copied_) / static_cast<double>(epoch - epoch_);
    share_ = std::min(1.0, kMargin * each / static_cast<double>(used_));
  }
  copied_ = copied;
  used_ = arena.used_bytes();
  const double share = std::min(host_.limit, epoch == 0 ? estimated_share_ : share_);
  const double wanted = used_ < kMinState ? 0 : share * static_cast<double>(used_);
  arena.keep_ready(static_cast<size_t>(wanted), host_.run_elsewhere);
  epoch_ = epoch;
}

void CopyReserve::estimate_from_rate(int64_t now) {
  if (rate_since_ms_ >= 0 && now < rate_since_ms_ + kRateMs && now >= rate_since_ms_) return;
  if (rate_since_ms_ >= 0 && now > rate_since_ms_) {
    const double rate =
        static_cast<double>(records_) * 1000 / static_cast<double>(now - rate_since_ms_);
    estimated_share_ = std::max(estimated_share_, 1 - std::exp(-rate * kPageBytes / kAssumedSpeed));
  }
  rate_since_ms_ = now;
  records_ = 0;
}

}  // namespace weir::detail
