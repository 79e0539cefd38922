#include "tcp_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "weir/detail/base/check.h"

namespace weir {
namespace {

constexpr int kLookMs = 5;  ///< how often a pipe checks for commands

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

}  // namespace

TcpGate::TcpGate(int server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  WEIR_CHECK_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
  WEIR_CHECK_EQ(::listen(listener_, 16), 0);
  WEIR_CHECK_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  accepter_ = std::thread([this] { accept_loop(); });
}

TcpGate::~TcpGate() {
  ended_ = true;
  accepter_.join();
  for (Pipe& pipe : pipes_) pipe.thread.join();
  ::close(listener_);
}

void TcpGate::shut() { shut_ = true; }
void TcpGate::open() { shut_ = false; }
void TcpGate::break_after_next_reply_is_due(int count) { replies_until_break_ = count; }
void TcpGate::refuse() {
  refusing_ = true;
  break_connections();
}
void TcpGate::break_connections() {
  std::lock_guard lock(mutex_);
  for (Pipe& pipe : pipes_) pipe.broken = true;
}

void TcpGate::accept_loop() {
  while (!ended_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, kLookMs) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(server_port_);
    if (refusing_ ||
        ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(server);
      continue;
    }
    std::lock_guard lock(mutex_);
    Pipe& pipe = pipes_.emplace_back();
    pipe.client = client;
    pipe.server = server;
    pipe.thread = std::thread([this, &pipe] { pump(pipe); });
  }
}

void TcpGate::pump(Pipe& pipe) {
  while (!ended_ && !pipe.broken) {
    if (shut_) {
      ::poll(nullptr, 0, kLookMs);
      continue;
    }
    pollfd waiting[2] = {{pipe.client, POLLIN, 0}, {pipe.server, POLLIN, 0}};
    if (::poll(waiting, 2, kLookMs) <= 0) continue;
    if (waiting[0].revents != 0 && !pass(pipe, pipe.client, pipe.server, false)) break;
    if (waiting[1].revents != 0 && !pass(pipe, pipe.server, pipe.client, true)) break;
  }
  ::close(pipe.client);
  ::close(pipe.server);
}

bool TcpGate::pass(Pipe&, int from, int to, bool reply) {
  char buffer[16384];
  const ssize_t count = ::recv(from, buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  // Messages are small and come one after another, so nearly every piece is one reply.
  if (reply && replies_until_break_ > 0 && --replies_until_break_ == 0) return false;
  return ::send(to, buffer, static_cast<size_t>(count), MSG_NOSIGNAL) == count;
}

}  // namespace weir
