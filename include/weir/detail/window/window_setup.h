#pragma once

#include <type_traits>
#include <utility>

#include "weir/time/timestamp.h"

namespace weir::detail {

/// Stands for the trigger that an assigner has by default. Windows with it and without anything
/// else that is special may run in an operator of their own.
struct DefaultTrigger {};
struct NoEvictor {};

/// The settings of a windowed stream.
template <class A, class Tr, class E>
struct WindowSetup {
  using Assigner = A;
  using Trigger = Tr;
  using Evictor = E;
  A assigner;
  Tr trigger;
  E evictor;
  Timestamp lateness = 0;

  template <class Other>
  WindowSetup<A, Other, E> with_trigger(Other other) const {
    return {assigner, std::move(other), evictor, lateness};
  }
  template <class Other>
  WindowSetup<A, Tr, Other> with_evictor(Other other) const {
    return {assigner, trigger, std::move(other), lateness};
  }
  /// The same with the assigner's own trigger instead of DefaultTrigger.
  auto with_real_trigger() const {
    if constexpr (std::is_same_v<Tr, DefaultTrigger>)
      return with_trigger(typename A::DefaultTrigger());
    else return *this;
  }
};

/// The default setup of an assigner, or the setup itself.
template <class A>
auto setup_of(A assigner) {
  if constexpr (requires { typename A::Assigner; }) return assigner;
  else return WindowSetup<A, DefaultTrigger, NoEvictor>{std::move(assigner), {}, {}, 0};
}

}  // namespace weir::detail
