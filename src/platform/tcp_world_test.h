#pragma once

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "platform/tcp_transport.h"
#include "platform/transport_world_test.h"

namespace weir {

/// Two TcpTransports that meet on loopback.
class TcpWorld final : public TransportWorld {
 public:
  explicit TcpWorld(const TransportSecurity& security = {}, TcpOptions options = {}) : TcpWorld(security, security, options) {}
  TcpWorld(const TransportSecurity& dialing, const TransportSecurity& listening, TcpOptions options = {})
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

/// A directory that goes with it.
class TestDirectory {
 public:
  TestDirectory() : path_((std::filesystem::temp_directory_path() / "weir-tcp-XXXXXX").string()) { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  /// The path of a file with these bytes, which only its owner may read.
  std::string file(const std::string& name, const std::string& bytes) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }

 private:
  std::string path_;
};

inline bool has(const Status& status, std::string_view text) { return status.message().find(text) != std::string_view::npos; }

}  // namespace weir
