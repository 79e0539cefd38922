#include "runtime/large_values.h"

#include "base/log.h"
#include "base/strings.h"
#include "weir/types/bytes.h"

namespace weir {

void LargeValues::look(const std::string& uid, const LargestValue& largest) {
  if (const auto text = warning(uid, largest)) { WEIR_LOG(kWarning) << *text; }
}

std::optional<std::string> LargeValues::warning(const std::string& uid,
                                                const LargestValue& largest) {
  if (largest.bytes < threshold_ || largest.bytes == 0) return std::nullopt;
  std::lock_guard lock(mutex_);
  size_t& said = said_[{uid, largest.state}];
  if (said > 0 && largest.bytes < 2 * said) return std::nullopt;
  said = largest.bytes;
  const std::string limit =
      cat(", and above ", detail::kMaxCount,
          " bytes checkpoints fail; spread it over more keys, or over the keys of a map state");
  return cat("state '", largest.state, "' of operator uid '", uid, "' holds ", largest.bytes,
             " bytes for one key in key group ", largest.key_group,
             " (weir.state.large-value-threshold is ", threshold_, "): such a ",
             largest.is_map ? "map" : "value",
             " is copied whole when it changes during a checkpoint",
             largest.is_map ? "; spread it over more keys" : limit);
}

}  // namespace weir
