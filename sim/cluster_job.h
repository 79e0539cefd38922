#pragma once

#include <map>
#include <memory>

#include "cluster/job_options.h"
#include "cluster_plan.h"
#include "graph/job_graph.h"

namespace weir::sim {

/// How often each user function still throws, and where. Outlives processes, so that a planned
/// exception is thrown only once.
using Mishaps = std::map<Mishap, int>;

inline constexpr char kInputDirectory[] = "/input";
inline constexpr char kOutputDirectory[] = "/output";
inline constexpr char kCheckpointDirectory[] = "/checkpoints";

JobId job_id_of_workload();

/// Writes the input of the plan's file sources to the disk that they read ("file://").
void write_input(const WorkloadPlan& plan, MemoryFileSystem& disk);

/// The job, written with the public API.
StatusOr<JobGraph> make_job_graph(const WorkloadPlan& plan, const SettingsPlan& settings,
                                  std::shared_ptr<Mishaps> mishaps);
/// The job's options, read from a configuration. `from`: the checkpoint to restore.
StatusOr<JobOptions> make_job_options(const WorkloadPlan& plan, const SettingsPlan& settings,
                                      const std::string& from = "latest");

}  // namespace weir::sim
