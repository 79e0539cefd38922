#pragma once

#include <string>
#include <string_view>

#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir::tool {

/// The next value of that type, as JSON: numbers, texts, arrays; structs are objects; bytes and
/// values of user types are texts of hexadecimal digits. If the bytes are malformed, `in` has
/// failed, and the result is of no use.
std::string value_text(const TypeDescription& type, BinaryReader& in);

/// As a JSON text.
std::string json_text(std::string_view text);

/// "1.5 MiB".
std::string size_text(int64_t bytes);

}  // namespace weir::tool
