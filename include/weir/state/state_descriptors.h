#pragma once

#include <functional>
#include <optional>
#include <string>

#include "weir/state/state_ttl_config.h"

namespace weir {

/// A descriptor of a keyed state whose values expire: see StateTtlConfig.
template <class Descriptor>
struct WithTimeToLive {
  Descriptor descriptor;
  StateTtlConfig ttl;
};

// The name of a descriptor identifies the state within its operator, across versions of the
// program.

template <class T>
struct ValueStateDescriptor {
  std::string name;
  /// Returned by value() while no value is stored. Flink has no default with a time to live; here
  /// it takes the place of a value that has expired.
  std::optional<T> default_value = std::nullopt;

  WithTimeToLive<ValueStateDescriptor> enable_time_to_live(StateTtlConfig ttl) const {
    return {*this, ttl};
  }
};

template <class T>
struct ListStateDescriptor {
  std::string name;

  WithTimeToLive<ListStateDescriptor> enable_time_to_live(StateTtlConfig ttl) const {
    return {*this, ttl};
  }
};

template <class K, class V>
struct MapStateDescriptor {
  std::string name;

  WithTimeToLive<MapStateDescriptor> enable_time_to_live(StateTtlConfig ttl) const {
    return {*this, ttl};
  }
};

template <class T>
struct ReducingStateDescriptor {
  std::string name;
  std::function<T(const T& so_far, const T& value)> reduce;  ///< must not be null

  WithTimeToLive<ReducingStateDescriptor> enable_time_to_live(StateTtlConfig ttl) const {
    return {*this, ttl};
  }
};

/// `A`: an AggregateFunction (weir/function/functions.h).
template <class A>
struct AggregatingStateDescriptor {
  std::string name;
  A function = {};

  WithTimeToLive<AggregatingStateDescriptor> enable_time_to_live(StateTtlConfig ttl) const {
    return {*this, ttl};
  }
};

namespace detail {

template <class Descriptor>
const std::string& state_name(const Descriptor& descriptor) {
  if constexpr (requires { descriptor.ttl; }) return descriptor.descriptor.name;
  else return descriptor.name;
}

}  // namespace detail

}  // namespace weir
