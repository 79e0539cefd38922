#include "cluster/deployment.h"

#include <algorithm>
#include <set>

#include "base/bug_switch.h"
#include "base/strings.h"
#include "graph/execution_graph.h"

namespace weir {
namespace {

/// The splits of one subtask. They are dealt out round-robin, so that every subtask reads them in
/// order.
std::vector<std::string> dealt_to(const std::vector<std::string>& splits, int subtask,
                                  int parallelism) {
  std::vector<std::string> dealt;
  for (size_t i = static_cast<size_t>(subtask); i < splits.size();
       i += static_cast<size_t>(parallelism))
    dealt.push_back(splits[i]);
  if (bug_enabled(Bug::kSplitsDealtTwice) && subtask == 1 && !splits.empty())
    dealt.push_back(splits[0]);
  return dealt;
}

std::shared_ptr<const RestorePlan> without_subtasks(const RestorePlan& plan) {
  auto heads = std::make_shared<RestorePlan>();
  heads->checkpoint_id = plan.checkpoint_id;
  for (const OperatorRestore& op : plan.operators) {
    heads->operators.push_back(
        {op.name, op.uid, op.id, op.found, op.old_parallelism, op.bytes, op.for_all, {}});
  }
  return heads;
}

void add_file(const StateStream& stream, std::set<std::string_view>& names) {
  if (const auto* segment = std::get_if<FileSegment>(&stream)) names.insert(segment->file);
}
void add_files(const std::vector<ListStateSelection>& lists, std::set<std::string_view>& names) {
  for (const ListStateSelection& list : lists) add_file(list.handle->stream, names);
}

}  // namespace

Deployment::Deployment(const JobGraph& graph, AttemptId attempt, const StartingPoint& start,
                       const RestorePlan* plan, const std::vector<int32_t>& worker_of_shard,
                       std::vector<std::string> addresses)
    : graph_(graph),
      attempt_(attempt),
      start_(start),
      plan_(plan),
      worker_of_shard_(worker_of_shard),
      addresses_(std::move(addresses)),
      plan_for_all_(plan != nullptr ? without_subtasks(*plan) : nullptr),
      shards_of_worker_(addresses_.size()) {
  for (size_t shard = 0; shard < worker_of_shard.size(); ++shard) {
    shards_of_worker_[static_cast<size_t>(worker_of_shard[shard])].push_back(
        static_cast<int32_t>(shard));
  }
  if (start.sidecar == nullptr) return;
  for (const DataFile& file : start.sidecar->files) files_.emplace(file.name, &file);
}

const Shared<AttemptPlan>& Deployment::common_to(int reach) {
  const auto found = common_.find(reach);
  if (found != common_.end()) return found->second;
  AttemptPlan common;
  common.shards = static_cast<int32_t>(worker_of_shard_.size());
  common.worker_of_shard.assign(worker_of_shard_.begin(), worker_of_shard_.begin() + reach);
  int32_t workers = 0;
  for (const int32_t worker : common.worker_of_shard) workers = std::max(workers, worker + 1);
  common.data_addresses.assign(addresses_.begin(), addresses_.begin() + workers);
  common.restored_checkpoint = start_.restored_checkpoint;
  common.restored_directory = start_.restored_directory;
  common.run = start_.run;
  common.continues_run = start_.continues_run;
  common.max_parallelisms = start_.max_parallelisms;
  common.plan = plan_for_all_;
  common.sidecar = start_.sidecar;
  return common_.emplace(reach, Shared<AttemptPlan>(std::move(common))).first->second;
}

Deploy Deployment::of_worker(int32_t worker) {
  Deploy deploy;
  deploy.attempt = attempt_;
  deploy.own = worker;
  deploy.own_shards = shards_of_worker_[static_cast<size_t>(worker)];
  deploy.common = common_to(slots_within_reach(graph_, deploy.own_shards));
  std::set<std::string_view> files;
  for (size_t i = 0; plan_ != nullptr && i < plan_->operators.size(); ++i) {
    const std::vector<SubtaskRestore>& subtasks = plan_->operators[i].subtasks;
    add_files(plan_->operators[i].for_all, files);
    for (const int32_t shard : deploy.own_shards) {
      const auto subtask = static_cast<size_t>(shard);
      if (subtask >= subtasks.size()) continue;
      const size_t from =
          bug_enabled(Bug::kPlanPartOfNeighbour) ? (subtask + 1) % subtasks.size() : subtask;
      const SubtaskRestore& restore = subtasks[from];
      deploy.restores.push_back({static_cast<int32_t>(i), shard, restore});
      for (const KeyedStateSelection& keyed : restore.keyed) add_file(keyed.handle->stream, files);
      add_files(restore.lists, files);
    }
  }
  for (const std::string_view name : files) {
    if (const auto known = files_.find(name); known != files_.end())
      deploy.files.push_back(*known->second);
  }
  const SourceSplits& splits = start_.splits;
  for (size_t v = 0; v < graph_.vertices.size(); ++v) {
    const int parallelism = graph_.vertices[v].parallelism;
    const bool more_follow = v < splits.on_request.size() && splits.on_request[v].has_value();
    for (const int32_t shard : deploy.own_shards) {
      if (shard >= parallelism) continue;
      std::vector<std::string> dealt;
      if (v < splits.dealt.size()) dealt = dealt_to(splits.dealt[v], shard, parallelism);
      if (!dealt.empty() || more_follow)
        deploy.splits.push_back({static_cast<int32_t>(v), shard, std::move(dealt), more_follow});
    }
  }
  return deploy;
}

StatusOr<Placement> placement_of(const Deploy& deploy, const JobGraph& graph) {
  size_t slots = 1;
  for (const JobVertex& vertex : graph.vertices)
    slots = std::max(slots, static_cast<size_t>(vertex.parallelism));
  const AttemptPlan& common = *deploy.common;
  Placement placement;
  placement.own = deploy.own;
  placement.worker_of_shard.assign(slots, Placement::kElsewhere);
  if (common.worker_of_shard.size() > slots) {
    return invalid_argument(cat("a placement of ", common.worker_of_shard.size(),
                                " shards for a job that wants ", slots));
  }
  std::copy(common.worker_of_shard.begin(), common.worker_of_shard.end(),
            placement.worker_of_shard.begin());
  for (const int32_t shard : deploy.own_shards) {
    if (shard < 0 || static_cast<size_t>(shard) >= slots) {
      return invalid_argument(cat("a placement of shard ", shard, " for a job that wants ", slots));
    }
    placement.worker_of_shard[static_cast<size_t>(shard)] = deploy.own;
  }
  for (const std::string& text : common.data_addresses) {
    auto address = text.empty() ? StatusOr<Address>(Address{}) : Address::parse(text);
    if (!address.ok()) return address.status();
    placement.data_addresses.push_back(*std::move(address));
  }
  return placement;
}

StatusOr<std::shared_ptr<const RestorePlan>> restore_plan_of(const Deploy& deploy) {
  if (deploy.common->plan == nullptr) return std::shared_ptr<const RestorePlan>();
  auto plan = std::make_shared<RestorePlan>(*deploy.common->plan);
  for (const RestoredSubtask& part : deploy.restores) {
    const bool known = part.op >= 0 && static_cast<size_t>(part.op) < plan->operators.size();
    if (!known || std::find(deploy.own_shards.begin(), deploy.own_shards.end(), part.subtask) ==
                      deploy.own_shards.end()) {
      return data_loss(cat("a deployment with state of subtask ", part.subtask, " of operator ",
                           part.op, ", which does not belong to it"));
    }
    std::vector<SubtaskRestore>& subtasks = plan->operators[static_cast<size_t>(part.op)].subtasks;
    subtasks.resize(std::max(subtasks.size(), static_cast<size_t>(part.subtask) + 1));
    subtasks[static_cast<size_t>(part.subtask)] = part.restore;
  }
  return std::shared_ptr<const RestorePlan>(std::move(plan));
}

std::shared_ptr<const Sidecar> sidecar_of(const Deploy& deploy) {
  if (deploy.common->sidecar == nullptr) return nullptr;
  auto sidecar = std::make_shared<Sidecar>(*deploy.common->sidecar);
  sidecar->files = deploy.files;
  return sidecar;
}

SubtaskSplits splits_of(const Deploy& deploy, int vertex, int subtask) {
  for (const SubtaskSplits& each : deploy.splits) {
    if (each.vertex == vertex && each.subtask == subtask) return each;
  }
  return {vertex, subtask, {}, false};
}

}  // namespace weir
