#pragma once

#include <memory>
#include <utility>

#include "platform/transport.h"
#include "sim_world.h"

namespace weir::sim {

/// The transport of one process. Frames of one direction arrive in order, after random delays.
///
/// A connection between two processes breaks at random (WorldFaults::connection_loss), when either
/// process dies and when either Connection is destroyed. A connection within a process breaks only
/// when a Connection is destroyed. A break loses a random suffix of the in-flight frames in each
/// direction. Each end is then notified soon.
///
/// Nothing crosses a partition (SimNetwork), neither frames nor the notice of a break. They wait
/// and arrive in order some time after it ends, or the connection is reset then
/// (WorldFaults::reset_after_partition). An end without contact may close the connection by itself,
/// after a random time or never.
///
/// A dial reaches the listener that exists when it arrives. It needs both directions. While one is
/// cut, the dial waits, and fails after a random time.
class SimTransport : public Transport {
 public:
  SimTransport(SimWorld& world, std::shared_ptr<Life> life)
      : world_(world), life_(std::move(life)) {}

  std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint a,
                                                                              Endpoint b) override;
  /// Only on the process's own host, which may also be called "0.0.0.0", "localhost" or
  /// "127.0.0.1".
  StatusOr<std::unique_ptr<Listener>> listen(const Address& address, Acceptor acceptor) override;
  std::unique_ptr<Connection> dial(const Address& address, Endpoint endpoint) override;

 private:
  SimWorld& world_;
  const std::shared_ptr<Life> life_;
};

}  // namespace weir::sim
