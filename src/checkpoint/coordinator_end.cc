// Requests, and the end of an attempt and of the job.

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "checkpoint/coordinator.h"
#include "weir/detail/base/check.h"

namespace weir {

Status CheckpointCoordinator::request(CheckpointRequest request) {
  if (!running_) {
    return failed_precondition(cat("a ", to_string(request.kind),
                                   " checkpoint is refused: the job is not running now; ask again "
                                   "when it is"));
  }
  return requests_.add(std::move(request));
}

void CheckpointCoordinator::stop(AttemptId attempt) {
  if (!running_ || attempt != attempt_) return;
  running_ = false;
  const Status reason = cancelled(cat("attempt ", attempt, " was stopped"));
  for (const CheckpointRequest& waiting : requests_.clear()) {
    if (waiting.done) waiting.done(reason);
  }
  abort_all(reason);
  settle();
}

void CheckpointCoordinator::when_idle(std::function<void()> idle) {
  idle_ = std::move(idle);
  settle();
}

void CheckpointCoordinator::shut_down(JobOutcome outcome, std::function<void()> done) {
  WEIR_CHECK(!shutting_down_);
  if (running_) stop(attempt_);
  idle_ = nullptr;
  shutting_down_ = outcome;
  shut_down_done_ = std::move(done);
  settle();
}

void CheckpointCoordinator::settle() {
  if (running_) return;
  if (pending_.empty() && idle_) std::exchange(idle_, nullptr)();
  if (!shutting_down_ || blocking_ > 0) return;
  // Only a checkpoint whose outcome is unknown can be left. Don't wait for storage, and delete
  // nothing older, because it may be needed.
  const bool known = pending_.empty();
  const auto unknown = std::exchange(pending_, {});
  writing_.reset();
  ask_again_at_.reset();
  for (const auto& [id, entry] : unknown) {
    if (entry.request.done)
      entry.request.done(unavailable(cat("storage did not say whether checkpoint ", id,
                                         " was completed before the job ended")));
  }
  const JobOutcome outcome = std::exchange(*shutting_down_, JobOutcome::kRunning);
  if (outcome != JobOutcome::kRunning && known && !store_.is_shared()) clean_up(outcome);
  if (blocking_ == 0 && shut_down_done_) std::exchange(shut_down_done_, nullptr)();
}

void CheckpointCoordinator::clean_up(JobOutcome outcome) {
  const auto clean = [this, outcome] {
    const CheckpointId newest = std::max(store_.latest().value_or(0), first_id_ - 1);
    if (store_.latest()) cleaner_.sweep_below(*store_.latest());
    delete_superfluous(outcome);
    references_.clear();
    sweep_shared(newest, next_id_ - 1);
  };
  const bool all = outcome == JobOutcome::kCanceled &&
                   options_.retention == RetentionPolicy::kDeleteOnCancellation;
  if (!all || start_ == 0 || options_.store != nullptr || bug_enabled(Bug::kEarlierStartDeletes))
    return clean();
  // Another process may have started the job from one of these checkpoints.
  run([this, clean, job = options_.job, start = start_,
       nonce = random_.next()]() -> std::function<void()> {
    const Status recorded = record_deletion(job, start, nonce);
    return [this, clean, recorded, start] {
      if (!recorded.ok()) {
        WEIR_LOG(kWarning) << "the checkpoints of the canceled job are kept: "
                           << recorded.message();
        return;
      }
      begin_start(start + 1);
      clean();
    };
  });
}

void CheckpointCoordinator::delete_superfluous(JobOutcome outcome) {
  for (const CheckpointId id : store_.take_superfluous(outcome)) {
    history_.on_discarded(id);
    cleaner_.discard(id);
  }
  if (outcome == JobOutcome::kCanceled &&
      options_.retention == RetentionPolicy::kDeleteOnCancellation)
    savepoints_.discard_claimed();
}

}  // namespace weir
