#include "checkpoint/cleaner.h"

#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "checkpoint/storage.h"

namespace weir {
namespace {

constexpr int kTries = 20;

}  // namespace

void CheckpointCleaner::discard(CheckpointId id) { enqueue({Removal::Kind::kDiscard, id}); }

void CheckpointCleaner::clear(CheckpointId id) {
  remember(id);
  enqueue({Removal::Kind::kClear, id});
}

void CheckpointCleaner::sweep_below(CheckpointId id) {
  while (!cleared_.empty() && *cleared_.begin() < id) {
    enqueue({Removal::Kind::kSweep, *cleared_.begin()});
    cleared_.erase(cleared_.begin());
  }
  for (const CheckpointId failed : std::exchange(discards_to_repeat_, {})) discard(failed);
}

void CheckpointCleaner::enqueue(Removal removal) {
  for (const Removal& queued : queue_) {
    if (queued.kind == removal.kind && queued.id == removal.id) return;
  }
  queue_.push_back(removal);
  if (!running_) run_next();
}

void CheckpointCleaner::sweep_shared(SharedSweep sweep) {
  // A job that is not incremental writes no file there.
  if (shared_is_empty_ && !sweep.may_have_grown) return;
  sweep_ = std::move(sweep);
  if (!running_) run_next();
}

void CheckpointCleaner::run_sweep() {
  running_ = true;
  run_blocking_([this, sweep = *std::exchange(sweep_, std::nullopt), job = job_,
                 start = start_]() -> std::function<void()> {
    StatusOr<bool> empty = false;
    // A later start may be writing checkpoints with these numbers.
    if (start == 0 || check_newest_start(job, start).ok()) empty = sweep_shared_files(job, sweep);
    return [this, empty] {
      running_ = false;
      if (empty.ok()) shared_is_empty_ = *empty;
      else { WEIR_LOG(kWarning) << empty.status().to_string(); }
      run_next();
    };
  });
}

void CheckpointCleaner::run_next() {
  if (queue_.empty()) {
    if (sweep_) run_sweep();
    return;
  }
  const Removal removal = queue_.front();
  queue_.pop_front();
  running_ = true;
  run_blocking_(
      [this, removal, job = job_, start = start_, mark = mark_]() -> std::function<void()> {
        // A later start may need the checkpoint.
        Status status;
        if (start > 0 && !bug_enabled(Bug::kEarlierStartDeletes))
          status = check_newest_start(job, start);
        if (!status.ok()) return [this, removal, status] { on_removed(removal, status); };
        switch (removal.kind) {
          case Removal::Kind::kDiscard: status = discard_checkpoint(job, removal.id); break;
          case Removal::Kind::kClear: status = discard_aborted(job, removal.id, mark); break;
          case Removal::Kind::kSweep:
            status = discard_unfinished(job, removal.id, DirectoryAfterwards::kRemoved);
            break;
        }
        return [this, removal, status] { on_removed(removal, status); };
      });
}

void CheckpointCleaner::on_removed(Removal removal, const Status& status) {
  running_ = false;
  // A checkpoint that turned out to be complete belongs to someone, so it stays.
  const bool done = status.ok() || status.code() == StatusCode::kFailedPrecondition;
  // Unless the later start is the job's own, which has just gone back, no checkpoint completes any
  // more, and so nothing is repeated.
  const bool started_again = status.code() == StatusCode::kAborted;
  if (!done && !started_again) { WEIR_LOG(kWarning) << status.to_string(); }
  if (done || ++failed_tries_[removal.id] >= kTries) {
    failed_tries_.erase(removal.id);
  } else if (removal.kind == Removal::Kind::kDiscard) {
    discards_to_repeat_.insert(removal.id);
  } else {
    remember(removal.id);
  }
  run_next();
}

}  // namespace weir
