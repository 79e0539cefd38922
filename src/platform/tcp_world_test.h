#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "platform/frame_codec.h"
#include "platform/handshake.h"
#include "platform/tcp_transport.h"
#include "platform/transport_world_test.h"
#include "platform/unique_fd.h"

namespace weir {

/// Two TcpTransports that meet on loopback.
class TcpWorld final : public TransportWorld {
 public:
  explicit TcpWorld(const TransportSecurity& security = {}, TcpOptions options = {})
      : TcpWorld(security, security, options) {}
  TcpWorld(const TransportSecurity& dialing, const TransportSecurity& listening,
           TcpOptions options = {})
      : dialing_(dialing, options), listening_(listening, options) {}

  TcpTransport& dialing() override { return dialing_; }
  TcpTransport& listening() override { return listening_; }
  Address address() override { return {"127.0.0.1", 0}; }
  bool run_until(const std::function<bool()>& condition) override {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::unique_lock lock(mutex_);
    while (true) {
      const uint64_t seen = changes_;
      lock.unlock();
      if (condition()) return true;
      lock.lock();
      if (!changed_.wait_until(lock, deadline, [&] { return changes_ != seen; })) return false;
    }
  }
  void changed() override {
    std::lock_guard lock(mutex_);
    ++changes_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t changes_ = 0;
  TcpTransport dialing_;
  TcpTransport listening_;
};

/// A listening transport, and its acceptor.
struct Listening {
  explicit Listening(TcpWorld& world) : acceptor(world) {
    auto made = world.listening().listen(world.address(), acceptor.acceptor());
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    if (made.ok()) listener = *std::move(made);
  }
  Address address() const { return {"127.0.0.1", listener->port()}; }
  TransportAcceptor acceptor;
  std::unique_ptr<Listener> listener;
};

/// A raw socket of a peer that may not be weir.
class Stranger {
 public:
  /// `from`: another loopback address acts as another host.
  explicit Stranger(int port, const char* from = "127.0.0.1")
      : Stranger(::socket(AF_INET, SOCK_STREAM, 0), port, from) {}
  Stranger(int socket, int port, const char* from = "127.0.0.1") : socket_(socket) {
    const sockaddr_in own = address_of(from, 0);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    const sockaddr_in peer = address_of("127.0.0.1", port);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer), 0);
    be_patient();
  }
  /// Wraps an accepted connection.
  explicit Stranger(UniqueFd socket) : socket_(std::move(socket)) { be_patient(); }

  static sockaddr_in address_of(const char* host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(::inet_pton(AF_INET, host, &address.sin_addr), 1);
    return address;
  }
  int socket() const { return socket_.get(); }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string receive(size_t size) {
    std::string bytes(size, '\0');
    EXPECT_EQ(::recv(socket_.get(), bytes.data(), size, MSG_WAITALL), static_cast<ssize_t>(size));
    return bytes;
  }
  /// Waits for the close, and skips bytes that still arrive.
  bool is_closed() {
    char bytes[4096];
    ssize_t got;
    while ((got = ::recv(socket_.get(), bytes, sizeof bytes, 0)) > 0) {}
    return got == 0 || errno == ECONNRESET;
  }
  void be_a_dialer() {
    send(Handshake(Handshake::Role::kDialer, "", "", {}).greeting());
    receive(44);
  }
  /// Acts as the listener for a dialer, whose greeting it waits for.
  void be_a_listener() {
    Handshake handshake(Handshake::Role::kListener, "", "", Handshake::fresh_nonce().value());
    const std::string greeting = receive(44);
    std::string_view rest = greeting;
    std::string answer;
    EXPECT_TRUE(handshake.receive(&rest, &answer).ok());
    send(answer);
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.reset();
  }

 private:
  void be_patient() {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  UniqueFd socket_;
};

/// A port with a listener that may not be weir.
class StrangersPort {
 public:
  StrangersPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Stranger::address_of("127.0.0.1", 0);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    address_ = {"127.0.0.1", ntohs(address.sin_port)};
  }
  const Address& address() const { return address_; }
  Stranger accept() const { return Stranger(UniqueFd(::accept(socket_.get(), nullptr, nullptr))); }

 private:
  UniqueFd socket_;
  Address address_;
};

inline std::string encoded(std::string_view frame) {
  const FrameHeader header = frame_header(frame);
  return std::string(header.data(), header.size()).append(frame);
}

/// A directory that is removed with this object.
class TestDirectory {
 public:
  TestDirectory() : path_((std::filesystem::temp_directory_path() / "weir-tcp-XXXXXX").string()) {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  /// Writes a file that only its owner may read, and returns its path.
  std::string file(const std::string& name, const std::string& bytes) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }

 private:
  std::string path_;
};

inline bool has(const Status& status, std::string_view text) {
  return status.message().find(text) != std::string_view::npos;
}

}  // namespace weir
