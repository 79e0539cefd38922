#pragma once

#include <memory>
#include <utility>

#include "platform/transport.h"

namespace weir {

/// Transport::connect inside one process, without threads or copies. send() calls the other
/// endpoint's on_frame at once, on the sender's thread, under a lock of the receiving end; so a
/// callback must not destroy a Connection. Destroying one Connection ends the conversation: the
/// other endpoint gets on_break. The destroyed side's own endpoint is never called again once the
/// destructor has returned.
std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect_within_process(
    Endpoint a, Endpoint b);

}  // namespace weir
