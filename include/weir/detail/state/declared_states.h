#pragma once

// Makes the states that user functions declare, by key or by key and window.

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "weir/detail/state/state_table.h"
#include "weir/detail/state/ttl_states.h"
#include "weir/state/state.h"

namespace weir::detail {

/// The states of a user function with one type of key and namespace, and its current key. Thread:
/// the operator's.
template <class At>
class DeclaredStates {
 public:
  /// `states` outlives this, and holds the states.
  explicit DeclaredStates(KeyedStates& states) : states_(states) {
    states.add_current_key(current_.changes);
  }
  DeclaredStates(const DeclaredStates&) = delete;
  DeclaredStates& operator=(const DeclaredStates&) = delete;

  CurrentKey<At>& current() { return current_; }
  const CurrentKey<At>& current() const { return current_; }

  /// Declares a state, or returns the existing one with the same name and type. Throws
  /// std::invalid_argument if another state has that name.
  template <class T, class Entries>
  TableState<At, T, Entries>& table(const std::string& name, std::optional<T> default_value = {}) {
    return declare<TableState<At, T, Entries>>(
        name, [&] { return made<TableState<At, T, Entries>>(name, std::move(default_value)); });
  }

  template <class T>
  ValueState<T> state(const ValueStateDescriptor<T>& descriptor) {
    require_serializable<T>();
    auto& table = this->table<T, ValueEntries<T>>(descriptor.name, descriptor.default_value);
    return ValueState<T>(&table, table.default_value());
  }
  template <class T>
  ValueState<T> state(const WithTimeToLive<ValueStateDescriptor<T>>& with_ttl) {
    require_serializable<T>();
    auto& state = ttl_state<TtlValueState<At, T, Kind::kValue>>(
        with_ttl.descriptor.name, with_ttl.ttl, with_ttl.descriptor.default_value);
    return ValueState<T>(&state, state.default_value());
  }

  template <class T>
  ReducingState<T> state(const ReducingStateDescriptor<T>& descriptor) {
    require_serializable<T>();
    return {&table<T, ValueEntries<T, Kind::kReducing>>(descriptor.name), reduction(descriptor)};
  }
  template <class T>
  ReducingState<T> state(const WithTimeToLive<ReducingStateDescriptor<T>>& with_ttl) {
    require_serializable<T>();
    return {
        &ttl_state<TtlValueState<At, T, Kind::kReducing>>(with_ttl.descriptor.name, with_ttl.ttl),
        reduction(with_ttl.descriptor)};
  }

  template <class A>
  AggregatingState<A> state(const AggregatingStateDescriptor<A>& descriptor) {
    using T = typename A::Accumulator;
    require_serializable<T>();
    return {&table<T, ValueEntries<T, Kind::kAggregating>>(descriptor.name),
            std::make_shared<const A>(descriptor.function)};
  }
  template <class A>
  AggregatingState<A> state(const WithTimeToLive<AggregatingStateDescriptor<A>>& with_ttl) {
    using T = typename A::Accumulator;
    require_serializable<T>();
    return {&ttl_state<TtlValueState<At, T, Kind::kAggregating>>(with_ttl.descriptor.name,
                                                                 with_ttl.ttl),
            std::make_shared<const A>(with_ttl.descriptor.function)};
  }

  template <class T>
  ListState<T> state(const ListStateDescriptor<T>& descriptor) {
    require_serializable<T>();
    return ListState<T>(&table<CowBox<std::vector<T>>, ListEntries<T>>(descriptor.name));
  }
  template <class T>
  ListState<T> state(const WithTimeToLive<ListStateDescriptor<T>>& with_ttl) {
    require_serializable<T>();
    return ListState<T>(&ttl_state<TtlListState<At, T>>(with_ttl.descriptor.name, with_ttl.ttl));
  }

  template <class UserKey, class V>
  MapState<UserKey, V> state(const MapStateDescriptor<UserKey, V>& descriptor) {
    require_serializable<UserKey>();
    require_serializable<V>();
    using Entries = MapEntries<UserKey, V>;
    return MapState<UserKey, V>(&table<typename Entries::Map, Entries>(descriptor.name));
  }
  template <class UserKey, class V>
  MapState<UserKey, V> state(const WithTimeToLive<MapStateDescriptor<UserKey, V>>& with_ttl) {
    require_serializable<UserKey>();
    require_serializable<V>();
    return MapState<UserKey, V>(
        &ttl_state<TtlMapState<At, UserKey, V>>(with_ttl.descriptor.name, with_ttl.ttl));
  }

 private:
  using Kind = KeyedStateInfo::Kind;

  template <class State, class Make>
  State& declare(const std::string& name, Make make) {
    if (NamedState* known = states_.find(name)) {
      auto* same = dynamic_cast<State*>(known);
      if (same == nullptr)
        throw std::invalid_argument("state '" + name + "' is declared twice, with different types");
      return *same;
    }
    auto state = make();
    State& added = *state;
    states_.add(std::move(state));
    return added;
  }
  template <class State, class... Rest>
  std::unique_ptr<State> made(const std::string& name, Rest&&... rest) {
    return std::make_unique<State>(name, states_.tracker(), current_, std::forward<Rest>(rest)...);
  }
  template <class State, class... Rest>
  State& ttl_state(const std::string& name, const StateTtlConfig& config, Rest&&... rest) {
    return declare<State>(name, [&] {
      if (!clock_) clock_.emplace(states_.context(), current_.changes);
      auto state = made<State>(name, *clock_, config, std::forward<Rest>(rest)...);
      states_.add_cleanup(*state);
      return state;
    });
  }
  template <class T>
  static std::shared_ptr<const typename ReducingState<T>::Reduce> reduction(
      const ReducingStateDescriptor<T>& descriptor) {
    if (descriptor.reduce == nullptr)
      throw std::invalid_argument("the reduce function of state '" + descriptor.name +
                                  "' is null: give its descriptor a function");
    return std::make_shared<const typename ReducingState<T>::Reduce>(descriptor.reduce);
  }

  KeyedStates& states_;
  CurrentKey<At> current_;
  std::optional<TtlClock> clock_;
};

}  // namespace weir::detail
