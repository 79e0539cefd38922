#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// What a job in Flink begins with.
struct FlinkStart {
  std::string savepoint;  ///< Flink's own: its URI, for Flink to read
  std::string snapshot;   ///< weir's own: the URI of its directory, for the children to read; at
                          ///< most one of the two is there
  std::vector<std::vector<std::string>>
      elements;  ///< by vertex: what the sources' readers are given
};

/// Finds what --from names, checks that the job can go on from it if it is weir's, proves that the
/// sinks can be written to, and lists the sources' splits. A snapshot is weir's if its directory
/// has a sidecar; what weir has no file system for is taken for Flink's. Blocks. What it refuses it
/// refuses in a sentence.
StatusOr<FlinkStart> prepare_flink_start(const JobGraph& graph, const Configuration& configuration,
                                         FileSystemRegistry& files);

}  // namespace weir
