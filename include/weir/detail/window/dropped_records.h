#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/base/saturating.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// Counts the records that an event-time operator of one subtask drops, in metrics. Warns of the
/// first ones, and each time their number has grown tenfold. Thread: the operator's.
class DroppedRecords {
 public:
  void open(OperatorContext& context);
  void late(Timestamp timestamp, Timestamp watermark) {
    late_->inc();
    latest_ms_ = std::max(latest_ms_, saturating_sub(watermark, timestamp));
  }
  void without_timestamp() { without_timestamp_->inc(); }
  /// Call it after each batch.
  void say() {
    if (late_->count() >= say_late_at_) say_late();
    if (without_timestamp_->count() >= say_without_timestamp_at_) say_without_timestamp();
  }

 private:
  void say_late();
  void say_without_timestamp();

  const OperatorContext* context_ = nullptr;
  Counter* late_ = nullptr;
  Counter* without_timestamp_ = nullptr;
  int64_t latest_ms_ = 0;  ///< maximum lag of a late record behind the watermark
  int64_t say_late_at_ = 1;
  int64_t say_without_timestamp_at_ = 1;
};

}  // namespace weir::detail
