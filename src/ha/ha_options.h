#pragma once

#include <optional>

#include "base/ids.h"
#include "config/configuration.h"
#include "ha/leader_nodes.h"
#include "ha/zookeeper_client.h"

namespace weir {

/// What the high-availability.* keys say, for a job.
struct HaOptions {
  HaPaths paths;
  ZooKeeperClientOptions client;
};

/// None with high-availability.type: NONE. The cluster id is the job's id unless it is set, so that
/// two jobs never share a path. INVALID_ARGUMENT or FAILED_PRECONDITION names the key that is
/// missing or wrong.
StatusOr<std::optional<HaOptions>> ha_options(const Configuration& configuration, const JobId& job);

}  // namespace weir
