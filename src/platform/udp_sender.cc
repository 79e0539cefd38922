#include "platform/udp_sender.h"

#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "platform/tcp_socket.h"

namespace weir {

StatusOr<UdpSender> UdpSender::open(const Address& address) {
  const auto found = resolve(address);
  if (!found.ok())
    return found.status().with_context(cat("cannot find the address of ", address.host));
  int failure = 0;
  for (const SocketAddress& each : *found) {
    UniqueFd socket(::socket(each.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.valid() && ::connect(socket.get(), each.get(), each.length) == 0)
      return UdpSender(std::move(socket));
    failure = errno;
  }
  return unavailable(cat("cannot send to ", address.to_string(), ": ", error_text(failure)));
}

Status UdpSender::send(std::string_view datagram) {
  if (::send(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return {};
  return unavailable(cat("a datagram was not sent: ", error_text(errno)));
}

}  // namespace weir
