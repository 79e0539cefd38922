#pragma once

#include <atomic>
#include <memory>
#include <map>
#include <string>

#include "platform/event_loop.h"
#include "platform/tcp_options.h"
#include "platform/tls_context.h"

namespace weir {

/// What the connections and listeners of one TcpTransport share.
struct TcpContext {
  // set once
  std::shared_ptr<EventLoop> loop;
  TcpOptions options;
  std::string secret;  ///< empty: none
  TlsContext tls;      ///< null: none

  // any thread
  std::atomic<uint64_t> frames_sent{0};
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> frames_received{0};
  std::atomic<uint64_t> bytes_received{0};
  std::atomic<int64_t> bytes_queued{0};

  // the loop's thread only
  std::map<EventLoop::HandlerId, class TcpLink*> strangers;  ///< oldest first
};

}  // namespace weir
