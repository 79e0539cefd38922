#include "platform/tcp_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "platform/tcp_socket.h"

namespace weir {
namespace {

/// True when `fd` is ready, or broken; then the next call on it fails.
bool wait_for(int fd, short events, std::chrono::milliseconds timeout) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(timeout.count())) > 0;
}

class RealTcpClient final : public TcpClient {
 public:
  RealTcpClient(int fd, std::string peer) : fd_(fd), peer_(std::move(peer)) {}
  ~RealTcpClient() override { ::close(fd_); }

  Status read(size_t max, std::chrono::milliseconds timeout, std::string* bytes,
              bool* end) override {
    bytes->resize(max);
    size_t got = 0;
    const Status status = read_into(bytes->data(), max, timeout, &got, end);
    bytes->resize(got);
    return status;
  }

  Status read_into(char* to, size_t max, std::chrono::milliseconds timeout, size_t* got,
                   bool* end) override {
    *got = 0;
    *end = false;
    ssize_t received = ::recv(fd_, to, max, 0);
    if (received < 0 && errno == EAGAIN && wait_for(fd_, POLLIN, timeout))
      received = ::recv(fd_, to, max, 0);
    const int error = errno;
    if (received >= 0) {
      *got = static_cast<size_t>(received);
      *end = received == 0;
      return {};
    }
    if (error == EAGAIN || error == EINTR) return {};
    const std::string_view advice =
        error == ETIMEDOUT ? "; it vanished without closing the connection" : "";
    return unavailable(cat("cannot read from ", peer_, ": ", std::strerror(error), advice));
  }

  Status write(std::string_view bytes, std::chrono::milliseconds timeout) override {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN)
        return unavailable(cat("cannot write to ", peer_, ": ", std::strerror(errno)));
      if (!wait_for(fd_, POLLOUT, timeout))
        return unavailable(
            cat("cannot write to ", peer_, ": it took nothing for ", timeout.count(), " ms"));
    }
    return {};
  }

 private:
  const int fd_;
  const std::string peer_;
};

/// A connected socket, or -1 and errno.
int connect_to(const addrinfo& address, std::chrono::milliseconds timeout) {
  const int fd = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          address.ai_protocol);
  if (fd < 0) return -1;
  int error = 0;
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) {
    socklen_t length = sizeof error;
    if (!wait_for(fd, POLLOUT, timeout)) error = ETIMEDOUT;
    else if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  }
  if (error == 0) {
    // Keep-alive is the only way for a reader to notice a vanished server.
    set_connection_options(fd);
    return fd;
  }
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace

std::vector<std::string> addresses_of_host(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return {};
  std::vector<std::string> addresses;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0)
      addresses.emplace_back(text);
  }
  ::freeaddrinfo(found);
  return addresses;
}

StatusOr<std::unique_ptr<TcpClient>> connect_tcp(const std::string& host, int port,
                                                 std::chrono::milliseconds timeout) {
  const std::string peer = cat(host, ":", port);
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
      error != 0) {
    return unavailable(cat("cannot connect to ", peer, ": ", ::gai_strerror(error)));
  }
  int fd = -1;
  int error = 0;
  for (const addrinfo* address = found; address != nullptr && fd < 0; address = address->ai_next) {
    fd = connect_to(*address, timeout);
    if (fd < 0) error = errno;
  }
  ::freeaddrinfo(found);
  if (fd < 0)
    return unavailable(cat("cannot connect to ", peer, ": ", std::strerror(error),
                           "; is anything listening there?"));
  return std::unique_ptr<TcpClient>(std::make_unique<RealTcpClient>(fd, peer));
}

}  // namespace weir
