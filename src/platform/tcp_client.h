#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "weir/status.h"

namespace weir {

/// A TCP connection that is read from. Blocks, at most as long as it is told to. Thread: one at a
/// time.
class TcpClient {
 public:
  virtual ~TcpClient() = default;
  /// Replaces `bytes` by what came, `max` bytes at most: nothing if nothing came in time. `*end`:
  /// the other side has closed. UNAVAILABLE if the connection broke, or the other host has not
  /// answered for a minute.
  virtual Status read(size_t max, std::chrono::milliseconds timeout, std::string* bytes,
                      bool* end) = 0;
};

/// UNAVAILABLE names the address and the reason.
StatusOr<std::unique_ptr<TcpClient>> connect_tcp(const std::string& host, int port,
                                                 std::chrono::milliseconds timeout);

}  // namespace weir
