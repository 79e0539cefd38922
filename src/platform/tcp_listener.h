#pragma once

#include <memory>

#include "platform/tcp_context.h"
#include "platform/transport.h"

namespace weir {

/// Transport::listen. Blocks while a host name is looked up.
StatusOr<std::unique_ptr<Listener>> listen_tcp(const std::shared_ptr<TcpContext>& context,
                                               const Address& address, Acceptor acceptor);

}  // namespace weir
