#pragma once

#include "config/configuration.h"
#include "fs/real_registry.h"
#include "graph/job_graph.h"
#include "platform/process_signals.h"
#include "platform/real_platform.h"

namespace weir {

/// The real platform, and the file systems that the configuration describes and the program
/// supplies. `configuration` must outlive it.
struct ProcessPlatform {
  ProcessPlatform(const Configuration& configuration, const JobGraph& graph);

  RealFileSystems files;
  RealPlatform platform;
};

struct SignalsOfProcess {
  ProcessSignals signals;
};

/// Resources of a process of any role: the platform and its signals. Create one before any thread;
/// it lives as long as the process.
struct Process : SignalsOfProcess, ProcessPlatform {
  Process(const Configuration& configuration, const JobGraph& graph)
      : ProcessPlatform(configuration, graph) {}
};

}  // namespace weir
