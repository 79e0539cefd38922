#pragma once

#include <map>
#include <memory>

#include "cluster/job_options.h"
#include "cluster_plan.h"
#include "graph/job_graph.h"

namespace weir::sim {

/// How often user functions still throw where. Outlives processes: what was thrown once is not
/// thrown again.
using Mishaps = std::map<Mishap, int>;

inline constexpr char kInputDirectory[] = "/input";
inline constexpr char kOutputDirectory[] = "/output";
inline constexpr char kCheckpointDirectory[] = "/checkpoints";

JobId job_id_of_workload();

/// The input of the plan's file sources, onto the disk that they read from ("file://").
void write_input(const WorkloadPlan& plan, MemoryFileSystem& disk);

/// The program, written with the public API.
StatusOr<JobGraph> make_job_graph(const WorkloadPlan& plan, const SettingsPlan& settings,
                                  std::shared_ptr<Mishaps> mishaps);
/// Its options, by way of the configuration. `from`: what it starts from.
StatusOr<JobOptions> make_job_options(const WorkloadPlan& plan, const SettingsPlan& settings,
                                      const std::string& from = "latest");

}  // namespace weir::sim
