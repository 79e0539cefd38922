#pragma once

#include "config/configuration.h"
#include "fs/real_registry.h"
#include "platform/process_signals.h"
#include "platform/real_platform.h"

namespace weir {

/// What a process of any role stands on: the real platform and the file systems that the
/// configuration describes. One for the life of the process, made before any thread.
/// `configuration` must outlive it.
struct Process {
  explicit Process(const Configuration& configuration);

  ProcessSignals signals;  ///< before any thread
  RealFileSystems files;
  RealPlatform platform;
};

}  // namespace weir
