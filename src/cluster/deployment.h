#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/job_preparation.h"
#include "cluster/messages.h"
#include "runtime/exchange.h"

namespace weir {

/// What the workers of an attempt are told: each of its own subtasks what they start from, and of
/// the others' shards only where those are that its channels lead to or come from. What several
/// workers are told alike is encoded once, so a deployment costs what it says. Thread: the job
/// master's.
class Deployment {
 public:
  /// `graph`: as wide as the attempt. `plan`: null on a fresh start. `worker_of_shard` names each
  /// worker by its index in `addresses`. What is referred to outlives the deployment.
  Deployment(const JobGraph& graph, AttemptId attempt, const StartingPoint& start,
             const RestorePlan* plan, const std::vector<int32_t>& worker_of_shard,
             std::vector<std::string> addresses);

  Deploy of_worker(int32_t worker);

 private:
  const Shared<AttemptPlan>& common_to(int reach);

  const JobGraph& graph_;
  const AttemptId attempt_;
  const StartingPoint& start_;
  const RestorePlan* const plan_;
  const std::vector<int32_t>& worker_of_shard_;
  const std::vector<std::string> addresses_;
  std::shared_ptr<const RestorePlan> plan_for_all_;    ///< without what single subtasks read
  std::map<std::string_view, const DataFile*> files_;  ///< by name
  std::vector<std::vector<int32_t>> shards_of_worker_;
  std::map<int, Shared<AttemptPlan>> common_;  ///< by the number of shards that are reached
};

// The worker's side. Pure. DATA_LOSS, INVALID_ARGUMENT: the message contradicts itself or the
// graph.

/// `graph`: as wide as the attempt.
StatusOr<Placement> placement_of(const Deploy& deploy, const JobGraph& graph);
/// With what the receiver's subtasks read and no others. Null on a fresh start.
StatusOr<std::shared_ptr<const RestorePlan>> restore_plan_of(const Deploy& deploy);
/// With the files that the receiver's subtasks read and no others. Null if the checkpoint has none.
std::shared_ptr<const Sidecar> sidecar_of(const Deploy& deploy);
std::vector<std::string> splits_of(const Deploy& deploy, int vertex, int subtask);

}  // namespace weir
