#pragma once

#include "cluster/job_options.h"
#include "config/configuration.h"
#include "graph/job_graph.h"

namespace weir {

// The roles of a process. Each runs it to its end, and returns the exit code; see run_job().

/// The whole job in this process.
int run_embedded(const JobGraph& graph, const Configuration& configuration,
                 const JobOptions& options);
/// A coordinator, and the workers of its host if the configuration says so.
int run_coordinator(const JobGraph& graph, Configuration configuration, JobOptions options);
int run_worker(const JobGraph& graph, const Configuration& configuration,
               const JobOptions& options);

/// Warns if the processes of the cluster do not authenticate each other.
void warn_if_open(const Configuration& configuration);
/// Whether nobody can dial this listen address.
bool reached_by_no_name(const std::string& host);

}  // namespace weir
