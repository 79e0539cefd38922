#include "checkpoint/coordinator.h"

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/storage.h"
#include "weir/detail/check.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kNever = MonotonicTime::max();
constexpr MonotonicTime kFirstAskAgain = 500ms;
constexpr MonotonicTime kLastAskAgain = 30s;

}  // namespace

CheckpointCoordinator::CheckpointCoordinator(Clock& clock, Random& random,
                                             CoordinatorOptions options, CheckpointHost& host)
    : clock_(clock),
      random_(random),
      options_(std::move(options)),
      host_(host),
      first_id_(options_.highest_used_id + 1),
      start_(options_.start),
      cleaner_(options_.job,
               [this](std::function<std::function<void()>()> work) { run(std::move(work)); }),
      next_id_(first_id_),
      completed_(options_.completed),
      unconfirmed_(options_.unconfirmed) {
  std::sort(completed_.begin(), completed_.end());
  // An unfinished one whose directory was left to keep its id used.
  const bool complete =
      std::binary_search(completed_.begin(), completed_.end(), options_.highest_used_id);
  if (options_.highest_used_id > 0 && !complete) cleaner_.remember(options_.highest_used_id);
  for (const CheckpointId id : options_.orphans) cleaner_.remember(id);
}

void CheckpointCoordinator::run(std::function<std::function<void()>()> work) {
  ++blocking_;
  host_.run_blocking([this, work = std::move(work)]() -> std::function<void()> {
    return [this, answer = work()] {
      --blocking_;
      answer();
      settle();
    };
  });
}

void CheckpointCoordinator::start(AttemptId attempt, CheckpointParticipants participants,
                                  CheckpointId restored) {
  WEIR_CHECK(!running_ && pending_.empty() && !shutting_down_);
  WEIR_CHECK(attempt > attempt_);
  running_ = true;
  attempt_ = attempt;
  participants_ = std::make_shared<const CheckpointParticipants>(std::move(participants));
  // What operators restored under the ids up to `restored` must stay older than what is to come,
  // also if it is from elsewhere.
  next_id_ = std::max(next_id_, restored + 1);
  last_trigger_ = clock_.now();
  last_end_.reset();
  events_since_trigger_ = 0;
  consecutive_failures_ = 0;
  beyond_tolerance_ = false;
  final_request_ = nullptr;
  final_completed_ = false;
}

MonotonicTime CheckpointCoordinator::poll(MonotonicTime now) {
  expire(now);
  if (ask_again_at_ && now >= *ask_again_at_ && !shutting_down_) {
    ask_again_at_.reset();
    publish(pending_.at(*writing_), /*again=*/true);
  }
  TriggerDecision decision = decide(now);
  while (decision.kind == TriggerDecision::Kind::kStart) {
    trigger(now);
    decision = decide(now);
  }

  MonotonicTime next =
      decision.kind == TriggerDecision::Kind::kNotBefore ? decision.not_before : kNever;
  if (ask_again_at_) next = std::min(next, *ask_again_at_);
  for (const auto& [id, entry] : pending_) {
    if (runs(entry.checkpoint) && !entry.counted)
      next = std::min(next, entry.checkpoint.started() + options_.timeout);
  }
  return next;
}

bool CheckpointCoordinator::is_final_under_way() const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [](const auto& each) { return each.second.final_done != nullptr; });
}

TriggerDecision CheckpointCoordinator::decide(MonotonicTime now) const {
  if (!running_ || final_completed_ || is_final_under_way()) return {};
  TriggerInputs in;
  in.now = now;
  in.last_trigger = last_trigger_;
  in.last_end = last_end_;
  in.events_since_trigger = events_since_trigger_;
  in.pending = static_cast<int>(pending_.size());
  in.preparing = !pending_.empty() &&
                 pending_.rbegin()->second.checkpoint.phase() == CheckpointPhase::kPreparing;
  in.deletions = cleaner_.outstanding();
  in.forced = final_request_ != nullptr;
  in.last_failed = consecutive_failures_ > 0;
  return decide_trigger(options_.trigger, in);
}

void CheckpointCoordinator::trigger(MonotonicTime now) {
  if (bug_enabled(Bug::kReuseCheckpointId) && next_id_ > first_id_ &&
      !std::binary_search(completed_.begin(), completed_.end(), next_id_ - 1)) {
    --next_id_;
  }
  const CheckpointId id = next_id_++;
  last_trigger_ = now;
  events_since_trigger_ = 0;
  Entry entry{PendingCheckpoint(attempt_, id, clock_.wall_ms(), now, participants_)};
  entry.final_done = std::exchange(final_request_, nullptr);
  pending_.emplace(id, std::move(entry));
  run([this, id, job = options_.job]() -> std::function<void()> {
    const Status status = prepare_checkpoint_directory(job, id);
    return [this, id, status] { on_prepared(id, status); };
  });
}

void CheckpointCoordinator::on_prepared(CheckpointId id, const Status& status) {
  const auto found = pending_.find(id);
  const bool given_up =
      found == pending_.end();  // meanwhile: by a timeout, or because the attempt was stopped
  if (status.ok()) {
    if (given_up) return remove_late_files(id);
    PendingCheckpoint& checkpoint = found->second.checkpoint;
    checkpoint.move_to(CheckpointPhase::kTriggered);
    host_.send_trigger({checkpoint.attempt(), id, checkpoint.timestamp_ms()});
    return;
  }
  if (status.code() == StatusCode::kAlreadyExists) {
    untouchable_.insert(id);
  } else {
    cleaner_.remember(id);  // it may be there, and not be this coordinator's
  }
  if (!given_up) abort(id, status, Counted::kYes, Files::kLeave);
}

void CheckpointCoordinator::expire(MonotonicTime now) {
  std::vector<CheckpointId> overdue;
  for (const auto& [id, entry] : pending_) {
    if (runs(entry.checkpoint) && !entry.counted &&
        now >= entry.checkpoint.started() + options_.timeout)
      overdue.push_back(id);
  }
  for (const CheckpointId id : overdue) {
    const auto found =
        pending_.find(id);  // the host may have stopped the attempt because of the one before
    if (found == pending_.end() || !running_) continue;
    Entry& entry = found->second;
    const std::string after =
        cat("checkpoint ", id, " has expired after ", whole_ms(options_.timeout), " ms");
    if (may_abort(entry.checkpoint.phase())) {
      const std::string missing = entry.checkpoint.missing();
      abort(id, deadline_exceeded(cat(after, missing.empty() ? "" : ": ", missing)), Counted::kYes,
            Files::kRemove);
    } else {
      entry.counted = true;
      count_failure(
          id, deadline_exceeded(cat(after, " while it was being written; its outcome is awaited")));
    }
  }
}

void CheckpointCoordinator::acknowledge(const AcknowledgeCheckpoint& message) {
  AcknowledgeCheckpoint accepted_under_bug;
  const AcknowledgeCheckpoint* taken = &message;
  if (bug_enabled(Bug::kLateAckOfGivenUpCheckpoint) && !pending_.empty() &&
      !pending_.contains(message.id)) {
    accepted_under_bug = message;
    accepted_under_bug.id = pending_.rbegin()->first;
    taken = &accepted_under_bug;
  }
  const auto found = pending_.find(taken->id);
  if (found == pending_.end()) {
    if (!message.files.empty()) remove_late_files(message.id);
    return;
  }
  Status reason;
  const AckOutcome outcome = found->second.checkpoint.acknowledge(*taken, &reason);
  if (outcome == AckOutcome::kInvalid) {
    if (may_abort(found->second.checkpoint.phase()))
      abort(taken->id, reason, Counted::kYes, Files::kRemove);
  } else if (outcome == AckOutcome::kAccepted) {
    write_next();
  }
}

void CheckpointCoordinator::remove_late_files(CheckpointId id) {
  const bool of_this_directory = id >= first_id_ && id < next_id_;
  const bool in_use =
      std::binary_search(completed_.begin(), completed_.end(), id) || untouchable_.contains(id);
  if (of_this_directory && !in_use) cleaner_.clear(id);
}

void CheckpointCoordinator::decline(const DeclineCheckpoint& message) {
  const auto found = pending_.find(message.id);
  if (found == pending_.end()) {
    remove_late_files(message.id);
    return;
  }
  if (message.attempt != found->second.checkpoint.attempt()) return;
  if (found->second.checkpoint.phase() != CheckpointPhase::kTriggered) return;
  abort(message.id,
        message.reason.with_context(
            cat("process ", message.process, " declined checkpoint ", message.id)),
        Counted::kYes, Files::kRemove);
}

void CheckpointCoordinator::write_next() {
  if (writing_) return;
  for (auto& [id, entry] : pending_) {
    if (entry.checkpoint.phase() != CheckpointPhase::kAcknowledged) continue;
    entry.checkpoint.move_to(CheckpointPhase::kFinalizing);
    writing_ = id;
    ask_again_after_ = kFirstAskAgain;
    Sidecar sidecar;
    sidecar.job_name = options_.job_name;
    sidecar.job_id = options_.job_id;
    sidecar.fingerprint = options_.fingerprint;
    sidecar.arguments = options_.arguments;
    sidecar.start = start_;
    sidecar.files = entry.checkpoint.files();
    sidecar.operators = entry.checkpoint.descriptions();
    entry.publication = std::make_shared<CheckpointPublication>(
        options_.job,
        CheckpointContent{entry.checkpoint.metadata(), std::move(sidecar),
                          options_.metadata_version},
        random_.next());
    if (bug_enabled(Bug::kNotifyBeforeDurable))
      host_.send_complete({entry.checkpoint.attempt(), id});
    publish(entry, /*again=*/false);
    return;
  }
}

/// Where coordinators contest the job the one that leads decides what is complete.
static PublishResult point_at(const CheckpointPublication& publication, PublishResult published,
                              LeaderStore& store) {
  const Status status = store.set_pointer(publication.pointer());
  if (status.ok()) return published;
  if (status.code() == StatusCode::kUnavailable) return {PublishOutcome::kUnknown, status, 0};
  if (bug_enabled(Bug::kStaleLeaderCompletes)) return published;
  return {PublishOutcome::kForeign, status, 0};
}

/// Another process may have started the job meanwhile. It goes on from what was complete when it
/// recorded its start, or from this one as well: if there is no such record now, it will see it.
static PublishResult unless_started_again(const FileLocation& job, StartNumber start,
                                          PublishResult published) {
  if (start == 0) return published;
  const Status status = check_newest_start(job, start);
  if (status.ok()) return published;
  return {
      status.code() == StatusCode::kAborted ? PublishOutcome::kForeign : PublishOutcome::kUnknown,
      status, 0};
}

void CheckpointCoordinator::publish(Entry& entry, bool again) {
  run([this, again, id = entry.checkpoint.id(), publication = entry.publication,
       store = options_.store, job = options_.job, start = start_]() -> std::function<void()> {
    PublishResult result = again ? publication->resolve() : publication->publish();
    if (result.outcome == PublishOutcome::kPublished)
      result = unless_started_again(job, start, std::move(result));
    const bool told_early =
        result.outcome == PublishOutcome::kPublished && bug_enabled(Bug::kNotifyBeforePointer);
    if (store != nullptr && result.outcome == PublishOutcome::kPublished)
      result = point_at(*publication, std::move(result), *store);
    return [this, id, result, told_early] {
      if (told_early && runs(pending_.at(id).checkpoint)) host_.send_complete({attempt_, id});
      on_written(id, result);
    };
  });
}

void CheckpointCoordinator::on_written(CheckpointId id, const PublishResult& result) {
  WEIR_CHECK(writing_ == id);
  PendingCheckpoint& checkpoint = pending_.at(id).checkpoint;
  switch (result.outcome) {
    case PublishOutcome::kPublished: complete(id, result.bytes); return;
    case PublishOutcome::kNotPublished:
      abort(id, result.status, Counted::kYes, Files::kRemove);
      write_next();
      return;
    case PublishOutcome::kForeign:
      others_work_here_ = true;
      untouchable_.insert(id);
      abort(id, result.status, Counted::kYes, Files::kLeave);
      write_next();
      return;
    case PublishOutcome::kUnknown: break;
  }
  if (checkpoint.phase() == CheckpointPhase::kFinalizing) {
    checkpoint.move_to(CheckpointPhase::kUnknown);
    WEIR_LOG(kWarning) << result.status.message() << "; storage is asked until it answers";
  }
  ask_again_at_ = clock_.now() + ask_again_after_;
  ask_again_after_ = std::min(ask_again_after_ * 2, kLastAskAgain);
}

void CheckpointCoordinator::complete(CheckpointId id, int64_t bytes) {
  auto node = pending_.extract(id);
  Entry& entry = node.mapped();
  entry.checkpoint.move_to(CheckpointPhase::kCompleted);
  WEIR_CHECK(completed_.empty() || completed_.back() < id);
  completed_.push_back(id);
  writing_.reset();
  const MonotonicTime now = clock_.now();
  last_end_ = now;
  consecutive_failures_ = 0;
  const CompletedCheckpoint info{id, options_.job.child(checkpoint_directory_name(id)).uri,
                                 entry.checkpoint.timestamp_ms(), now - entry.checkpoint.started(),
                                 bytes};
  ++statistics_.completed;
  statistics_.last_completed_id = id;
  statistics_.last_duration = info.duration;
  statistics_.last_bytes = bytes;
  statistics_.last_completed_at = now;

  subsume_older_than(id);
  if (entry.final_done && runs(entry.checkpoint)) final_completed_ = true;
  if (runs(entry.checkpoint)) host_.send_complete({entry.checkpoint.attempt(), id});
  host_.on_completed(info);
  if (entry.final_done && runs(entry.checkpoint)) entry.final_done({});
  cleaner_.sweep_below(id);
  // Now that it is sure that this leader led, and that nobody will ever point at them.
  for (const CheckpointId each : std::exchange(unconfirmed_, {})) cleaner_.discard(each);
  delete_superfluous(JobOutcome::kRunning);
  write_next();
}

void CheckpointCoordinator::subsume_older_than(CheckpointId id) {
  std::vector<CheckpointId> older;
  for (const auto& [other, entry] : pending_) {
    if (other < id && may_abort(entry.checkpoint.phase())) older.push_back(other);
  }
  for (const CheckpointId each : older) {
    if (pending_.contains(each))
      abort(each, aborted(cat("checkpoint ", id, " completed before it")), Counted::kNo,
            Files::kRemove);
  }
}

void CheckpointCoordinator::abort(CheckpointId id, const Status& reason, Counted counted,
                                  Files files) {
  auto node = pending_.extract(id);
  Entry& entry = node.mapped();
  const bool tasks_know = entry.checkpoint.phase() != CheckpointPhase::kPreparing;
  entry.checkpoint.move_to(CheckpointPhase::kAborted);
  if (writing_ == id) {
    writing_.reset();
    ask_again_at_.reset();
  }
  last_end_ = clock_.now();
  // While it is being prepared nobody writes to it but another coordinator, which may have been
  // first: on_prepared() will know.
  if (files == Files::kRemove && tasks_know) cleaner_.clear(id);
  if (!runs(entry.checkpoint)) return;

  if (tasks_know) host_.send_aborted({entry.checkpoint.attempt(), id});
  if (counted == Counted::kYes && !entry.counted) count_failure(id, reason);
  if (entry.final_done && runs(entry.checkpoint)) entry.final_done(reason);
}

void CheckpointCoordinator::abort_all(const Status& reason) {
  std::vector<CheckpointId> ids;
  for (const auto& [id, entry] : pending_) {
    if (may_abort(entry.checkpoint.phase())) ids.push_back(id);
  }
  for (const CheckpointId id : ids) abort(id, reason, Counted::kNo, Files::kRemove);
}

void CheckpointCoordinator::count_failure(CheckpointId id, const Status& reason) {
  ++statistics_.failed;
  statistics_.last_failure = std::string(reason.message());
  WEIR_LOG(kWarning) << "checkpoint " << id << " failed: " << reason.message();
  if (!running_) return;  // the host has stopped the attempt while it was told of the abort
  if (++consecutive_failures_ <= options_.tolerable_failed_checkpoints ||
      std::exchange(beyond_tolerance_, true))
    return;
  host_.on_checkpoint_failure_beyond_tolerance(reason.with_context(
      cat(consecutive_failures_, " checkpoints failed in a row, and ",
          options_.tolerable_failed_checkpoints,
          " are tolerated (execution.checkpointing.tolerable-failed-checkpoints)")));
}

void CheckpointCoordinator::request_final(std::function<void(Status)> done) {
  if (running_) final_request_ = std::move(done);
}

void CheckpointCoordinator::stop(AttemptId attempt) {
  if (!running_ || attempt != attempt_) return;
  running_ = false;
  final_request_ = nullptr;
  abort_all(cancelled(cat("attempt ", attempt, " was stopped")));
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
  // Only one whose outcome storage does not tell can be left. It is not waited for, and nothing
  // older is deleted: it may be needed.
  const bool known = pending_.empty();
  pending_.clear();
  writing_.reset();
  ask_again_at_.reset();
  const JobOutcome outcome = std::exchange(*shutting_down_, JobOutcome::kRunning);
  if (outcome != JobOutcome::kRunning && known && !others_work_here_) {
    if (!completed_.empty()) cleaner_.sweep_below(completed_.back());
    delete_superfluous(outcome);
  }
  if (blocking_ == 0 && shut_down_done_) std::exchange(shut_down_done_, nullptr)();
}

void CheckpointCoordinator::delete_superfluous(JobOutcome outcome) {
  RetentionInputs in;
  for (const CheckpointId id : completed_) in.completed.push_back({id});
  in.num_retained = options_.num_retained;
  in.outcome = outcome;
  in.policy = options_.retention;
  for (const CheckpointId id : plan_retention(in)) {
    std::erase(completed_, id);
    cleaner_.discard(id);
  }
}

std::optional<CheckpointId> CheckpointCoordinator::newest_completed() const {
  if (completed_.empty()) return std::nullopt;
  return completed_.back();
}

CheckpointStatistics CheckpointCoordinator::statistics() const {
  CheckpointStatistics statistics = statistics_;
  statistics.pending = static_cast<int>(pending_.size());
  return statistics;
}

}  // namespace weir
