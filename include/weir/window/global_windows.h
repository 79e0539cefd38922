#pragma once

#include <string>

#include "weir/window/time_window.h"
#include "weir/window/triggers.h"

namespace weir {

/// One window for all records of a key. It never ends, so give it a trigger: without one nothing is
/// emitted. Its results have the maximum timestamp.
class GlobalWindows {
 public:
  static constexpr bool kEventTime = false;
  static constexpr bool kMerging = false;
  static constexpr bool kDisjoint = false;
  static constexpr bool kHasPanes = false;
  using DefaultTrigger = NeverTrigger;

  static GlobalWindows create() { return {}; }
  template <class T, class F>
  void assign(const T&, Timestamp, F&& window) const {
    window(detail::kGlobalWindow);
  }
  std::string setup_problem() const { return ""; }
};

}  // namespace weir
