#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/window/window_key.h"

namespace weir::detail {

/// The states of a window function: by key, and by key and window. Thread: the operator's.
template <class K>
class WindowStates {
 public:
  /// `backend` outlives this, and holds the states. `merging`: of session windows.
  WindowStates(KeyedBackend<K>& backend, bool merging) : backend_(backend), merging_(merging) {}

  template <class Descriptor>
  auto by_key(const Descriptor& descriptor) {
    used_ = true;
    return backend_.state(descriptor);
  }
  template <class Descriptor>
  auto by_window(const Descriptor& descriptor) {
    if (merging_)
      throw std::invalid_argument(
          "a window function asks for state by window, but its windows are sessions, which merge; "
          "use global_state()");
    used_ = true;
    if (by_window_ == nullptr)
      by_window_ = std::make_unique<DeclaredStates<WindowKey<K>>>(backend_);
    return by_window_->state(descriptor);
  }

  /// Sets the key and window of the next call of the function.
  void set_current(const K& key, const TimeWindow& window) {
    if (!used_) return;
    at_ = {key, window};
    backend_.set_current_key(at_.key, KeyPlacer<K>{backend_.places()}(at_.key));
    if (by_window_ != nullptr)
      by_window_->current().set(at_, KeyPlacer<WindowKey<K>>{backend_.places()}(at_));
  }
  /// Until the next set_current(), an access to a state throws.
  void clear_current() {
    if (!used_) return;
    backend_.clear_current_key();
    if (by_window_ != nullptr) by_window_->current().clear();
  }

 private:
  KeyedBackend<K>& backend_;
  const bool merging_;
  bool used_ = false;
  std::unique_ptr<DeclaredStates<WindowKey<K>>> by_window_;
  WindowKey<K> at_;
};

}  // namespace weir::detail
