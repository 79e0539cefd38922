#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config_key.h"
#include "config/keys/checkpointing.h"
#include "config/keys/cluster.h"
#include "config/keys/files.h"
#include "config/keys/flink.h"
#include "config/keys/ha.h"
#include "config/keys/pipeline.h"
#include "config/keys/restart.h"
#include "config/keys/security.h"
#include "config/keys/state.h"

namespace weir {

/// Keys that belong together, in the order of docs/configuration.md.
struct ConfigArea {
  std::string_view title;
  std::string_view doc;  ///< one sentence
  std::span<const ConfigKey* const> keys;
};

/// Every key. docs/configuration.md is made from it (WEIR_UPDATE_DOCS=1 weir_config_test rewrites
/// that page).
std::span<const ConfigArea> config_areas();
std::span<const ConfigKey* const> config_keys();
/// By name or older name; null if there is no such key.
const ConfigKey* find_config_key(std::string_view name);
/// The text of docs/configuration.md.
std::string configuration_page();

}  // namespace weir
