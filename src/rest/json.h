#pragma once

#include <array>
#include <string>
#include <string_view>

#include "rest/job_snapshot.h"
#include "rest/json_value.h"

// The bodies of Flink's REST interface, built from a snapshot. Pure.

namespace weir::rest {

inline constexpr std::array<std::string_view, 11> kJobStates = {
    "INITIALIZING", "CREATED",  "RUNNING",    "FAILING",   "FAILED",     "CANCELLING",
    "CANCELED",     "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING"};
inline constexpr std::array<std::string_view, 10> kTaskStates = {
    "CREATED",   "SCHEDULED", "DEPLOYING", "RUNNING",     "FINISHED",
    "CANCELING", "CANCELED",  "FAILED",    "RECONCILING", "INITIALIZING"};

/// Whether the job is in one of the three states that it never leaves.
bool has_ended(const JobSnapshot& job);

// The cluster.
/// `offers_changes`: whether pages have buttons that change the job.
Json config_json(bool offers_changes);
Json overview_json(const JobSnapshot& job);
Json jobs_json(const JobSnapshot& job);
Json jobs_overview_json(const JobSnapshot& job);
Json applications_json(const JobSnapshot& job);
Json application_json(const JobSnapshot& job);
Json workers_json(const JobSnapshot& job);
Json worker_json(const JobSnapshot& job, const JobSnapshot::Worker& worker);
Json settings_json(const JobSnapshot& job);
Json environment_json();

// The job.
Json job_json(const JobSnapshot& job);
Json plan_json(const JobSnapshot& job);
Json job_config_json(const JobSnapshot& job);
Json exceptions_json(const JobSnapshot& job, size_t most);
Json execution_result_json(const JobSnapshot& job);
Json job_accumulators_json();

// A vertex, by its index.
Json vertex_json(const JobSnapshot& job, size_t vertex);
Json vertex_workers_json(const JobSnapshot& job, size_t vertex);
Json subtask_json(const JobSnapshot& job, size_t vertex, int subtask);
Json subtask_times_json(const JobSnapshot& job, size_t vertex);
Json back_pressure_json(const JobSnapshot& job, size_t vertex);
Json watermarks_json(const JobSnapshot& job, size_t vertex);
Json accumulators_json(const JobSnapshot& job, size_t vertex);
Json subtask_accumulators_json(const JobSnapshot& job, size_t vertex);

// Checkpoints.
Json checkpoints_json(const JobSnapshot& job);
Json checkpoint_config_json(const JobSnapshot& job);
/// `details`: with an entry for each vertex.
Json checkpoint_json(const JobSnapshot& job, const CheckpointRecord& record, bool details);
Json checkpoint_vertex_json(const JobSnapshot& job, const CheckpointRecord& record, size_t vertex);

}  // namespace weir::rest
