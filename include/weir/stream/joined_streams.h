#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/window_join.h"
#include "weir/stream/data_stream.h"
#include "weir/stream/keyed_stream.h"
#include "weir/stream/windowed_stream.h"

namespace weir {

namespace detail {

/// The type of the records that a function of three parameters collects.
template <class>
struct CollectedByThird;
template <class R, class A, class B, class Out>
struct CollectedByThird<R (*)(A, B, Collector<Out>&)> {
  using Type = Out;
};
template <class C, class R, class A, class B, class Out>
struct CollectedByThird<R (C::*)(A, B, Collector<Out>&)> {
  using Type = Out;
};
template <class C, class R, class A, class B, class Out>
struct CollectedByThird<R (C::*)(A, B, Collector<Out>&) const> {
  using Type = Out;
};
template <class F>
requires requires { typename CollectedByThird<decltype(&F::operator())>::Type; }
struct CollectedByThird<F> : CollectedByThird<decltype(&F::operator())> {};

template <class F>
inline constexpr bool kCollectsByThird = requires { typename CollectedByThird<F>::Type; };

/// The differences between DataStream::join() and co_group().
struct PairsOfWindow {
  static constexpr const char* kCall = "join";
  static constexpr bool kPairs = true;
  template <class A, class B, class K, class Out, class F>
  using Window = JoinWindow<A, B, K, Out, F>;
};
struct GroupsOfWindow {
  static constexpr const char* kCall = "co_group";
  static constexpr bool kPairs = false;
  template <class A, class B, class K, class Out, class F>
  using Window = CoGroupWindow<A, B, K, Out, F>;
};

}  // namespace detail

/// The windows of a join() or co_group(), which contain the records of both streams. A value.
template <class Kind, class A, class B, class Windowed>
class TwoStreamWindows {
 public:
  /// When windows emit their results, as for WindowedStream. A trigger that looks at records gets a
  /// std::variant<A, B>.
  template <class Trigger>
  auto trigger(Trigger trigger) const {
    return with(windowed_.trigger(std::move(trigger)));
  }
  /// Which records of both streams together are used, as for WindowedStream. An evictor that looks
  /// at records gets a std::variant<A, B>.
  template <class Evictor>
  auto evictor(Evictor evictor) const {
    return with(windowed_.evictor(std::move(evictor)));
  }
  /// As for WindowedStream: a late record emits all results of its window again.
  auto allowed_lateness(std::chrono::milliseconds lateness) const {
    return with(windowed_.allowed_lateness(lateness));
  }

  /// join(): `f(a, b)` returns a record for each pair of a window, or `f(a, b, collector)` collects
  /// any number. co_group(): `f(first, second, collector)` is called for each window with the
  /// records of both streams, as a const std::vector<A>& and a const std::vector<B>&, one of which
  /// may be empty. Results have the window's last timestamp. The type of the results is known from
  /// `f`, or named: apply<Out>(f).
  template <class Out = void, class F>
  auto apply(F f) const {
    if constexpr (!std::is_void_v<Out>) {
      return add<Out>(std::move(f));
    } else if constexpr (detail::kCollectsByThird<F>) {
      return add<typename detail::CollectedByThird<F>::Type>(std::move(f));
    } else if constexpr (Kind::kPairs && std::is_invocable_v<F&, const A&, const B&>) {
      using Result = std::remove_cvref_t<std::invoke_result_t<F&, const A&, const B&>>;
      static_assert(!std::is_void_v<Result>, "apply: the function must return the new record");
      if constexpr (!std::is_void_v<Result>) return add<Result>(std::move(f));
    } else {
      static_assert(sizeof(F) == 0,
                    "apply: after join() the function takes a const A& and a const B&, and perhaps "
                    "a weir::Collector<Out>&; after co_group() it takes a const std::vector<A>&, a "
                    "const std::vector<B>& and a weir::Collector<Out>&. Name Out for a generic "
                    "function: apply<Out>(f)");
    }
  }

 private:
  template <class, class, class, class>
  friend class TwoStreamWindows;
  template <class, class, class, class, class>
  friend class TwoKeyedStreams;
  TwoStreamWindows(std::shared_ptr<detail::StreamGraph> graph, Windowed windowed)
      : graph_(std::move(graph)), windowed_(std::move(windowed)) {}

  template <class Other>
  auto with(Other windowed) const {
    return TwoStreamWindows<Kind, A, B, Other>(graph_, std::move(windowed));
  }
  template <class Out, class F>
  SingleOutputStreamOperator<Out> add(F f) const {
    using K = typename Windowed::Key;
    constexpr bool kTakes = Kind::kPairs
                                ? std::is_invocable_v<F&, const A&, const B&, Collector<Out>&> ||
                                      std::is_invocable_r_v<Out, F&, const A&, const B&>
                                : std::is_invocable_v<F&, const std::vector<A>&,
                                                      const std::vector<B>&, Collector<Out>&>;
    static_assert(kTakes,
                  "apply: after join() the function takes a const A& and a const B&, and perhaps a "
                  "weir::Collector<Out>&; after co_group() it takes a const std::vector<A>&, a "
                  "const std::vector<B>& and a weir::Collector<Out>&");
    detail::check_function(*graph_, "apply", f);
    using Window = typename Kind::template Window<A, B, K, Out, F>;
    return windowed_.process(Window(std::move(f))).name(Kind::kCall);
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  Windowed windowed_;
};

/// Two streams and the selectors of their keys. A value.
template <class Kind, class A, class B, class Selector1, class Selector2>
class TwoKeyedStreams {
 public:
  /// `assigner`: as for KeyedStream::window().
  template <class Assigner>
  auto window(Assigner assigner) const {
    using Either = detail::EitherRecord<A, B>;
    const auto first =
        first_.map([](const A& record) { return Either(std::in_place_index<0>, record); })
            .name(std::string(Kind::kCall) + " first");
    const auto second =
        second_.map([](const B& record) { return Either(std::in_place_index<1>, record); })
            .name(std::string(Kind::kCall) + " second");
    const detail::KeyOfEither<A, B, Selector1, Selector2> selector{selector1_, selector2_};
    auto windowed = first.union_with(second).key_by(selector).window(std::move(assigner));
    return TwoStreamWindows<Kind, A, B, decltype(windowed)>(graph_, std::move(windowed));
  }

 private:
  template <class, class, class, class>
  friend class FirstKeyOfTwoStreams;
  TwoKeyedStreams(std::shared_ptr<detail::StreamGraph> graph, DataStream<A> first,
                  DataStream<B> second, Selector1 selector1, Selector2 selector2)
      : graph_(std::move(graph)),
        first_(std::move(first)),
        second_(std::move(second)),
        selector1_(std::move(selector1)),
        selector2_(std::move(selector2)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  DataStream<A> first_;
  DataStream<B> second_;
  Selector1 selector1_;
  Selector2 selector2_;
};

/// Two streams and the selector of the first one's key. A value.
template <class Kind, class A, class B, class Selector1>
class FirstKeyOfTwoStreams {
 public:
  /// The key of a record of the second stream; its type is that of where().
  template <class Selector2>
  auto equal_to(Selector2 selector) const {
    static_assert(std::is_invocable_v<const Selector2&, const B&>,
                  "equal_to: the selector is a pointer to a member of the second stream's record, "
                  "or a function that takes a const B& and is const itself");
    static_assert(std::is_same_v<detail::KeyOf<A, Selector1>, detail::KeyOf<B, Selector2>>,
                  "equal_to: the keys of both streams must have the same type");
    detail::check_function(*graph_, "equal_to", selector);
    return TwoKeyedStreams<Kind, A, B, Selector1, Selector2>(graph_, first_, second_, selector_,
                                                             std::move(selector));
  }

 private:
  template <class, class, class>
  friend class TwoStreams;
  FirstKeyOfTwoStreams(std::shared_ptr<detail::StreamGraph> graph, DataStream<A> first,
                       DataStream<B> second, Selector1 selector)
      : graph_(std::move(graph)),
        first_(std::move(first)),
        second_(std::move(second)),
        selector_(std::move(selector)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  DataStream<A> first_;
  DataStream<B> second_;
  Selector1 selector_;
};

/// Two streams that are joined by windows; see DataStream::join() and co_group(). A value.
template <class Kind, class A, class B>
class TwoStreams {
 public:
  /// The key of a record of the first stream, as in DataStream::key_by().
  template <class Selector1>
  auto where(Selector1 selector) const {
    static_assert(std::is_invocable_v<const Selector1&, const A&>,
                  "where: the selector is a pointer to a member of the first stream's record, or a "
                  "function that takes a const A& and is const itself");
    detail::check_function(*graph_, "where", selector);
    return FirstKeyOfTwoStreams<Kind, A, B, Selector1>(graph_, first_, second_,
                                                       std::move(selector));
  }

 private:
  template <class>
  friend class DataStream;
  TwoStreams(std::shared_ptr<detail::StreamGraph> graph, DataStream<A> first, DataStream<B> second)
      : graph_(std::move(graph)), first_(std::move(first)), second_(std::move(second)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  DataStream<A> first_;
  DataStream<B> second_;
};

template <class A, class B>
using JoinedStreams = TwoStreams<detail::PairsOfWindow, A, B>;
template <class A, class B>
using CoGroupedStreams = TwoStreams<detail::GroupsOfWindow, A, B>;

}  // namespace weir
