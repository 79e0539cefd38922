#pragma once

#include <string>
#include <string_view>

#include "weir/time/timestamp.h"

namespace weir::detail {

/// The remainder of a division that rounds down: 0 to size - 1, also before 1970.
inline Timestamp floor_mod(Timestamp value, Timestamp size) {
  const Timestamp rest = value % size;
  return rest < 0 ? rest + size : rest;
}

/// "a tumbling window must be at least 1 ms long, and TumblingEventTimeWindows::of() is given 0
/// ms", or nothing if `length` is positive. `call`: the assigner's name and function.
inline std::string too_short(std::string_view what, std::string_view call, Timestamp length) {
  if (length > 0) return "";
  return std::string(what) + " must be at least 1 ms long, and " + std::string(call) +
         "() is given " + std::to_string(length) + " ms";
}

}  // namespace weir::detail
