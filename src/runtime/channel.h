#pragma once

#include <functional>
#include <memory>

#include "platform/spsc_queue.h"
#include "runtime/stream_element.h"

namespace weir {

/// The producing subtask's end of a channel. Thread: the producing shard's.
class ChannelWriter {
 public:
  virtual ~ChannelWriter() = default;
  /// Returns false and leaves `element` untouched if there is no room; the producer is woken when
  /// there is.
  virtual bool try_push(StreamElement& element) = 0;
  /// Returns an emptied batch to fill again, or null.
  virtual std::unique_ptr<Batch> take_empty() = 0;
};

/// How full a queue is, in elements.
struct QueueFill {
  int64_t queued = 0;
  int64_t capacity = 0;
};

/// The consuming subtask's end of a channel. Thread: the consuming shard's.
class ChannelReader {
 public:
  virtual ~ChannelReader() = default;
  /// Returns false if the channel is empty; the consumer is woken when it is not.
  virtual bool try_pop(StreamElement* element) = 0;
  /// Returns a batch that came from this channel, so that the producer can use it again.
  virtual void recycle(std::unique_ptr<Batch> batch) = 0;
  /// Thread: any.
  virtual QueueFill fill() const = 0;
};

/// A channel between two subtasks of the same process: a bounded queue, and a second queue that
/// returns emptied batches, so that the steady state allocates nothing. Between processes:
/// runtime/remote_channel.h.
class Channel final : public ChannelWriter, public ChannelReader {
 public:
  explicit Channel(size_t capacity) : elements_(capacity), emptied_(capacity) {}

  /// Set once, before either side runs. A push calls the first and a pop the second, to wake the
  /// shard at the other end.
  void set_wakers(std::function<void()> wake_consumer, std::function<void()> wake_producer) {
    wake_consumer_ = std::move(wake_consumer);
    wake_producer_ = std::move(wake_producer);
  }

  bool try_push(StreamElement& element) override {
    if (!elements_.try_push(std::move(element))) return false;
    if (wake_consumer_) wake_consumer_();
    return true;
  }
  bool try_pop(StreamElement* element) override {
    if (!elements_.try_pop(*element)) return false;
    if (wake_producer_) wake_producer_();
    return true;
  }
  std::unique_ptr<Batch> take_empty() override {
    std::unique_ptr<Batch> batch;
    emptied_.try_pop(batch);
    return batch;
  }
  void recycle(std::unique_ptr<Batch> batch) override {
    batch->clear();
    emptied_.try_push(std::move(batch));
  }
  QueueFill fill() const override {
    return {static_cast<int64_t>(elements_.size_estimate()),
            static_cast<int64_t>(elements_.capacity())};
  }

 private:
  SpscQueue<StreamElement> elements_;
  SpscQueue<std::unique_ptr<Batch>> emptied_;
  std::function<void()> wake_consumer_;
  std::function<void()> wake_producer_;
};

}  // namespace weir
