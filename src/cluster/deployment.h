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

/// Builds the deployment message of each worker in an attempt: the starting state of the worker's
/// own subtasks, and the placement of only those other shards that its channels connect to. Parts
/// that several workers share are encoded once, so the cost is that of the differences. Thread: the
/// job master's.
class Deployment {
 public:
  /// `graph`: with the attempt's parallelism. `plan`: null on a fresh start. `worker_of_shard`
  /// gives each shard's worker as an index into `addresses`. All arguments taken by reference must
  /// outlive the deployment.
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
  std::shared_ptr<const RestorePlan> plan_for_all_;  ///< without the selections of single subtasks
  std::map<std::string_view, const DataFile*> files_;  ///< by name
  std::vector<std::vector<int32_t>> shards_of_worker_;
  std::map<int, Shared<AttemptPlan>> common_;  ///< keyed by the number of shards that are reached
};

// The worker's side. Pure. DATA_LOSS, INVALID_ARGUMENT: the message contradicts itself or the
// graph.

/// `graph`: with the attempt's parallelism.
StatusOr<Placement> placement_of(const Deploy& deploy, const JobGraph& graph);
/// Contains the selections of the receiver's subtasks and no others. Null on a fresh start.
StatusOr<std::shared_ptr<const RestorePlan>> restore_plan_of(const Deploy& deploy);
/// Contains the files that the receiver's subtasks read and no others. Null if the checkpoint has
/// no sidecar.
std::shared_ptr<const Sidecar> sidecar_of(const Deploy& deploy);
SubtaskSplits splits_of(const Deploy& deploy, int vertex, int subtask);

}  // namespace weir
