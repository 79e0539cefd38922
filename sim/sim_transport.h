#pragma once

#include <memory>

#include "platform/transport.h"
#include "sim_world.h"

namespace weir::sim {

/// A conversation between an actor of process `a` and one of process `b`; they may be the same process. First sends to `b`.
/// Messages of one direction arrive in order, after drawn delays. The connection breaks by chance (WorldFaults::connection_loss), when
/// either process dies and when either Connection is destroyed: in each direction what had not arrived by some drawn moment is
/// lost, and then the end is told, unless it is the destroyed one's own or its process is dead.
std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect_processes(SimWorld& world, std::shared_ptr<Life> life_a,
                                                                                      Endpoint a, std::shared_ptr<Life> life_b,
                                                                                      Endpoint b);

}  // namespace weir::sim
