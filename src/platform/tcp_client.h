#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// A TCP connection. Blocks at most as long as the given timeout. Thread: one at a time; one may
/// read while another writes.
class TcpClient {
 public:
  virtual ~TcpClient() = default;
  /// Replaces `bytes` by received ones, at most `max`; empty if nothing arrived in time. `*end`:
  /// the other side has closed. UNAVAILABLE if the connection broke, or the other host has not
  /// answered for a minute.
  virtual Status read(size_t max, std::chrono::milliseconds timeout, std::string* bytes,
                      bool* end) = 0;
  /// The same into memory of the caller: at most `max` bytes at `to`, and `*got` is their number.
  virtual Status read_into(char* to, size_t max, std::chrono::milliseconds timeout, size_t* got,
                           bool* end) {
    std::string bytes;
    const Status status = read(max, timeout, &bytes, end);
    *got = bytes.size();
    std::copy(bytes.begin(), bytes.end(), to);
    return status;
  }
  /// Sends all bytes. UNAVAILABLE if the connection broke or they were not taken in time; then some
  /// of them may have been sent.
  virtual Status write(std::string_view bytes, std::chrono::milliseconds timeout) = 0;
};

/// The numeric addresses of a host, "10.0.0.1"; none if its name does not resolve.
std::vector<std::string> addresses_of_host(const std::string& host);

/// UNAVAILABLE names the address and the reason.
StatusOr<std::unique_ptr<TcpClient>> connect_tcp(const std::string& host, int port,
                                                 std::chrono::milliseconds timeout);

}  // namespace weir
