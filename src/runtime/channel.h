#pragma once

#include <functional>
#include <memory>

#include "platform/spsc_queue.h"
#include "runtime/stream_element.h"

namespace weir {

/// The way from one subtask to another: a bounded queue, and one back for emptied batches, so that the steady state allocates nothing.
/// Thread: the producing shard calls try_push and take_empty, the consuming shard try_pop and give_back.
class Channel {
 public:
  explicit Channel(size_t capacity) : elements_(capacity), emptied_(capacity) {}

  /// Set once, before either side runs: called after a push and after a pop, to wake the shard at the other end.
  void set_wakers(std::function<void()> wake_consumer, std::function<void()> wake_producer) {
    wake_consumer_ = std::move(wake_consumer);
    wake_producer_ = std::move(wake_producer);
  }

  /// False, and `element` untouched, when the queue is full; a pop wakes the producer then.
  bool try_push(StreamElement& element) {
    if (!elements_.try_push(std::move(element))) return false;
    if (wake_consumer_) wake_consumer_();
    return true;
  }
  bool try_pop(StreamElement* element) {
    if (!elements_.try_pop(*element)) return false;
    if (wake_producer_) wake_producer_();
    return true;
  }

  /// An empty batch to fill: one that came back, or null.
  std::unique_ptr<Batch> take_empty() {
    std::unique_ptr<Batch> batch;
    emptied_.try_pop(batch);
    return batch;
  }
  /// Empties the batch and sends it back.
  void give_back(std::unique_ptr<Batch> batch) {
    batch->clear();
    emptied_.try_push(std::move(batch));
  }

 private:
  SpscQueue<StreamElement> elements_;
  SpscQueue<std::unique_ptr<Batch>> emptied_;
  std::function<void()> wake_consumer_;
  std::function<void()> wake_producer_;
};

}  // namespace weir
