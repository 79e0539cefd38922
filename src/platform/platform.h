#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/scheduler.h"
#include "platform/transport.h"

namespace weir {

class FileSystemRegistry;

/// Everything outside the process that weir uses. platform/real_platform.h is the real one; sim/
/// has the simulated one.
struct Platform {
  Clock& clock;
  Random& random;
  Scheduler& scheduler;
  Transport& transport;
  FileSystemRegistry& files;
};

}  // namespace weir
