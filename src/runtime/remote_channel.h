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
#include "weir/detail/record_codec.h"

namespace weir {

/// The producing end of a channel to another process: encodes an element and sends it, if it has a
/// credit for it. Invariant: the elements that were sent and of which the other end has not said
/// that they were taken out are never more than the credits it granted; so a consumer that stands
/// still stops this channel, and only this one.
class RemoteWriter final : public ChannelWriter {
 public:
  /// `wake` is called, on any thread, when credits have come. `codec` may be null only if no batch
  /// is sent. `fail`, on the shard's thread, when a record is larger than a frame may be: with the
  /// reason, once; the record is dropped.
  RemoteWriter(uint32_t id, std::shared_ptr<const RecordCodec> codec, std::function<void()> wake,
               std::function<void(Status)> fail, size_t most_frame_bytes = kMaxFrameBytes);

  /// Before the first push, which sees it: where elements go, and how many may be under way. Until
  /// then there is no room.
  void open(Connection* connection, uint32_t credits);

  // Thread: the producing shard's.
  /// False also in the middle of a batch that is too large for one frame: then `element` is to be
  /// pushed again before any other.
  bool try_push(StreamElement& element) override;
  std::unique_ptr<Batch> take_empty() override;

  /// Thread: the connection's callbacks. DATA_LOSS: the other end counts what it cannot have.
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
  std::deque<StreamElement> parts_;  ///< what is still to be sent of a batch that was too large
  bool failed_ = false;
  std::unique_ptr<Batch> emptied_;
  size_t expected_bytes_ = 0;  ///< of the next batch: as many as the last had
  // shared
  std::atomic<uint64_t> sent_{0};   ///< written by the shard
  std::atomic<uint64_t> taken_{0};  ///< written by the connection's callbacks
};

/// The consuming end: keeps frames as they come, and decodes one when the task wants it.
/// Invariant: what is kept is never more than the capacity, because a sender that exceeds its
/// credits fails the attempt.
class RemoteReader final : public ChannelReader {
 public:
  /// `wake` is called, on the thread of the connection's callbacks, when an element has come.
  /// `fail`, on the shard's thread, when one cannot be decoded: with the reason, once; nothing
  /// comes out of the channel afterwards.
  RemoteReader(uint32_t id, std::shared_ptr<const RecordCodec> codec, size_t capacity,
               std::function<void()> wake, std::function<void(Status)> fail);

  /// Before the first pop, which sees it: where credits go.
  void open(Connection* connection) { connection_ = connection; }

  /// Thread: the connection's callbacks. DATA_LOSS: elements are missing or come twice, or more
  /// than the credits allow.
  Status on_frame(const ElementHeader& header, std::string frame);

  // Thread: the consuming shard's.
  bool try_pop(StreamElement* element) override;
  void recycle(std::unique_ptr<Batch> batch) override;

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
      emptied_;  ///< at most two: one being filled, one being worked on
  // shared
  SpscQueue<std::string> frames_;
  std::atomic<uint64_t> announced_{
      0};  ///< what the other end was told of `taken_`; written by the shard
};

}  // namespace weir
