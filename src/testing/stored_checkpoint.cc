#include "testing/stored_checkpoint.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/restore_plan.h"
#include "runtime/task_restore.h"

namespace weir {
namespace {

const OperatorSnapshotState* find(const CheckpointMetadata& metadata, const OperatorId& id) {
  const auto found = std::find_if(metadata.operators.begin(), metadata.operators.end(),
                                  [&](const OperatorSnapshotState& op) { return op.id == id; });
  return found == metadata.operators.end() ? nullptr : &*found;
}

}  // namespace

StatusOr<std::shared_ptr<const StoredCheckpoint>> StoredCheckpoint::open(
    const std::string& path, FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(const FileLocation given, files.resolve(path));
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory, locate_snapshot(given));
  WEIR_ASSIGN_OR_RETURN(LoadedCheckpoint loaded, load_checkpoint(directory, {.files = &files}));
  return std::shared_ptr<const StoredCheckpoint>(new StoredCheckpoint(std::move(loaded), files));
}

bool StoredCheckpoint::has(const std::string& uid) const {
  return find(*loaded_.metadata, murmur3_128(uid)) != nullptr;
}

std::string StoredCheckpoint::uids() const {
  std::string all;
  for (const OperatorSnapshotState& op : loaded_.metadata->operators) {
    const OperatorStateDescription* known =
        loaded_.sidecar ? loaded_.sidecar->find(op.id) : nullptr;
    all += cat(all.empty() ? "" : ", ",
               known != nullptr && !known->uid.empty() ? known->uid : op.id.to_hex());
  }
  return all;
}

int StoredCheckpoint::max_parallelism(const std::string& uid, int otherwise) const {
  return stored_max_parallelism(*loaded_.metadata, murmur3_128(uid)).value_or(otherwise);
}

StatusOr<std::vector<HarnessSnapshot>> StoredCheckpoint::parts(const std::string& uid,
                                                               int parallelism,
                                                               int max_parallelism) const {
  const OperatorId id = murmur3_128(uid);
  WEIR_ASSIGN_OR_RETURN(
      RestorePlan planned,
      plan_restore(loaded_.metadata, {{uid, uid, id, parallelism, max_parallelism}},
                   {.ignore_unclaimed_state = true}));
  const auto plan = std::make_shared<const RestorePlan>(std::move(planned));
  TaskStart start;
  start.plan = plan.get();
  start.sidecar = loaded_.sidecar ? &*loaded_.sidecar : nullptr;
  start.directory = loaded_.directory.uri;
  const OperatorRestore* restore = plan->find(id);
  std::vector<HarnessSnapshot> parts(static_cast<size_t>(parallelism));
  for (int subtask = 0; subtask < parallelism; ++subtask) {
    HarnessSnapshot& part = parts[static_cast<size_t>(subtask)];
    part.checkpoint_id = plan->checkpoint_id;
    WEIR_ASSIGN_OR_RETURN(OperatorLists lists, restored_lists(id, subtask, start, files_));
    for (auto& [name, list] : lists) part.lists[name] = {list.mode, std::move(list.elements)};
    const auto i = static_cast<size_t>(subtask);
    part.keyed =
        restore != nullptr && i < restore->subtasks.size() && !restore->subtasks[i].keyed.empty();
    part.read_keyed = [id, subtask, start, plan, &files = files_](KeyedState& state) {
      return restore_keyed_state_of(id, subtask, start, files, state);
    };
  }
  return parts;
}

}  // namespace weir
