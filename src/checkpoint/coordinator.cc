#include "checkpoint/coordinator.h"

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/storage.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

StatusOr<FileLocation> make_savepoint_directory(FileSystemRegistry* files,
                                                const std::string& target, const JobId& job,
                                                uint64_t nonce) {
  WEIR_CHECK(files != nullptr);
  WEIR_ASSIGN_OR_RETURN(const FileLocation location, files->resolve(target));
  return prepare_savepoint_directory(location, job, nonce);
}

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
      savepoints_([this](std::function<std::function<void()>()> work) { run(std::move(work)); },
                  options_.num_retained),
      next_id_(first_id_),
      store_({options_.completed, options_.unconfirmed, first_id_, options_.num_retained,
              options_.retention}),
      requests_(options_.trigger, options_.incremental) {
  cleaner_.begin_start(start_);
  // Remove the directory of an unfinished checkpoint that was kept to show that the id is used.
  if (options_.highest_used_id > 0 && !store_.is_completed(options_.highest_used_id))
    cleaner_.remember(options_.highest_used_id);
  for (const CheckpointId id : options_.orphans) cleaner_.remember(id);
  if (options_.claimed) savepoints_.claim(*options_.claimed);
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
                                  RestoredCheckpoint restored) {
  WEIR_CHECK(!running_ && pending_.empty() && !shutting_down_);
  WEIR_CHECK(attempt > attempt_);
  running_ = true;
  attempt_ = attempt;
  cleaner_.begin_attempt(mark());
  participants_ = std::make_shared<const CheckpointParticipants>(std::move(participants));
  // New ids must be higher than `restored`, even if that checkpoint is from elsewhere: operators
  // have state that refers to ids up to `restored`.
  next_id_ = std::max(next_id_, restored.id + 1);
  requests_.begin_attempt(clock_.now());
  consecutive_failures_ = 0;
  beyond_tolerance_ = false;
  savepoints_.begin_attempt();
  references_.clear();  // its processes build on nothing that is older
  if (restored.id < 0) return;
  restored.restored_ms = clock_.wall_ms();
  history_.on_restored(std::move(restored));
}

MonotonicTime CheckpointCoordinator::poll(MonotonicTime now) {
  expire(now);
  if (ask_again_at_ && now >= *ask_again_at_ && !shutting_down_) {
    ask_again_at_.reset();
    publish(pending_.at(*writing_), /*again=*/true);
  }
  auto decision = decide(now);
  while (decision.start) {
    trigger(*std::move(decision.start), now);
    decision = decide(now);
  }

  MonotonicTime next = decision.ask_again;
  if (ask_again_at_) next = std::min(next, *ask_again_at_);
  for (const auto& [id, entry] : pending_) {
    if (runs(entry.checkpoint) && !entry.counted)
      next = std::min(next, entry.checkpoint.started() + options_.timeout);
  }
  return next;
}

CheckpointRequestQueue::Decision CheckpointCoordinator::decide(MonotonicTime now) {
  if (!running_) return {};
  const bool preparing = !pending_.empty() && pending_.rbegin()->second.checkpoint.phase() ==
                                                  CheckpointPhase::kPreparing;
  const bool savepoint = std::any_of(pending_.begin(), pending_.end(), [](const auto& item) {
    return is_savepoint(item.second.request.kind);
  });
  return requests_.next(
      now, {static_cast<int>(pending_.size()), preparing, cleaner_.outstanding(), savepoint});
}

void CheckpointCoordinator::trigger(CheckpointRequest request, MonotonicTime now) {
  if (bug_enabled(Bug::kReuseCheckpointId) && next_id_ > first_id_ &&
      !store_.is_completed(next_id_ - 1)) {
    --next_id_;
  }
  const CheckpointId id = next_id_++;
  PendingCheckpoint checkpoint(attempt_, id, clock_.wall_ms(), now, participants_);
  CheckpointRecord record{.id = id, .kind = request.kind, .format = request.format};
  record.triggered_ms = checkpoint.timestamp_ms();
  record.triggered = now;
  record.subtasks = checkpoint.subtasks();
  history_.on_triggered(std::move(record));
  const std::string target = request.target;
  pending_.emplace(id, Entry{std::move(checkpoint), std::move(request)});
  run([this, id, target, job = options_.job, files = options_.files, job_id = options_.job_id,
       nonce = target.empty() ? 0 : random_.next()]() -> std::function<void()> {
    // Before the checkpoint's own directory, which would be left over if this fails.
    std::optional<FileLocation> savepoint;
    Status status;
    if (!target.empty()) {
      auto made = make_savepoint_directory(files, target, job_id, nonce);
      status = made.status();
      if (made.ok()) savepoint = *std::move(made);
    }
    if (status.ok()) status = prepare_checkpoint_directory(job, id);
    return [this, id, status, savepoint] { on_prepared(id, status, savepoint); };
  });
}

void CheckpointCoordinator::on_prepared(CheckpointId id, const Status& status,
                                        std::optional<FileLocation> savepoint) {
  const auto found = pending_.find(id);
  // Aborted in the meantime, by a timeout or by the attempt's stop.
  const bool was_aborted = found == pending_.end();
  if (savepoint && (was_aborted || !status.ok())) savepoints_.abandon(id, *savepoint);
  if (status.ok()) {
    if (was_aborted) return remove_late_files(id);
    Entry& entry = found->second;
    entry.savepoint = std::move(savepoint);
    PendingCheckpoint& checkpoint = entry.checkpoint;
    checkpoint.move_to(CheckpointPhase::kTriggered);
    checkpoint.set_enumerators(host_.enumerator_states());
    if (!references_.empty()) entry.base = references_.rbegin()->first;
    const StopMode stop = entry.request.kind != CheckpointKind::kStop ? StopMode::kNone
                          : entry.request.drain                       ? StopMode::kDrain
                                                                      : StopMode::kSuspend;
    host_.send_trigger({checkpoint.attempt(), id, checkpoint.timestamp_ms(),
                        entry.savepoint ? entry.savepoint->uri : "", stop,
                        entry.request.format == SnapshotFormat::kFull, mark()});
    return;
  }
  if (status.code() == StatusCode::kAlreadyExists) {
    store_.leave_to_others(id);
  } else {
    cleaner_.remember(id);  // the directory may exist, and may belong to another coordinator
  }
  if (!was_aborted) abort(id, status, Counted::kYes, Files::kLeave);
}

void CheckpointCoordinator::expire(MonotonicTime now) {
  std::vector<CheckpointId> overdue;
  for (const auto& [id, entry] : pending_) {
    if (runs(entry.checkpoint) && !entry.counted &&
        now >= entry.checkpoint.started() + options_.timeout)
      overdue.push_back(id);
  }
  for (const CheckpointId id : overdue) {
    // The host may have stopped the attempt because of the previous one.
    const auto found = pending_.find(id);
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
          id, entry.request.kind,
          deadline_exceeded(cat(after, " while it was being written; its outcome is awaited")));
    }
  }
}

void CheckpointCoordinator::acknowledge(const AcknowledgeCheckpoint& message) {
  const auto found = pending_.find(message.id);
  if (found == pending_.end()) {
    if (!message.files.empty()) remove_late_files(message.id);
    return;
  }
  Status reason = check_references(found->second, message);
  const AckOutcome outcome =
      reason.ok() ? found->second.checkpoint.acknowledge(message, &reason) : AckOutcome::kInvalid;
  if (outcome == AckOutcome::kInvalid) {
    if (may_abort(found->second.checkpoint.phase()))
      abort(message.id, reason, Counted::kYes, Files::kRemove);
  } else if (outcome == AckOutcome::kAccepted) {
    history_.on_acknowledged(message.id, found->second.checkpoint.acknowledged(), clock_.now(),
                             clock_.wall_ms(), message.tasks);
    write_next();
  }
}

void CheckpointCoordinator::remove_late_files(CheckpointId id) {
  if (store_.is_left_over(id, next_id_)) cleaner_.clear(id);
  savepoints_.remove_late_files(id);
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
  const MonotonicTime now = clock_.now();
  requests_.on_end(entry.request.kind,
                   counted == Counted::kYes ? CheckpointRequestQueue::End::kFailed
                                            : CheckpointRequestQueue::End::kAborted,
                   now);
  history_.on_ended(id, std::string(reason.message()), now, clock_.wall_ms());
  // While the directory is being prepared, nobody writes to it for this checkpoint.
  if (files == Files::kRemove && tasks_know) cleaner_.clear(id);
  if (entry.savepoint) savepoints_.abandon(id, *entry.savepoint);
  const bool own_failure = runs(entry.checkpoint) && counted == Counted::kYes;
  if (runs(entry.checkpoint) && tasks_know) host_.send_aborted({entry.checkpoint.attempt(), id});
  if (!entry.counted) {
    if (own_failure) count_failure(id, entry.request.kind, reason);
    else history_.count_abort();
  }
  if (runs(entry.checkpoint) && tasks_know && entry.request.drain) host_.on_drain_failed(reason);
  if (entry.request.done) entry.request.done(reason);
}

void CheckpointCoordinator::abort_all(const Status& reason) {
  std::vector<CheckpointId> ids;
  for (const auto& [id, entry] : pending_) {
    if (may_abort(entry.checkpoint.phase())) ids.push_back(id);
  }
  for (const CheckpointId id : ids) abort(id, reason, Counted::kNo, Files::kRemove);
}

void CheckpointCoordinator::count_failure(CheckpointId id, CheckpointKind kind,
                                          const Status& reason) {
  history_.count_failure();
  WEIR_LOG(kWarning) << (is_savepoint(kind) ? "savepoint " : "checkpoint ") << id
                     << " failed: " << reason.message();
  // The directory of a savepoint was the user's choice: it must not fail the job.
  if (is_savepoint(kind)) return;
  if (!running_) return;  // the host stopped the attempt when it was notified of the abort
  if (++consecutive_failures_ <= options_.tolerable_failed_checkpoints ||
      std::exchange(beyond_tolerance_, true))
    return;
  host_.on_checkpoint_failure_beyond_tolerance(reason.with_context(
      cat(consecutive_failures_, " checkpoints failed in a row, and ",
          options_.tolerable_failed_checkpoints,
          " are tolerated (execution.checkpointing.tolerable-failed-checkpoints)")));
}

}  // namespace weir
