#pragma once

#include <atomic>
#include <memory>

#include "cluster/roles/coordinator_process.h"
#include "cluster/roles/job_runner.h"
#include "config/configuration.h"
#include "platform/platform.h"
#include "rest/rest_component.h"

namespace weir {

/// What the settings ask this process to serve. INVALID_ARGUMENT: a port or range is malformed.
/// FAILED_PRECONDITION: an unknown kind of reporter, or this program is not linked with weir::rest.
StatusOr<RestOptions> rest_options(const Configuration& configuration);

/// How the interface reaches a job in this process. `runner` is null until the job is started. All
/// arguments outlive the result.
RestControl rest_control(const JobGraph& graph, const JobOptions& options,
                         const Configuration& configuration, Platform& platform,
                         const std::atomic<JobRunner*>& runner);
/// How it reaches the job of a coordinator.
RestControl rest_control(const JobGraph& graph, const JobOptions& options,
                         const Configuration& configuration, Platform& platform,
                         CoordinatorProcess& coordinator);

/// Starts the servers, and reports their addresses by a line each. Null if the options ask for
/// none. The platform outlives the result.
StatusOr<std::unique_ptr<RestServers>> start_rest_servers(const RestOptions& options,
                                                          RestControl control, Platform& platform);

}  // namespace weir
