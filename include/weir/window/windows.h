#pragma once

// Assigners: which windows a record belongs to. The argument of KeyedStream::window().

#include <concepts>
#include <string>

#include "weir/window/cumulative_windows.h"
#include "weir/window/global_windows.h"
#include "weir/window/session_windows.h"
#include "weir/window/sliding_windows.h"
#include "weir/window/tumbling_windows.h"

namespace weir::detail {

template <class A>
concept WindowAssigner = requires(const A& assigner) {
  { assigner.setup_problem() } -> std::same_as<std::string>;
  { A::kEventTime } -> std::convertible_to<bool>;
};

}  // namespace weir::detail
