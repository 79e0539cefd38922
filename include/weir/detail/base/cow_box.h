#pragma once

#include <atomic>
#include <utility>

namespace weir::detail {

/// A large value behind a counted pointer. A copy of the box copies only the pointer, so a copy of
/// a table page copies no lists. write() copies the value if another box shares it. An empty box
/// reads as T{}. Thread: one at a time for a box; boxes that share a value may be read and
/// destroyed on different threads.
template <class T>
class CowBox {
 public:
  CowBox() = default;
  explicit CowBox(T value) : shared_(new Shared(std::move(value))) {}
  CowBox(const CowBox& other) : shared_(other.shared_) {
    if (shared_ != nullptr) shared_->users.fetch_add(1, std::memory_order_relaxed);
  }
  CowBox(CowBox&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  CowBox& operator=(CowBox other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~CowBox() {
    if (shared_ != nullptr && shared_->users.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete shared_;
  }

  const T& read() const {
    static const T nothing{};
    return shared_ != nullptr ? shared_->value : nothing;
  }
  T& write() {
    if (shared_ == nullptr) {
      shared_ = new Shared(T{});
    } else if (shared_->users.load(std::memory_order_acquire) != 1) {
      *this = CowBox(shared_->value);
    }
    return shared_->value;
  }

 private:
  struct Shared {
    explicit Shared(T v) : value(std::move(v)) {}
    std::atomic<int> users{1};
    T value;
  };
  Shared* shared_ = nullptr;
};

}  // namespace weir::detail
