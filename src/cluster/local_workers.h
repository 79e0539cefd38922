#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/configuration.h"
#include "platform/process_group.h"
#include "platform/transport.h"

namespace weir {

/// Starts `count` worker processes on this host, of this process's own command line, that register with `coordinator`. They share their
/// slots evenly unless taskmanager.numberOfTaskSlots is set. `report` gets a line whenever one ends unasked.
StatusOr<std::unique_ptr<ProcessGroup>> start_local_workers(const Configuration& configuration, int count, const Address& coordinator,
                                                            std::function<void(const std::string&)> report);

}  // namespace weir
