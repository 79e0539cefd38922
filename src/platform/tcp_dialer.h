#pragma once

#include <memory>

#include "platform/tcp_context.h"
#include "platform/tcp_link.h"

namespace weir {

/// Looks up the host if it is a name, on a separate thread. Tries its addresses in turn, and gives
/// the link the socket or the reason for the failure. Ends with the link. Thread: the loop's.
void start_dialing(const std::shared_ptr<TcpContext>& context, const std::shared_ptr<TcpLink>& link,
                   const Address& address);

}  // namespace weir
