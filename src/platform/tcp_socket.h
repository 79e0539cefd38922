#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "platform/transport.h"
#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// An address of the kernel's.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool is_loopback() const;
  Address to_address() const;
};

/// Nothing if the host is a name. Never blocks.
std::optional<SocketAddress> numeric_address(const Address& address);
/// Blocks as long as the system's resolver does. Status: the reason only, without the address.
StatusOr<std::vector<SocketAddress>> resolve(const Address& address);

/// A socket that is connecting; the outcome is `*error`: 0, EINPROGRESS (it comes when the socket
/// is writable), or why not.
UniqueFd start_connect(const SocketAddress& address, int* error);
/// Status: the reason only.
StatusOr<UniqueFd> bind_and_listen(const SocketAddress& address);
SocketAddress local_address(int socket);
/// What every connection wants: no delay of small frames, and to notice within about a minute that
/// the other machine is gone.
void set_connection_options(int socket);

/// Thread: any, unlike strerror.
std::string error_text(int error);

}  // namespace weir
