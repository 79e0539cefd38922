#pragma once

#include <memory>

#include "platform/tcp_context.h"
#include "platform/tcp_link.h"

namespace weir {

/// Looks the name up, on a thread of its own if it is one, tries its addresses in turn, and gives
/// the link the socket or the reason. Ends when the link does. Thread: the loop's.
void start_dialing(const std::shared_ptr<TcpContext>& context, const std::shared_ptr<TcpLink>& link,
                   const Address& address);

}  // namespace weir
