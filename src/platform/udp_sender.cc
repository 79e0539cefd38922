#include "platform/udp_sender.h"

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/tcp_socket.h"

namespace weir {

StatusOr<UdpSender> UdpSender::open(const Address& address) {
  WEIR_ASSIGN_OR_RETURN(const auto found, resolve(address));
  int failure = 0;
  for (const SocketAddress& each : found) {
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
