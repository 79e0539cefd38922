#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "platform/transport.h"

namespace weir {

struct TcpOptions {
  /// A longer frame breaks the connection, at its sender too. Below 4 GiB.
  size_t max_frame_bytes = kMaxFrameBytes;
  std::chrono::milliseconds connect_timeout{10'000};  ///< for each address of a name
  /// TLS and the proof of the secret together.
  std::chrono::milliseconds handshake_timeout{10'000};
  /// How long frames that were sent just before a Connection was destroyed may still take.
  std::chrono::milliseconds linger{2'000};
  /// Maximum number of accepted connections whose peers have proven nothing yet. One more drops the
  /// oldest.
  size_t max_strangers = 256;
  /// The same per host. One more drops the oldest of that host.
  size_t max_strangers_of_a_host = 64;
  /// After this many bytes a connection yields to the others.
  size_t read_budget = size_t{1} << 20;
};

/// Totals since the transport was made.
struct TcpCounters {
  uint64_t frames_sent = 0;  ///< handed to the kernel
  uint64_t bytes_sent = 0;   ///< of frames and their headers
  uint64_t frames_received = 0;
  uint64_t bytes_received = 0;
  int64_t bytes_queued = 0;  ///< now: accepted by send() and not yet taken by the kernel
};

}  // namespace weir
