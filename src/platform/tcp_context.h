#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "platform/event_loop.h"
#include "platform/tcp_options.h"
#include "platform/tls_context.h"

namespace weir {

/// Shared by the connections and listeners of one TcpTransport.
struct TcpContext {
  // set once
  std::shared_ptr<EventLoop> loop;    ///< for established connections
  std::shared_ptr<EventLoop> dialer;  ///< dials, and does the handshakes of what it has dialed: the
                                      ///< computations of TLS don't delay records. Without TLS it
                                      ///< is `loop`
  TcpOptions options;
  std::string secret;  ///< empty: none
  TlsContext tls;      ///< null: none

  // set with the first listener, which is the first to need them
  std::shared_ptr<EventLoop> acceptor;  ///< accepts, and talks with peers until they have proven
                                        ///< themselves, so that strangers don't delay records
  std::shared_ptr<class TcpStrangers> strangers;

  // any thread
  std::atomic<uint64_t> frames_sent{0};
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> frames_received{0};
  std::atomic<uint64_t> bytes_received{0};
  std::atomic<int64_t> bytes_queued{0};
};

}  // namespace weir
