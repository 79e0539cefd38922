#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "platform/transport.h"
#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// A socket address in the kernel's form.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool is_loopback() const;
  Address to_address() const;
};

/// nullopt if the host is a name. Never blocks.
std::optional<SocketAddress> numeric_address(const Address& address);
/// Blocks as long as the system's resolver does. Status: the reason only, without the address.
StatusOr<std::vector<SocketAddress>> resolve(const Address& address);

/// A socket that is connecting. `*error` is 0, EINPROGRESS (the outcome is known when the socket is
/// writable), or the reason for the failure.
UniqueFd start_connect(const SocketAddress& address, int* error);
/// Status: the reason only.
StatusOr<UniqueFd> bind_and_listen(const SocketAddress& address);
SocketAddress local_address(int socket);
/// Options of every connection: small frames are not delayed, and a vanished peer host is noticed
/// within about a minute.
void set_connection_options(int socket);

/// Thread: any, unlike strerror.
std::string error_text(int error);

}  // namespace weir
