#pragma once

#include <memory>
#include <utility>

#include "platform/transport.h"
#include "sim_world.h"

namespace weir::sim {

/// The transport of one process. Frames of one direction arrive in order, after drawn delays.
///
/// A conversation between two processes breaks by chance (WorldFaults::connection_loss), when
/// either dies and when either Connection is destroyed; one within a process only by the last. In
/// each direction some drawn suffix of what was under way is lost, and then the end is told, soon.
///
/// Across a partition (SimNetwork) nothing arrives: neither frames nor that the conversation broke.
/// They wait, and arrive in order when it ends, after a drawn time; or the conversation is then
/// reset (WorldFaults::reset_after_partition). An end that hears nothing may give up by itself,
/// after a drawn time or never.
///
/// A dial reaches who listens when it arrives. It needs both directions; while one is cut it waits,
/// and gives up after a drawn time.
class SimTransport : public Transport {
 public:
  SimTransport(SimWorld& world, std::shared_ptr<Life> life)
      : world_(world), life_(std::move(life)) {}

  std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint a,
                                                                              Endpoint b) override;
  /// On the process's own host only, which may also be called "0.0.0.0", "localhost" or
  /// "127.0.0.1".
  StatusOr<std::unique_ptr<Listener>> listen(const Address& address, Acceptor acceptor) override;
  std::unique_ptr<Connection> dial(const Address& address, Endpoint endpoint) override;

 private:
  SimWorld& world_;
  const std::shared_ptr<Life> life_;
};

}  // namespace weir::sim
