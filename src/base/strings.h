#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Concatenates its arguments as streams print them: `cat("chk-", 7)`. For messages, not for hot
/// paths.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return std::move(text).str();
}

/// `a/b` from `a` or `a/`, and `b`.
std::string join_path(std::string_view parent, std::string_view child);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(std::string_view bytes);

}  // namespace weir
