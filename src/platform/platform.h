#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/scheduler.h"
#include "platform/transport.h"

namespace weir {

class FileSystemRegistry;

/// All that a process of weir touches of the world. The real one is platform/real_platform.h; sim/
/// has the other.
struct Platform {
  Clock& clock;
  Random& random;
  Scheduler& scheduler;
  Transport& transport;
  FileSystemRegistry& files;
};

}  // namespace weir
