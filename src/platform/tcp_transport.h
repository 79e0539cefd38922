#pragma once

#include <memory>
#include <mutex>

#include "platform/tcp_options.h"
#include "platform/transport.h"
#include "platform/transport_security.h"

namespace weir {

struct TcpContext;
class EventLoop;

/// Connections between processes over TCP, as docs/formats/transport.md describes them. Connections
/// inside the process don't touch the network. One thread serves all connections and runs their
/// callbacks; the first listen() or dial() starts it and everything else. Another, started by the
/// first listen(), accepts connections and serves them until their peers have proven themselves, so
/// that strangers don't delay anyone else. With TLS a third one dials, and does the handshakes of
/// what was dialed. The thread that sends a frame writes it, unless others are queued before it.
/// Lifetime: destroy Connections and Listeners before the transport. Its destructor waits for the
/// last frames, at most TcpOptions::linger. The first listen() or dial() reads the security's
/// files. If they can't be used, that call fails (dial() reports it before it returns), and the
/// next one tries again. Thread: any. A Listener must not be destroyed by its own acceptor.
class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(TransportSecurity security = {}, TcpOptions options = {});
  ~TcpTransport() override;
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;

  std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint a,
                                                                              Endpoint b) override;
  StatusOr<std::unique_ptr<Listener>> listen(const Address& address, Acceptor acceptor) override;
  std::unique_ptr<Connection> dial(const Address& address, Endpoint endpoint) override;

  TcpCounters counters() const;

 private:
  StatusOr<std::shared_ptr<TcpContext>> context();
  Status start_acceptor(TcpContext& context);

  // set once
  const TransportSecurity security_;
  const TcpOptions options_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::shared_ptr<TcpContext> context_;  // null: not needed so far
};

}  // namespace weir
