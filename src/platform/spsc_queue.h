#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace weir {

/// A bounded, lock-free ring between two threads. Carries records from one shard to another.
/// Thread: push side one, pop side one (after a hand-over with synchronization, another). Destroy
/// it when neither is inside.
template <class T>
class SpscQueue {
 public:
  /// `capacity` is rounded up to a power of two.
  explicit SpscQueue(size_t capacity)
      : capacity_(std::bit_ceil(capacity < 1 ? size_t{1} : capacity)),
        slots_(std::allocator<T>().allocate(capacity_)) {}
  ~SpscQueue() {
    while (front() != nullptr) pop();
    std::allocator<T>().deallocate(slots_, capacity_);
  }
  SpscQueue(const SpscQueue&) = delete;
  SpscQueue& operator=(const SpscQueue&) = delete;

  size_t capacity() const { return capacity_; }

  // The push side.

  /// False, and `value` is untouched, if the queue is full.
  bool try_push(T&& value) {
    if (!has_room()) return false;
    const size_t tail = tail_.load(std::memory_order_relaxed);
    std::construct_at(&slots_[tail & (capacity_ - 1)], std::move(value));
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  /// Once true, it stays true until the push side pushes.
  bool has_room() {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - known_head_ < capacity_) return true;
    known_head_ = head_.load(std::memory_order_acquire);
    return tail - known_head_ < capacity_;
  }

  // The pop side.

  /// The oldest element, or null. Valid until pop().
  T* front() {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == known_tail_) {
      known_tail_ = tail_.load(std::memory_order_acquire);
      if (head == known_tail_) return nullptr;
    }
    return &slots_[head & (capacity_ - 1)];
  }
  /// Only after front() gave an element.
  void pop() {
    const size_t head = head_.load(std::memory_order_relaxed);
    std::destroy_at(&slots_[head & (capacity_ - 1)]);
    head_.store(head + 1, std::memory_order_release);
  }
  bool try_pop(T& out) {
    T* oldest = front();
    if (oldest == nullptr) return false;
    out = std::move(*oldest);
    pop();
    return true;
  }

  /// Exact on either side while the other is idle; otherwise a snapshot. Thread: any.
  size_t size_estimate() const {
    const size_t head = head_.load(std::memory_order_acquire);
    const size_t tail = tail_.load(std::memory_order_acquire);
    return tail - head > capacity_ ? capacity_ : tail - head;
  }

 private:
  static constexpr size_t kCacheLine = 64;

  // set once
  const size_t capacity_;
  T* const slots_;
  // pop side writes; each side caches what it last saw of the other, to touch the other's cache
  // line rarely
  alignas(kCacheLine) std::atomic<size_t> head_{0};
  size_t known_tail_ = 0;
  // push side writes
  alignas(kCacheLine) std::atomic<size_t> tail_{0};
  size_t known_head_ = 0;
  char padding_[kCacheLine - sizeof(std::atomic<size_t>) - sizeof(size_t)];
};

}  // namespace weir
