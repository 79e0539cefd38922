#pragma once

#include <memory>

#include "ha/zookeeper_client.h"

namespace weir {

using MakeZooKeeper = std::unique_ptr<ZooKeeperFactory>(const Clock& clock,
                                                        ZooKeeperClientOptions options);

}  // namespace weir

/// weir::zookeeper; see base/component.h. ha_options() refuses elections where it is not linked.
extern "C" [[gnu::weak]] weir::MakeZooKeeper* weir_component_zookeeper();
