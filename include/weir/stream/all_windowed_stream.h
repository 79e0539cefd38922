#pragma once

#include <chrono>
#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/function/functions.h"
#include "weir/stream/windowed_stream.h"

namespace weir {

namespace detail {

/// Calls a ProcessAllWindowFunction as a function with a key.
template <class Fn>
class WithoutKey final
    : public ProcessWindowFunction<typename Fn::Input, typename Fn::Output, int8_t> {
 public:
  explicit WithoutKey(Fn function) : function_(std::move(function)) {}
  void open(WindowRuntimeContext<int8_t>& context) override { function_.Fn::open(context); }
  void process(const int8_t&, const WindowContext& context,
               const std::vector<typename Fn::Input>& elements,
               Collector<typename Fn::Output>& out) override {
    function_.Fn::process(context, elements, out);
  }
  void clear(const int8_t&, const WindowContext& context) override { function_.Fn::clear(context); }
  void close() override { function_.Fn::close(); }

 private:
  Fn function_;
};

}  // namespace detail

/// The records of a whole stream, by window. A value. One subtask processes them all. The calls are
/// those of WindowedStream, with a ProcessAllWindowFunction as the function of a window.
template <class T, class Inner>
class AllWindowedStream {
 public:
  using Record = T;

  explicit AllWindowedStream(Inner inner) : inner_(std::move(inner)) {}

  template <class Trigger>
  auto trigger(Trigger trigger) const {
    return with(inner_.trigger(std::move(trigger)));
  }
  template <class Evictor>
  auto evictor(Evictor evictor) const {
    return with(inner_.evictor(std::move(evictor)));
  }
  auto allowed_lateness(std::chrono::milliseconds lateness) const {
    return with(inner_.allowed_lateness(lateness));
  }
  template <class X>
  AllWindowedStream side_output_late_data(OutputTag<X> tag) const {
    return AllWindowedStream(inner_.side_output_late_data(std::move(tag)));
  }

  template <class A>
  auto aggregate(A function) const {
    return inner_.aggregate(std::move(function)).set_parallelism(1);
  }
  template <class A, class Fn>
  auto aggregate(A function, Fn process) const {
    check<AggregateResult<A>, Fn>();
    return inner_.aggregate(std::move(function), detail::WithoutKey<Fn>(std::move(process)))
        .set_parallelism(1);
  }
  template <class F>
  auto reduce(F f) const {
    return inner_.reduce(std::move(f)).set_parallelism(1);
  }
  template <class F, class Fn>
  auto reduce(F f, Fn process) const {
    check<T, Fn>();
    return inner_.reduce(std::move(f), detail::WithoutKey<Fn>(std::move(process)))
        .set_parallelism(1);
  }
  template <class V, class Record = T>
  requires std::is_class_v<Record> auto sum(V Record::* member) const {
    return inner_.sum(member).set_parallelism(1);
  }
  template <class V, class Record = T>
  requires std::is_class_v<Record> auto min(V Record::* member) const {
    return inner_.min(member).set_parallelism(1);
  }
  template <class V, class Record = T>
  requires std::is_class_v<Record> auto max(V Record::* member) const {
    return inner_.max(member).set_parallelism(1);
  }
  template <class Selector>
  auto min_by(Selector selector, bool first = true) const {
    return inner_.min_by(std::move(selector), first).set_parallelism(1);
  }
  template <class Selector>
  auto max_by(Selector selector, bool first = true) const {
    return inner_.max_by(std::move(selector), first).set_parallelism(1);
  }
  template <class Fn>
  auto process(Fn process) const {
    check<T, Fn>();
    return inner_.process(detail::WithoutKey<Fn>(std::move(process))).set_parallelism(1);
  }

 private:
  template <class Other>
  AllWindowedStream<T, Other> with(Other inner) const {
    return AllWindowedStream<T, Other>(std::move(inner));
  }
  template <class In, class Fn>
  static constexpr void check() {
    static_assert(
        requires {
          requires std::derived_from<Fn, ProcessAllWindowFunction<In, typename Fn::Output>>;
        },
        "the window's function must be a weir::ProcessAllWindowFunction<In, Out> whose In is what "
        "the window gives (its records, or the one result of aggregate or reduce)");
  }

  Inner inner_;
};

}  // namespace weir
