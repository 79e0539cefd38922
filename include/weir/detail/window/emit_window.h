#pragma once

// The results for a key when its window fires.

#include <memory>
#include <utility>
#include <vector>

#include "weir/detail/window/window_states.h"
#include "weir/function/functions.h"

namespace weir::detail {

struct EmitResult {
  template <class Backend>
  void open(OperatorContext&, Backend&, bool) {}
  template <class K>
  void clear(const K&, const WindowContext&) {}
  void close() {}
  template <class Kept, class K, class Stored, class Out>
  void operator()(const Kept& kept, const K&, const WindowContext&, const Stored& stored,
                  Collector<Out>& out) {
    out.collect(kept.result(stored));
  }
};

template <class Fn>
class EmitProcessed {
 public:
  using K = typename Fn::Key;

  explicit EmitProcessed(Fn function) : function_(std::move(function)) {}

  /// Opens the function, which adds its states to `backend`. `merging`: for session windows.
  void open(OperatorContext& context, KeyedBackend<K>& backend, bool merging) {
    states_ = std::make_shared<WindowStates<K>>(backend, merging);
    WindowRuntimeContext<K> runtime(context, *states_);
    function_.Fn::open(runtime);
  }
  template <class Kept, class Stored, class Out>
  void operator()(const Kept& kept, const K& key, const WindowContext& context,
                  const Stored& stored, Collector<Out>& out) {
    if (states_ != nullptr) states_->set_current(key, context.window);
    if constexpr (requires { kept.elements(stored); }) {
      function_.Fn::process(key, context, kept.elements(stored), out);
    } else {
      one_.clear();
      one_.push_back(kept.result(stored));
      function_.Fn::process(key, context, one_, out);
    }
    if (states_ != nullptr) states_->clear_current();
  }
  /// Ends the window of a key.
  void clear(const K& key, const WindowContext& context) {
    states_->set_current(key, context.window);
    function_.Fn::clear(key, context);
    states_->clear_current();
  }
  void close() { function_.Fn::close(); }

 private:
  Fn function_;
  std::shared_ptr<WindowStates<K>> states_;  ///< null before open()
  std::vector<typename Fn::Input> one_;
};

}  // namespace weir::detail
