#pragma once

#include "config/configuration.h"
#include "fs/real_registry.h"
#include "platform/process_signals.h"
#include "platform/real_platform.h"

namespace weir {

/// The real platform, and the file systems that the configuration describes.
/// `configuration` must outlive it.
struct ProcessPlatform {
  explicit ProcessPlatform(const Configuration& configuration);

  RealFileSystems files;
  RealPlatform platform;
};

struct SignalsOfProcess {
  ProcessSignals signals;
};

/// What a process of any role has: its signals besides. One for the life of the process, made
/// before any thread.
struct Process : SignalsOfProcess, ProcessPlatform {
  explicit Process(const Configuration& configuration) : ProcessPlatform(configuration) {}
};

}  // namespace weir
