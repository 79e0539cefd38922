#include "runtime/chain_walk.h"

#include <utility>

#include "weir/detail/base/check.h"
#include "weir/operator/event_time_operator.h"

namespace weir {

void ChainWalk::begin(StreamElement::Kind kind, int64_t value) {
  WEIR_CHECK(!under_way_);
  under_way_ = true;
  kind_ = kind;
  value_ = value;
  at_ = 0;
  resume();
}

void ChainWalk::begin_time(const EventTime& time) {
  if (time_.idle && !time.idle) begin(StreamElement::Kind::kWatermarkStatus, 0);
  const bool becomes_idle = time.idle && !time_.idle;
  if (time.watermark > time_.watermark) {
    then_idle_ = becomes_idle;
    begin(StreamElement::Kind::kWatermark, time.watermark);
  } else if (becomes_idle) {
    begin(StreamElement::Kind::kWatermarkStatus, 1);
  }
}

void ChainWalk::begin_input(StreamElement::Kind kind, int64_t value) {
  const bool is_time =
      kind == StreamElement::Kind::kWatermark || kind == StreamElement::Kind::kWatermarkStatus;
  EventTimeOperator* const op = is_time ? chain_.event_time_operator() : nullptr;
  if (op == nullptr) return begin(kind, value);
  if (kind == StreamElement::Kind::kWatermark && value == kMaxWatermark)
    return begin_time({kMaxWatermark, false});
  if (kind == StreamElement::Kind::kWatermark) input_time_.watermark = value;
  else input_time_.idle = value != 0;
  chain_.enter(0);
  op->input_time(input_time_);
  begin_own_time();
}

void ChainWalk::begin_own_time() {
  EventTimeOperator* const op = chain_.event_time_operator();
  if (op != nullptr && !under_way_ && time_.watermark != kMaxWatermark)
    begin_time(op->event_time());
}

void ChainWalk::begin_end_of_source() {
  if (time_.idle) begin(StreamElement::Kind::kWatermarkStatus, 0);
  end_of_source_ = true;
  begin(StreamElement::Kind::kWatermark, kMaxWatermark);
}

void ChainWalk::resume() {
  if (!under_way_) return;
  if (kind_ == StreamElement::Kind::kWatermarkStatus) return pass();
  for (; at_ < chain_.size(); ++at_) {
    if (visit(at_) == Progress::kMore) return;
  }
  pass();
}

Progress ChainWalk::visit(size_t i) {
  Operator& op = chain_.enter(i).op();
  Output& out = chain_.output_of(i);
  switch (kind_) {
    case StreamElement::Kind::kWatermark: return op.advance_watermark(value_, out);
    case StreamElement::Kind::kBarrier: op.prepare_barrier(out); return Progress::kDone;
    case StreamElement::Kind::kEndOfData: return op.finish(out);
    case StreamElement::Kind::kWatermarkStatus:
    case StreamElement::Kind::kBatch: break;
  }
  WEIR_CHECK(false);
  return Progress::kDone;
}

void ChainWalk::pass() {
  under_way_ = false;
  if (kind_ == StreamElement::Kind::kWatermark) time_.watermark = value_;
  if (kind_ == StreamElement::Kind::kWatermarkStatus) time_.idle = value_ != 0;
  if (kind_ == StreamElement::Kind::kEndOfData) ended_ = true;
  exit_.on_passed(kind_, value_);
  if (kind_ != StreamElement::Kind::kWatermark) return;
  if (std::exchange(then_idle_, false)) begin(StreamElement::Kind::kWatermarkStatus, 1);
  if (std::exchange(end_of_source_, false)) begin(StreamElement::Kind::kEndOfData, 0);
}

}  // namespace weir
