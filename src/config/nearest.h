#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace weir {

/// The candidate that a person who typed `typed` most likely meant: the one with the smallest edit
/// distance (a swap of two neighbors counts as one edit), the first among equals. None if even the
/// best differs in half of its letters.
std::optional<std::string_view> nearest(std::string_view typed,
                                        const std::vector<std::string_view>& candidates);

}  // namespace weir
