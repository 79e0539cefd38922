#include "platform/tcp_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

/// A listening socket on a free port of the loopback interface.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(fd_, 1), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(); }
  int port() const { return port_; }
  int accept() { return ::accept(fd_, nullptr, nullptr); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  int port_ = 0;
};

TEST(TcpClient, ReadsReceivedBytesThenNothingThenTheEnd) {
  Listener listener;
  auto client = connect_tcp("127.0.0.1", listener.port(), 5s);
  ASSERT_TRUE(client.ok()) << client.status().to_string();
  const int peer = listener.accept();
  ASSERT_EQ(::send(peer, "abc", 3, 0), 3);
  std::string bytes;
  bool end = true;
  ASSERT_TRUE((*client)->read(2, 5s, &bytes, &end).ok());
  EXPECT_EQ(bytes, "ab");
  ASSERT_TRUE((*client)->read(2, 5s, &bytes, &end).ok());
  EXPECT_EQ(bytes, "c");
  EXPECT_FALSE(end);
  ASSERT_TRUE((*client)->read(2, 1ms, &bytes, &end).ok());
  EXPECT_EQ(bytes, "");
  EXPECT_FALSE(end);
  ::close(peer);
  ASSERT_TRUE((*client)->read(2, 5s, &bytes, &end).ok());
  EXPECT_TRUE(end);
}

TEST(TcpClient, NoticesAVanishedServer) {
  Listener listener;
  auto client = connect_tcp("127.0.0.1", listener.port(), 5s);
  ASSERT_TRUE(client.ok()) << client.status().to_string();
  int keeps_alive = 0;
  int idle_seconds = 0;
  for (int fd = 0; fd < 1024; ++fd) {  // the connection to the listener
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0 ||
        ntohs(peer.sin_port) != listener.port())
      continue;
    length = sizeof keeps_alive;
    EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keeps_alive, &length), 0);
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, &length), 0);
  }
  EXPECT_EQ(keeps_alive, 1);
  EXPECT_LE(idle_seconds, 60);
}

TEST(TcpClient, BrokenConnectionIsAnErrorAndNotTheEnd) {
  Listener listener;
  auto client = connect_tcp("127.0.0.1", listener.port(), 5s);
  ASSERT_TRUE(client.ok()) << client.status().to_string();
  const int peer = listener.accept();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  ::close(peer);
  std::string bytes;
  bool end = false;
  EXPECT_EQ((*client)->read(2, 5s, &bytes, &end).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(end);
}

TEST(TcpClient, NamesTheAddressOfAFailedConnection) {
  Listener listener;
  const int port = listener.port();
  listener.close();
  const auto client = connect_tcp("127.0.0.1", port, 5s);
  EXPECT_EQ(client.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(client.status().message().find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << client.status().to_string();
}

}  // namespace
}  // namespace weir
