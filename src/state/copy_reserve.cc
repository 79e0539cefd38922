#include "weir/detail/copy_reserve.h"

#include <algorithm>
#include <cmath>

namespace weir::detail {
namespace {

constexpr double kPageBytes = 8192;
constexpr int64_t kRateMs = 500;
constexpr double kMargin = 1.25;

}  // namespace

void CopyReserve::add(std::shared_ptr<PageArena> arena) {
  if (arena != nullptr) kept_.push_back({std::move(arena)});
}

void CopyReserve::look(bool garbage, SnapshotTracker& tracker) {
  const int64_t epoch = tracker.epoch();
  if (epoch == 0) estimate_from_rate();
  if (garbage || tracker.oldest_epoch_in_use() != INT64_MAX) return;
  for (Kept& kept : kept_) {
    const size_t copied = kept.arena->copied_bytes();
    if (epoch != epoch_ && kept.used != 0) {
      const double each = static_cast<double>(copied - kept.copied) / static_cast<double>(epoch - epoch_);
      kept.share = std::min(1.0, kMargin * each / static_cast<double>(kept.used));
    }
    kept.copied = copied;
    kept.used = kept.arena->reserved_bytes() - kept.arena->free_bytes();
    const double share = std::min(host_.limit, epoch == 0 ? estimated_share_ : kept.share);
    const double wanted = kept.used < kLeastState ? 0 : share * static_cast<double>(kept.used);
    kept.arena->keep_ready(static_cast<size_t>(wanted), host_.run_elsewhere);
  }
  epoch_ = epoch;
}

void CopyReserve::estimate_from_rate() {
  const int64_t now = host_.now_ms();
  if (rate_since_ms_ >= 0 && now < rate_since_ms_ + kRateMs && now >= rate_since_ms_) return;
  if (rate_since_ms_ >= 0 && now > rate_since_ms_) {
    const double rate = static_cast<double>(records_) * 1000 / static_cast<double>(now - rate_since_ms_);
    estimated_share_ = std::max(estimated_share_, 1 - std::exp(-rate * kPageBytes / kAssumedSpeed));
  }
  rate_since_ms_ = now;
  records_ = 0;
}

}  // namespace weir::detail
