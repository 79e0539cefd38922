#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/spsc_queue.h"
#include "platform/transport.h"
#include "runtime/channel.h"
#include "runtime/data_frame.h"
#include "weir/detail/types/record_codec.h"

namespace weir {

/// The producing end of a channel to another process: encodes an element and sends it, if there is
/// a credit for it. Invariant: the number of sent elements that the other end has not reported as
/// taken out never exceeds the credits that it granted. So a consumer that makes no progress stops
/// this channel, and only this one.
class RemoteWriter final : public ChannelWriter {
 public:
  /// `wake` is called, on any thread, when credits have arrived. `codec` may be null only if no
  /// batch is sent. `fail` is called once, on the shard's thread, with the reason, when a record is
  /// larger than the maximum frame; the record is dropped.
  RemoteWriter(uint32_t id, std::shared_ptr<const RecordCodec> codec, std::function<void()> wake,
               std::function<void(Status)> fail, size_t most_frame_bytes = kMaxFrameBytes);

  /// Call it before the first push. Sets where elements are sent, and the maximum number in flight.
  /// Until then there is no room.
  void open(Connection* connection, uint32_t credits);

  // Thread: the producing shard's.
  /// Also returns false in the middle of a batch that is too large for one frame: then push
  /// `element` again before any other.
  bool try_push(StreamElement& element) override;
  std::unique_ptr<Batch> take_empty() override;

  /// Thread: the connection's callbacks. DATA_LOSS: the other end reports an impossible number.
  Status on_credit(uint64_t taken);

 private:
  enum class Pushed { kDone, kNoRoom, kTooLarge };
  Pushed push(StreamElement& element);
  std::string encode(const StreamElement& element);
  void cut(Batch& batch);

  // set once
  const uint32_t id_;
  const std::shared_ptr<const RecordCodec> codec_;
  const std::function<void()> wake_;
  const std::function<void(Status)> fail_;
  const size_t most_frame_bytes_;
  Connection* connection_ = nullptr;
  uint32_t credits_ = 0;
  // shard
  std::deque<StreamElement> parts_;  ///< the unsent parts of a batch that was too large
  bool failed_ = false;
  std::unique_ptr<Batch> emptied_;
  size_t expected_bytes_ = 0;  ///< size of the last batch, used as an estimate for the next
  // shared
  std::atomic<uint64_t> sent_{0};   ///< written by the shard
  std::atomic<uint64_t> taken_{0};  ///< written by the connection's callbacks
};

/// The consuming end: keeps received frames, and decodes one when the task reads it. Invariant: it
/// never keeps more than the capacity, because a sender that exceeds its credits fails the attempt.
class RemoteReader final : public ChannelReader {
 public:
  /// `wake` is called, on the thread of the connection's callbacks, when an element has arrived.
  /// `fail` is called once, on the shard's thread, with the reason, when an element cannot be
  /// decoded; the channel returns no more elements afterwards.
  RemoteReader(uint32_t id, std::shared_ptr<const RecordCodec> codec, size_t capacity,
               std::function<void()> wake, std::function<void(Status)> fail);

  /// Call it before the first pop. Sets where credits are sent.
  void open(Connection* connection) { connection_ = connection; }

  /// Thread: the connection's callbacks. DATA_LOSS: elements are missing or repeated, or exceed the
  /// credits.
  Status on_frame(const ElementHeader& header, std::string frame);

  // Thread: the consuming shard's.
  bool try_pop(StreamElement* element) override;
  void recycle(std::unique_ptr<Batch> batch) override;
  QueueFill fill() const override {
    return {static_cast<int64_t>(frames_.size_estimate()), static_cast<int64_t>(capacity_)};
  }

 private:
  Status decode(std::string_view frame, StreamElement* element);
  void count_taken(StreamElement::Kind kind);

  // set once
  const uint32_t id_;
  const std::shared_ptr<const RecordCodec> codec_;
  const size_t capacity_;
  const std::function<void()> wake_;
  const std::function<void(Status)> fail_;
  Connection* connection_ = nullptr;
  // connection's callbacks
  uint64_t received_ = 0;
  // shard
  uint64_t taken_ = 0;
  bool failed_ = false;
  std::vector<std::unique_ptr<Batch>>
      emptied_;  ///< at most two: one is being filled, one is being processed
  // shared
  SpscQueue<std::string> frames_;
  std::atomic<uint64_t> announced_{
      0};  ///< the last value of `taken_` sent to the other end; written by the shard
};

}  // namespace weir
