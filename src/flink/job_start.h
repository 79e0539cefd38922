#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// The initial state of a job in Flink.
struct FlinkStart {
  std::string savepoint;  ///< a snapshot of Flink: its URI, for Flink to read
  std::string snapshot;   ///< a snapshot of weir: the URI of its directory, for the children to
                          ///< read; at most one of the two is set
  /// By vertex: the splits for the sources' readers.
  std::vector<std::vector<std::string>> elements;
};

/// Prepares the start of a job. Finds the snapshot that --from names and, if it is weir's, checks
/// that the job can continue from it. Checks that the sinks can be written to, and lists the
/// sources' splits. A snapshot is weir's if its directory has a sidecar; one on an unknown file
/// system counts as Flink's. Blocks. Refusals are sentences.
StatusOr<FlinkStart> prepare_flink_start(const JobGraph& graph, const Configuration& configuration,
                                         FileSystemRegistry& files);

}  // namespace weir
