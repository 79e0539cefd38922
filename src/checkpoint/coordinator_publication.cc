// From the last acknowledgment to the completed checkpoint.

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "checkpoint/coordinator.h"
#include "checkpoint/protocol/paths.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kFirstAskAgain = 500ms;
constexpr MonotonicTime kLastAskAgain = 30s;

}  // namespace

void CheckpointCoordinator::write_next() {
  if (writing_) return;
  for (auto& [id, entry] : pending_) {
    if (entry.checkpoint.phase() != CheckpointPhase::kAcknowledged) continue;
    entry.checkpoint.move_to(CheckpointPhase::kFinalizing);
    writing_ = id;
    ask_again_after_ = kFirstAskAgain;
    if (bug_enabled(Bug::kEnumeratorStateLate))
      entry.checkpoint.set_enumerators(host_.enumerator_states());
    const CheckpointContent content{entry.checkpoint.metadata(), sidecar_of(entry.checkpoint),
                                    options_.metadata_version};
    entry.publication =
        std::make_shared<CheckpointPublication>(options_.job, content, random_.next());
    if (entry.savepoint) {
      entry.savepoint_publication = std::make_shared<CheckpointPublication>(
          CheckpointPublication::of_savepoint(*entry.savepoint, content, random_.next()));
    }
    entry.publication_began = clock_.now();
    if (bug_enabled(Bug::kNotifyBeforeDurable))
      host_.send_complete({entry.checkpoint.attempt(), id});
    publish(entry, /*again=*/false);
    return;
  }
}

Sidecar CheckpointCoordinator::sidecar_of(const PendingCheckpoint& checkpoint) const {
  Sidecar sidecar;
  sidecar.job_name = options_.job_name;
  sidecar.job_id = options_.job_id;
  sidecar.fingerprint = options_.fingerprint;
  sidecar.arguments = options_.arguments;
  sidecar.start = start_;
  sidecar.files = checkpoint.files();
  sidecar.operators = checkpoint.descriptions();
  return sidecar;
}

void CheckpointCoordinator::publish(Entry& entry, bool again) {
  run([this, again, id = entry.checkpoint.id(), publication = entry.publication,
       savepoint = entry.savepoint_publication, store = options_.store, job = options_.job,
       start = start_]() -> std::function<void()> {
    PublishResult result = again ? publication->resolve() : publication->publish();
    if (result.outcome == PublishOutcome::kPublished)
      result = unless_started_again(job, start, std::move(result));
    const bool notified_early =
        result.outcome == PublishOutcome::kPublished && bug_enabled(Bug::kNotifyBeforePointer);
    if (store != nullptr && result.outcome == PublishOutcome::kPublished)
      result = point_at(*publication, std::move(result), *store);
    if (savepoint != nullptr && result.outcome == PublishOutcome::kPublished)
      result.savepoint = publish_savepoint(*savepoint);
    return [this, id, result, notified_early] {
      if (notified_early && runs(pending_.at(id).checkpoint)) host_.send_complete({attempt_, id});
      on_written(id, result);
    };
  });
}

void CheckpointCoordinator::on_written(CheckpointId id, const PublishResult& result) {
  WEIR_CHECK(writing_ == id);
  switch (result.outcome) {
    case PublishOutcome::kPublished: return complete(id, result);
    case PublishOutcome::kNotPublished:
      abort(id, result.status, Counted::kYes, Files::kRemove);
      return write_next();
    case PublishOutcome::kForeign:
      store_.share_with_others(id);
      abort(id, result.status, Counted::kYes, Files::kLeave);
      return write_next();
    case PublishOutcome::kJobEnded:
      cleaner_.discard(id);
      return abort(id, result.status, Counted::kNo, Files::kLeave);
    case PublishOutcome::kSuperseded:
      store_.share_with_others(id);
      abort(id, result.status, Counted::kYes, Files::kLeave);
      // No later checkpoint can complete either, whatever number of failures is tolerated.
      if (running_ && !std::exchange(beyond_tolerance_, true))
        host_.on_checkpoint_failure_beyond_tolerance(result.status);
      return;
    case PublishOutcome::kUnknown: break;
  }
  PendingCheckpoint& checkpoint = pending_.at(id).checkpoint;
  if (checkpoint.phase() == CheckpointPhase::kFinalizing) {
    checkpoint.move_to(CheckpointPhase::kUnknown);
    WEIR_LOG(kWarning) << result.status.message() << "; storage is asked until it answers";
  }
  ask_again_at_ = clock_.now() + ask_again_after_;
  ask_again_after_ = std::min(ask_again_after_ * 2, kLastAskAgain);
}

void CheckpointCoordinator::complete(CheckpointId id, const PublishResult& result) {
  auto node = pending_.extract(id);
  Entry& entry = node.mapped();
  entry.checkpoint.move_to(CheckpointPhase::kCompleted);
  store_.add(id);
  note_references(id, entry.checkpoint.files());
  writing_.reset();
  consecutive_failures_ = 0;
  const CompletedCheckpoint completed = note_completed(entry, result);
  subsume_older_than(id);
  const bool ends_job = is_last(entry.request.kind) && result.savepoint.ok();
  if (runs(entry.checkpoint)) host_.send_complete({entry.checkpoint.attempt(), id, ends_job});
  host_.on_completed(completed);
  savepoints_.on_completed();
  if (!result.savepoint.ok()) {
    WEIR_LOG(kWarning) << "checkpoint " << id
                       << " is complete, but its savepoint is not: " << result.savepoint.message();
    savepoints_.abandon(id, *entry.savepoint);
  }
  if (entry.request.done) {
    if (result.savepoint.ok()) entry.request.done(completed);
    else entry.request.done(result.savepoint);
  }
  cleaner_.sweep_below(id);
  delete_superfluous(JobOutcome::kRunning);
  sweep_shared(id, id);
  write_next();
}

CompletedCheckpoint CheckpointCoordinator::note_completed(const Entry& entry,
                                                          const PublishResult& result) {
  const MonotonicTime now = clock_.now();
  const CheckpointId id = entry.checkpoint.id();
  const CheckpointKind kind = entry.request.kind;
  const bool with_savepoint = entry.savepoint && result.savepoint.ok();
  CompletedCheckpoint completed{id,
                                kind,
                                options_.job.child(checkpoint_directory_name(id)).uri,
                                entry.checkpoint.timestamp_ms(),
                                now - entry.checkpoint.started(),
                                result.bytes,
                                with_savepoint ? entry.savepoint->uri : ""};
  requests_.on_end(kind,
                   result.savepoint.ok() ? CheckpointRequestQueue::End::kCompleted
                                         : CheckpointRequestQueue::End::kAborted,
                   now);
  history_.on_completed(completed, now - entry.publication_began, now, clock_.wall_ms());
  return completed;
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

Status CheckpointCoordinator::check_references(const Entry& entry,
                                               const AcknowledgeCheckpoint& message) const {
  if (message.attempt != entry.checkpoint.attempt()) return {};  // it has no effect
  for (const DataFile& file : message.files) {
    const auto shared = parse_shared_reference(file.name);
    if (!shared || parse_shared_file_name(*shared)->id == message.id) continue;
    const bool held = std::any_of(
        references_.lower_bound(entry.base), references_.end(), [&](const auto& completed) {
          return completed.first < message.id && completed.second.contains(std::string(*shared));
        });
    if (held) continue;
    return invalid_argument(cat("process ", message.process, " builds checkpoint ", message.id,
                                " on the file ", *shared,
                                ", which no completed checkpoint needs any more; the next "
                                "checkpoint will build on a newer one"));
  }
  return {};
}

void CheckpointCoordinator::sweep_shared(CheckpointId up_to, CheckpointId own_up_to) {
  SharedSweep sweep;
  sweep.up_to = up_to;
  sweep.own_up_to = own_up_to;
  sweep.mark = mark();
  sweep.may_have_grown = options_.incremental;
  CheckpointId oldest = references_.empty() ? 0 : references_.rbegin()->first;
  for (const auto& [id, entry] : pending_) {
    sweep.pending.insert(id);
    if (entry.base != 0) oldest = std::min(oldest, entry.base);
  }
  references_.erase(references_.begin(), references_.lower_bound(oldest));
  for (const auto& [id, names] : references_) sweep.needed.insert(names.begin(), names.end());
  cleaner_.sweep_shared(std::move(sweep));
}

void CheckpointCoordinator::note_references(CheckpointId id, const std::vector<DataFile>& files) {
  std::set<std::string>& references = references_[id];
  for (const DataFile& file : files) {
    if (const auto shared = parse_shared_reference(file.name)) references.emplace(*shared);
  }
}

}  // namespace weir
