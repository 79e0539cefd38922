#include "runtime/snapshot_writes.h"

#include <utility>

#include "base/strings.h"

namespace weir {

std::optional<std::vector<TaskSnapshot>> SnapshotWrite::begin() {
  std::lock_guard lock(mutex_);
  if (canceled_) return std::nullopt;
  begun_ = true;
  return std::move(snapshots_);
}

void SnapshotWrite::cancel() {
  std::vector<TaskSnapshot> dropped;  // outside the lock
  std::lock_guard lock(mutex_);
  canceled_ = true;
  dropped.swap(snapshots_);
}

bool SnapshotWrite::canceled() const {
  std::lock_guard lock(mutex_);
  return canceled_;
}

bool SnapshotWrite::keeps_state() const {
  std::lock_guard lock(mutex_);
  return begun_ || !canceled_;
}

std::shared_ptr<SnapshotWrite> SnapshotWrites::add(CheckpointId id, MonotonicTime now,
                                                   std::vector<TaskSnapshot> snapshots) {
  writes_.push_back({id, now, std::make_shared<SnapshotWrite>(std::move(snapshots))});
  return writes_.back().write;
}

void SnapshotWrites::ended(const std::shared_ptr<SnapshotWrite>& write) {
  std::erase_if(writes_, [&](const Write& each) { return each.write == write; });
}

void SnapshotWrites::cancel(CheckpointId id) {
  for (const Write& each : writes_) {
    if (each.id == id) each.write->cancel();
  }
}

void SnapshotWrites::cancel_all() {
  for (const Write& each : writes_) each.write->cancel();
}

Status SnapshotWrites::check_room(int limit, MonotonicTime now, const std::string& where) const {
  int unfinished = 0;
  std::string list;
  for (const Write& each : writes_) {
    if (!each.write->keeps_state()) continue;
    ++unfinished;
    list += cat(list.empty() ? "" : ", ", "checkpoint ", each.id, " for ",
                whole_ms(now - each.since), " ms");
  }
  if (unfinished < limit) return {};
  return resource_exhausted(cat("the state of ", unfinished,
                                " earlier checkpoints is still being written (", list,
                                "), and each keeps memory, so no further one begins: ", where,
                                " answers slowly or not at all, or a serializer takes that long"));
}

}  // namespace weir
