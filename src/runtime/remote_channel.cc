#include "runtime/remote_channel.h"

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/strings.h"
#include "runtime/batch_limit.h"
#include "weir/detail/base/check.h"

namespace weir {

RemoteWriter::RemoteWriter(uint32_t id, std::shared_ptr<const RecordCodec> codec,
                           std::function<void()> wake, std::function<void(Status)> fail,
                           size_t most_frame_bytes)
    : id_(id),
      codec_(std::move(codec)),
      wake_(std::move(wake)),
      fail_(std::move(fail)),
      most_frame_bytes_(most_frame_bytes) {}

void RemoteWriter::open(Connection* connection, uint32_t credits) {
  connection_ = connection;
  credits_ = credits;
}

bool RemoteWriter::try_push(StreamElement& element) {
  if (parts_.empty()) {
    const Pushed pushed = push(element);
    if (pushed != Pushed::kTooLarge) return pushed == Pushed::kDone;
    cut(*element.batch);
  }
  while (!parts_.empty()) {
    const Pushed pushed = push(parts_.front());
    if (pushed == Pushed::kNoRoom) return false;
    const StreamElement part = std::move(parts_.front());
    parts_.pop_front();
    if (pushed == Pushed::kTooLarge) cut(*part.batch);
  }
  return true;
}

/// Splits a batch in two, and puts both halves before the other parts.
void RemoteWriter::cut(Batch& batch) {
  std::vector<std::unique_ptr<Batch>> halves = split_batch(batch, (batch.size() + 1) / 2);
  for (auto half = halves.rbegin(); half != halves.rend(); ++half)
    parts_.push_front({StreamElement::Kind::kBatch, 0, std::move(*half)});
}

RemoteWriter::Pushed RemoteWriter::push(StreamElement& element) {
  const uint64_t sent = sent_.load(std::memory_order_relaxed);
  if (sent - taken_.load(std::memory_order_acquire) >= credits_) return Pushed::kNoRoom;
  std::string frame = encode(element);
  if (frame.size() > most_frame_bytes_) {
    if (element.batch->size() > 1) return Pushed::kTooLarge;
    if (!std::exchange(failed_, true)) {
      fail_(failed_precondition(cat(
          "a record takes ", frame.size(), " bytes, and at most ", most_frame_bytes_,
          " can go to another process: make its records smaller, or run the job in one process")));
    }
    return Pushed::kDone;
  }
  // Before the frame is sent, because a credit for it may arrive at once.
  sent_.store(sent + 1, std::memory_order_release);
  connection_->send(std::move(frame));
  if (bug_enabled(Bug::kFrameRepeated) &&
      sent + 1 - taken_.load(std::memory_order_acquire) >= credits_)
    return Pushed::kNoRoom;
  if (element.batch) {
    element.batch->clear();
    emptied_ = std::move(element.batch);
  }
  return Pushed::kDone;
}

std::string RemoteWriter::encode(const StreamElement& element) {
  BinaryWriter out;
  const bool is_batch = element.kind == StreamElement::Kind::kBatch;
  if (is_batch) out.reserve(expected_bytes_);
  put_element_header(out, {element.kind, id_, sent_.load(std::memory_order_relaxed)});
  if (is_batch) {
    WEIR_CHECK(codec_ != nullptr);
    codec_->encode(*element.batch, out);
    expected_bytes_ = out.size();
  } else {
    out.put_i64(element.value);
  }
  return out.take();
}

std::unique_ptr<Batch> RemoteWriter::take_empty() { return std::move(emptied_); }

Status RemoteWriter::on_credit(uint64_t taken) {
  const uint64_t before = taken_.load(std::memory_order_relaxed);
  const uint64_t sent = sent_.load(std::memory_order_acquire);
  if (taken <= before || taken > sent) {
    return data_loss(cat("channel ", id_, ": the consumer says that it has taken ", taken,
                         " elements, after ", before, "; ", sent, " were sent"));
  }
  taken_.store(taken, std::memory_order_release);
  wake_();
  return {};
}

RemoteReader::RemoteReader(uint32_t id, std::shared_ptr<const RecordCodec> codec, size_t capacity,
                           std::function<void()> wake, std::function<void(Status)> fail)
    : id_(id),
      codec_(std::move(codec)),
      capacity_(std::max<size_t>(capacity, 1)),
      wake_(std::move(wake)),
      fail_(std::move(fail)),
      frames_(capacity_) {}

Status RemoteReader::on_frame(const ElementHeader& header, std::string frame) {
  if (header.sequence != received_) {
    return data_loss(cat("channel ", id_, ": element ", header.sequence, " came where element ",
                         received_, " should have"));
  }
  if (received_ - announced_.load(std::memory_order_acquire) >= capacity_ ||
      !frames_.try_push(std::move(frame))) {
    return data_loss(cat("channel ", id_, ": element ", header.sequence,
                         " came without a credit for it; there are ", capacity_));
  }
  ++received_;
  wake_();
  return {};
}

bool RemoteReader::try_pop(StreamElement* element) {
  if (failed_) return false;
  const std::string* frame = frames_.front();
  if (frame == nullptr) return false;
  Status status = decode(*frame, element);
  frames_.pop();
  if (!status.ok()) {
    failed_ = true;
    fail_(status.with_context(cat("channel ", id_, ", element ", taken_)));
    return false;
  }
  count_taken(element->kind);
  if (bug_enabled(Bug::kBarrierLostBetweenProcesses) &&
      element->kind == StreamElement::Kind::kBarrier)
    return try_pop(element);
  if (bug_enabled(Bug::kRemoteWatermarkAhead) && element->kind == StreamElement::Kind::kWatermark &&
      element->value < kMaxWatermark) {
    element->value += 200;
  }
  return true;
}

Status RemoteReader::decode(std::string_view frame, StreamElement* element) {
  const auto header = decode_element_header(frame);
  if (!header.ok()) return header.status();
  element->kind = header->kind;
  element->value = 0;
  element->batch = nullptr;
  const std::string_view payload = frame.substr(kElementHeaderBytes);
  if (header->kind != StreamElement::Kind::kBatch) {
    BinaryReader in(payload);
    element->value = in.get_i64();
    return in.end("a mark in a stream");
  }
  if (codec_ == nullptr) return data_loss("records came on a channel that can carry none");
  std::unique_ptr<Batch> batch;
  if (emptied_.empty()) {
    batch = codec_->make();
  } else {
    batch = std::move(emptied_.back());
    emptied_.pop_back();
  }
  Status status = codec_->decode(payload, *batch);
  element->value = static_cast<int64_t>(frame.size());
  if (status.ok()) element->batch = std::move(batch);
  return status;
}

void RemoteReader::count_taken(StreamElement::Kind kind) {
  if (bug_enabled(Bug::kCreditLost) && kind == StreamElement::Kind::kBarrier) return;
  ++taken_;
  // Announce half of the capacity at a time: the producer can continue meanwhile with the other
  // half.
  if (taken_ - announced_.load(std::memory_order_relaxed) < (capacity_ + 1) / 2) return;
  // Before the credit is sent, because an element that uses it may arrive at once.
  announced_.store(taken_, std::memory_order_release);
  connection_->send(encode_credit({id_, taken_}));
}

void RemoteReader::recycle(std::unique_ptr<Batch> batch) {
  batch->clear();
  if (emptied_.size() < 2) emptied_.push_back(std::move(batch));
}

}  // namespace weir
