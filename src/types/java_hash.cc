#include "types/utf16.h"
#include "weir/detail/types/serialize_scalars.h"

namespace weir::detail {

int32_t java_string_hash(std::string_view text) {
  uint32_t hash = 0;
  for_each_utf16_unit(text, [&](uint16_t unit) { hash = 31u * hash + unit; });
  return static_cast<int32_t>(hash);
}

}  // namespace weir::detail
