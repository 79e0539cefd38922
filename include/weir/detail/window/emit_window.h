#pragma once

// The results for a key when its window fires.

#include <utility>
#include <vector>

#include "weir/function/functions.h"

namespace weir::detail {

struct EmitResult {
  template <class Kept, class K, class Stored, class Out>
  void operator()(const Kept& kept, const K&, const WindowContext&, const Stored& stored,
                  Collector<Out>& out) {
    out.collect(kept.result(stored));
  }
};

template <class Fn>
class EmitProcessed {
 public:
  explicit EmitProcessed(Fn function) : function_(std::move(function)) {}
  template <class Kept, class K, class Stored, class Out>
  void operator()(const Kept& kept, const K& key, const WindowContext& context,
                  const Stored& stored, Collector<Out>& out) {
    if constexpr (requires { kept.elements(stored); }) {
      function_.Fn::process(key, context, kept.elements(stored), out);
    } else {
      one_.clear();
      one_.push_back(kept.result(stored));
      function_.Fn::process(key, context, one_, out);
    }
  }

 private:
  Fn function_;
  std::vector<typename Fn::Input> one_;
};

}  // namespace weir::detail
