#include "platform/tcp_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace weir {
namespace {

StatusOr<std::vector<SocketAddress>> look_up(const Address& address, int flags) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(),
                                      &wanted, &found);
      error != 0) {
    return unavailable(error == EAI_SYSTEM ? error_text(errno)
                                           : std::string(::gai_strerror(error)));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress& added = addresses.emplace_back();
    std::memcpy(&added.storage, one->ai_addr, one->ai_addrlen);
    added.length = one->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

void set_option(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

bool SocketAddress::is_loopback() const {
  if (storage.ss_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr.s_addr) >> 24 ==
           IN_LOOPBACKNET;
  }
  if (storage.ss_family != AF_INET6) return false;
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&address) ||
         (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == IN_LOOPBACKNET);
}

Address SocketAddress::to_address() const {
  char host[NI_MAXHOST] = "?";
  char port[NI_MAXSERV] = "0";
  ::getnameinfo(get(), length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
  return {host, std::atoi(port)};
}

std::optional<SocketAddress> numeric_address(const Address& address) {
  auto found = look_up(address, AI_NUMERICHOST);
  if (!found.ok() || found->empty()) return std::nullopt;
  return found->front();
}

StatusOr<std::vector<SocketAddress>> resolve(const Address& address) { return look_up(address, 0); }

UniqueFd start_connect(const SocketAddress& address, int* error) {
  UniqueFd socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  *error = 0;
  if (!socket.valid() || ::connect(socket.get(), address.get(), address.length) != 0)
    *error = errno;
  return socket;
}

StatusOr<UniqueFd> bind_and_listen(const SocketAddress& address) {
  constexpr int kBacklog = 512;
  UniqueFd socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return unavailable(error_text(errno));
  // Connections of an earlier process that the kernel still remembers must not prevent listening.
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(socket.get(), address.get(), address.length) != 0 ||
      ::listen(socket.get(), kBacklog) != 0)
    return unavailable(error_text(errno));
  return socket;
}

SocketAddress local_address(int socket) {
  SocketAddress address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.length);
  return address;
}

void set_connection_options(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 20);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

std::string error_text(int error) { return std::generic_category().message(error); }

}  // namespace weir
