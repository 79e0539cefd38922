#pragma once

#include "platform/transport.h"

namespace weir {

/// Connections inside one process: send() calls the other endpoint's on_message at once, on the sender's thread, under a lock of the
/// receiving end; so a callback must not destroy a Connection. Destroying one Connection ends the conversation: the other
/// endpoint is told by on_break, and the destroyed side's own endpoint is never called again once the destructor has returned.
class LocalTransport : public Transport {
 public:
  std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint a, Endpoint b) override;
};

}  // namespace weir
