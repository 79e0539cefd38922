#pragma once

#include <memory>
#include <mutex>

#include "platform/tcp_options.h"
#include "platform/transport.h"
#include "platform/transport_security.h"

namespace weir {

struct TcpContext;
class EventLoop;

/// Connections between processes over TCP, as docs/formats/transport.md describes them; those
/// inside the process don't touch the network. One thread serves all of them and runs their
/// callbacks; it and everything else is made by the first listen() or dial(). Another, made by the
/// first listen(), accepts connections and serves them until their peers have proven themselves, so
/// that strangers keep nobody else waiting. A frame is written by the thread that sends it, unless
/// others wait before it. Lifetime: Connections and Listeners before the transport. Its destructor
/// waits for what was sent last, TcpOptions::linger at most. The security's files are read by the
/// first listen() or dial(); if they can't be used that is its failure, of which dial() tells
/// before it returns, and the next one tries anew. Thread: any. A Listener must not be destroyed by
/// its own acceptor.
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
  std::shared_ptr<TcpContext> context_;  // null: nothing needed it yet
};

}  // namespace weir
