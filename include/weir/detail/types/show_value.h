#pragma once

#include <ostream>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include "weir/types/fields.h"

namespace weir::detail {

/// Formats a record or key for an error message, truncated if long: with operator<<, or field by
/// field. Returns "?" for types that have neither.
template <class T>
std::string show_value(const T& value) {
  constexpr size_t kLongest = 200;
  std::string text;
  if constexpr (requires(std::ostream& out) { out << value; }) {
    std::ostringstream out;
    out << value;
    text = std::move(out).str();
  } else if constexpr (FieldsInside<T>) {
    std::apply(
        [&](const auto&... field) {
          ((text += (text.empty() ? "" : ", ") + show_value(field)), ...);
        },
        value.weir_tie());
  } else if constexpr (FieldsOutside<T>) {
    std::apply(
        [&](const auto&... field) {
          ((text += (text.empty() ? "" : ", ") + show_value(field)), ...);
        },
        weir_tie(value));
  } else {
    text = "?";
  }
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace weir::detail
