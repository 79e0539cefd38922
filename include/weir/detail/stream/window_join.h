#pragma once

// A join of the windows of two streams is a window of their union, in which each record says by its
// type which stream it comes from.

#include <functional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/stream/batch_keys.h"
#include "weir/function/functions.h"

namespace weir::detail {

/// A record of the first or of the second stream. The types may be the same.
template <class A, class B>
using EitherRecord = std::variant<A, B>;

template <class A, class B, class Selector1, class Selector2>
struct KeyOfEither {
  using K = KeyOf<A, Selector1>;
  K operator()(const EitherRecord<A, B>& record) const {
    return record.index() == 0 ? std::invoke(first, std::get<0>(record))
                               : std::invoke(second, std::get<1>(record));
  }
  Selector1 first;
  Selector2 second;
};

/// Calls `f` for each pair of records of a window: f(a, b) returns a record, or f(a, b, collector)
/// collects any number.
template <class A, class B, class K, class Out, class F>
class JoinWindow final : public ProcessWindowFunction<EitherRecord<A, B>, Out, K> {
 public:
  explicit JoinWindow(F f) : f_(std::move(f)) {}

  void process(const K&, const WindowContext&, const std::vector<EitherRecord<A, B>>& elements,
               Collector<Out>& out) override {
    second_.clear();
    for (const auto& element : elements) {
      if (element.index() == 1) second_.push_back(&std::get<1>(element));
    }
    if (second_.empty()) return;
    for (const auto& element : elements) {
      if (element.index() == 1) continue;
      for (const B* second : second_) call(std::get<0>(element), *second, out);
    }
  }

 private:
  void call(const A& first, const B& second, Collector<Out>& out) {
    if constexpr (std::is_invocable_v<F&, const A&, const B&, Collector<Out>&>) {
      std::invoke(f_, first, second, out);
    } else {
      out.collect(std::invoke(f_, first, second));
    }
  }

  F f_;
  std::vector<const B*> second_;  // of the window that is being processed
};

/// Calls f(records of the first stream, records of the second, collector) for each window.
template <class A, class B, class K, class Out, class F>
class CoGroupWindow final : public ProcessWindowFunction<EitherRecord<A, B>, Out, K> {
 public:
  explicit CoGroupWindow(F f) : f_(std::move(f)) {}

  void process(const K&, const WindowContext&, const std::vector<EitherRecord<A, B>>& elements,
               Collector<Out>& out) override {
    first_.clear();
    second_.clear();
    for (const auto& element : elements) {
      if (element.index() == 0) first_.push_back(std::get<0>(element));
      else second_.push_back(std::get<1>(element));
    }
    std::invoke(f_, std::as_const(first_), std::as_const(second_), out);
  }

 private:
  F f_;
  // They belong to the window that is being processed.
  std::vector<A> first_;
  std::vector<B> second_;
};

}  // namespace weir::detail
