#pragma once

#include <optional>

#include "base/ids.h"
#include "config/configuration.h"
#include "ha/leader_nodes.h"
#include "ha/zookeeper_client.h"

namespace weir {

/// The high-availability.* settings of a job.
struct HaOptions {
  HaPaths paths;
  ZooKeeperClientOptions client;
};

/// nullopt with high-availability.type: NONE. The default cluster id is the job's id, so that two
/// jobs never share a path. INVALID_ARGUMENT or FAILED_PRECONDITION names the missing or wrong key.
StatusOr<std::optional<HaOptions>> ha_options(const Configuration& configuration, const JobId& job);

}  // namespace weir
