#pragma once

#include <string_view>

namespace weir {

/// Sends a state, such as "READY=1", to systemd if it has started this process as a service of the
/// type notify. Failures are ignored: nothing depends on it here. Thread: any.
void notify_service_manager(std::string_view state);

}  // namespace weir
