#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "config/value_text.h"
#include "weir/config.h"

namespace weir {

/// kSecret: a string that messages and the command lines of children never show. Each secret also
/// has a key with the suffix ".file", which names a file that holds it.
enum class ConfigType { kString, kSecret, kBool, kInt, kDouble, kDuration, kSize, kEnum };

/// A key that weir knows. Names, types, units and defaults are Flink's where Flink has the key.
struct ConfigKey {
  std::string_view name;
  ConfigType type = ConfigType::kString;
  std::string_view default_value;  ///< as a user would write it; empty: none
  std::string_view doc;            ///< one line
  std::string_view aliases = "";   ///< older names, comma-separated
  std::string_view choices = "";  ///< kEnum: comma-separated in the order of the enumerators, "a|b"
                                  ///< for two spellings of one
  int64_t min = std::numeric_limits<int64_t>::min();  ///< numbers; kDuration: ms; kSize: bytes
  int64_t max = std::numeric_limits<int64_t>::max();
};

/// A key, and the C++ type of its value.
template <class V>
struct Option : ConfigKey {};

}  // namespace weir
