#pragma once

#include <optional>
#include <utility>

#include "weir/detail/stream/side_outputs.h"
#include "weir/detail/window/dropped_records.h"

namespace weir::detail {

/// Handles the records that a window operator cannot add to a window: late ones go to a side output
/// if somebody reads it, and all others are dropped and counted. Thread: the operator's.
template <class T>
class LateRecords {
 public:
  /// Call before open().
  void send_to(OutputTag<T> tag) { tag_ = std::move(tag); }
  void open(OperatorContext& context) {
    dropped_.open(context);
    side_outputs_.open(context);
  }
  void late(const T& record, Timestamp timestamp, Timestamp watermark) {
    if (!tag_ || !side_outputs_.is_read(*tag_)) return dropped_.late(timestamp, watermark);
    side_outputs_.set_timestamp(timestamp);
    side_outputs_.collect(*tag_, record);
  }
  void without_timestamp() { dropped_.without_timestamp(); }
  /// Call it after each batch.
  void end_batch() {
    if (tag_) side_outputs_.flush();
    dropped_.say();
  }

 private:
  std::optional<OutputTag<T>> tag_;
  SideOutputs side_outputs_;
  DroppedRecords dropped_;
};

}  // namespace weir::detail
