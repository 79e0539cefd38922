#include "flink/reply_writer.h"

#include <string>

namespace weir {
namespace {

constexpr uint8_t kOk = 0;
constexpr uint8_t kDead = 1;
constexpr uint8_t kFrameOutput = 1;
constexpr uint8_t kWatermarkOutput = 2;
constexpr uint8_t kStatusOutput = 3;

// Offsets of the parts of a successful reply.
constexpr size_t kFlagsAt = 5;
constexpr size_t kWakeAt = 6;
constexpr size_t kCountAt = 14;

}  // namespace

void ReplyWriter::begin() {
  out_.clear();
  metrics_.clear();
  outputs_ = 0;
  metric_count_ = 0;
  out_.put_u32(0);
  out_.put_u8(kOk);
  out_.put_u8(0);
  out_.put_i64(0);
  out_.put_u32(0);
}

void ReplyWriter::begin_frame(const FrameHeader& header) {
  out_.put_u8(kFrameOutput);
  frame_at_ = out_.size();
  out_.put_i32(0);
  put_frame_header(out_, header);
}

void ReplyWriter::end_frame() {
  out_.overwrite_i32(frame_at_, static_cast<int32_t>(out_.size() - frame_at_ - 4));
  ++outputs_;
}

void ReplyWriter::put_watermark(int64_t timestamp) {
  out_.put_u8(kWatermarkOutput);
  out_.put_i64(timestamp);
  ++outputs_;
}

void ReplyWriter::put_status(bool idle) {
  out_.put_u8(kStatusOutput);
  out_.put_u8(idle ? 1 : 0);
  ++outputs_;
}

void ReplyWriter::put_metric(uint16_t number, uint8_t kind, std::string_view name, int64_t value) {
  metrics_.put_u16(number);
  metrics_.put_u8(kind);
  metrics_.put_utf(name);
  metrics_.put_i64(value);
  ++metric_count_;
}

std::string_view ReplyWriter::finish(uint8_t flags, int64_t wake_at_ms) {
  *out_.mutable_at(kFlagsAt) = static_cast<char>(flags);
  out_.overwrite_i32(kWakeAt, static_cast<int32_t>(wake_at_ms >> 32));
  out_.overwrite_i32(kWakeAt + 4, static_cast<int32_t>(wake_at_ms));
  out_.overwrite_i32(kCountAt, static_cast<int32_t>(outputs_));
  out_.put_u16(metric_count_);
  out_.put_raw(metrics_.buffer());
  return sealed();
}

void ReplyWriter::begin_answer() {
  out_.clear();
  out_.put_u32(0);
  out_.put_u8(kOk);
}

std::string_view ReplyWriter::fail(const Status& status) {
  out_.clear();
  out_.put_u32(0);
  out_.put_u8(kDead);
  out_.put_utf(to_string(status.code()));
  out_.put_bytes(status.message());
  return sealed();
}

std::string_view ReplyWriter::sealed() {
  out_.overwrite_i32(0, static_cast<int32_t>(out_.size() - 4));
  return out_.buffer();
}

}  // namespace weir
