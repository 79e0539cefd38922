// From the preparation of an attempt to the step after its end.

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "cluster/job_master/job_master.h"

namespace weir {
namespace {

JobState state_of(const RecordedResult& result) {
  for (const JobState state : {JobState::kFinished, JobState::kCanceled}) {
    if (result.state == to_string(state)) return state;
  }
  return JobState::kFailed;
}

}  // namespace

void JobMaster::prepare() {
  phase_ = Phase::kPreparing;
  RestartFrom from;
  if (coordinator_) from.completed = coordinator_->completed();
  from.read_all = recovery_.damage_met();
  // With election, the pointer decides, and falling back is not allowed.
  from.may_fall_back = store_ == nullptr;
  from.set_aside = recovery_.set_aside();
  const bool read_all = recovery_.must_read_all();
  const uint64_t nonce = from.nonce = platform_.random.next();
  // The graph and the file systems live as long as the process; the rest may outlive this actor.
  run_blocking([this, &graph = graph_, options = shared_options_, &files = platform_.files, nonce,
                from, read_all, before = prepared_, store = store_,
                epoch = epoch_]() -> std::function<void()> {
    auto result = std::make_shared<StatusOr<PreparedJob>>(
        before ? prepare_restart(graph, *options, files, *before, from)
               : prepare_job(
                     graph, *options, files,
                     {.store = store.get(), .epoch = epoch, .nonce = nonce, .read_all = read_all}));
    return [this, result] { on_prepared(std::move(*result)); };
  });
}

void JobMaster::on_prepared(StatusOr<PreparedJob> prepared) {
  if (prepared.ok() && prepared->result) {
    const RecordedResult& result = *prepared->result;
    status_.current().failure = Status(
        result.message.empty() ? StatusCode::kOk : StatusCode::kFailedPrecondition, result.message);
    WEIR_LOG(kWarning)
        << "the job has ended before, as ZooKeeper has it: " << result.state
        << ". To run it again give it another --name or --job-id, or remove that record";
    return termination_.begin_known({state_of(result), result.message});
  }
  if (cancel_requested_) return end(JobState::kCanceled);
  if (!prepared.ok()) return on_preparation_failed(prepared.status());
  prepared_ = std::move(*prepared);
  if (!coordinator_ && options_.checkpoints_enabled) make_coordinator();
  if (coordinator_) coordinator_->begin_start(prepared_->lineage.newest);
  status_.current().restored_checkpoint = prepared_->start->restored_checkpoint;
  phase_ = Phase::kWaitingForSlots;
  const bool first = attempt_.number() == first_attempt_of(epoch_) && !has_taken_over();
  slot_wait_.begin(platform_.clock.now(), first);
}

void JobMaster::on_preparation_failed(const Status& failure) {
  if (store_ != nullptr &&
      (failure.code() == StatusCode::kAborted || failure.code() == StatusCode::kCancelled)) {
    // This leader was deposed. That is no failure of the job, and the next leader needs these
    // workers. The election will destroy this job master.
    WEIR_LOG(kWarning) << "the job is not prepared any further: " << failure.message();
    return;
  }
  status_.current().failure = failure;
  note_failure("", failure);
  switch (recovery_.on_preparation_failed(failure, prepared_.has_value())) {
    case Recovery::Next::kRefuse: status_.current().refused = true; return end(JobState::kFailed);
    case Recovery::Next::kFailJob: return fail_for_good(failure);
    default:
      WEIR_LOG(kWarning) << "no start can be prepared now: " << failure.message();
      return schedule_restart();
  }
}

void JobMaster::make_coordinator() {
  CoordinatorOptions options = coordinator_options(graph_, options_, *prepared_);
  options.store = store_;
  options.files = &platform_.files;
  coordinator_ = std::make_unique<CheckpointCoordinator>(
      platform_.clock, platform_.random, std::move(options), static_cast<CheckpointHost&>(*this));
}

MonotonicTime JobMaster::wait_for_slots(MonotonicTime now) {
  JobView& view = status_.current();
  const auto decision = slot_wait_.decide(now, pool_.slots(), view.slots_wanted);
  if (decision.shards > 0) {
    deploy(decision.shards);
    return kIdle;
  }
  if (view.state == JobState::kPreparing) view.state = JobState::kWaitingForSlots;
  if (decision.say_so) {
    WEIR_LOG(kInfo) << "waiting for workers: " << pool_.slots() << " of " << view.slots_wanted
                    << " slots have registered";
  }
  return decision.ask_again;
}

void JobMaster::deploy(int shards) {
  phase_ = Phase::kInAttempt;
  if (const int wanted = status_.current().slots_wanted; shards < wanted) {
    WEIR_LOG(kWarning) << "running on " << shards << " of the " << wanted
                       << " slots wanted, from the last checkpoint";
  }
  const Status status = attempt_.deploy(graph_, options_, *prepared_->start, shards);
  metrics_.clear();
  detail_changed_ = true;
  if (!status.ok()) attempt_failed(status);
}

/// The sinks have listed the output of earlier attempts that they will remove. If another process
/// has started the job in the meantime, the lists may have output of that start: check that there
/// is none. A start that comes later writes only what the lists do not have. With election, the
/// lease ensures this.
void JobMaster::on_deployed() {
  if (store_ != nullptr || !prepared_->job_directory || bug_enabled(Bug::kEarlierStartRuns))
    return on_running();
  run_blocking([this, before = *prepared_, attempt = attempt_.number()]() -> std::function<void()> {
    const Status status = check_still_newest(before);
    return [this, attempt, status] {
      if (attempt != attempt_.number() || attempt_.stage() != JobAttempt::Stage::kDeploying) return;
      if (status.ok()) return on_running();
      attempt_failed(status);
    };
  });
}

void JobMaster::on_running() {
  recovery_.on_running();
  status_.current().state = JobState::kRunning;
  // A job that has stopped only repeats its commits.
  attempt_.start(stopped_.has_value());
  splits_.begin(attempt_.number(), prepared_->start->splits);
  aligner_.reset();
  if (coordinator_)
    coordinator_->start(
        attempt_.number(), attempt_.participants(),
        {prepared_->start->restored_checkpoint, prepared_->start->restored_directory});
  if (stopped_) finish_by_checkpoint();
  if (rescaling_ && rescaling_->begun) answer_rescale({});
  if (bug_enabled(Bug::kRestartWithoutCause) && attempt_.number() % 8 != 0)
    mailbox_->post([this] { attempt_failed(internal_error("a restart without a cause")); });
}

void JobMaster::on_ended() {
  if (coordinator_) {
    finish_by_checkpoint();
  } else {
    attempt_.send(CommitWithoutCheckpoint{attempt_.number()});
  }
}

/// Sinks publish the last results only with a checkpoint taken after the end of all input. False:
/// refused, because the attempt is over or already has its final checkpoint.
bool JobMaster::finish_by_checkpoint() {
  const auto done = [this](const StatusOr<CompletedCheckpoint>& checkpoint) {
    if (checkpoint.ok() || !finish_by_checkpoint()) return;
    WEIR_LOG(kWarning) << "the final checkpoint failed and is taken again: "
                       << checkpoint.status().message();
  };
  return coordinator_->request({CheckpointKind::kFinal, SnapshotFormat::kConfigured, {}, done})
      .ok();
}

void JobMaster::attempt_failed(const Status& failure, const std::string& where) {
  if (!attempt_.is_active()) return;
  constexpr int kSayThatItIsTheSame = 3;
  const Status status = where.empty() ? failure : failure.with_context(where);
  if (!unwanted(failure)) {
    WEIR_LOG(kWarning) << "attempt " << attempt_text(attempt_.number())
                       << " failed: " << status.message();
  }
  status_.current().failure = status;
  note_failure(where, failure);
  const bool deploying = attempt_.stage() == JobAttempt::Stage::kDeploying;
  const auto decision =
      recovery_.on_attempt_failed(failure, deploying, prepared_->start->restored_checkpoint);
  if (decision.repeated >= kSayThatItIsTheSame) {
    WEIR_LOG(kWarning)
        << "the same failure came " << decision.repeated << " times in a row, "
        << (decision.checkpoints
                ? "although checkpoints were completed in between. If each attempt fails at the "
                  "same record, restarts alone do not mend it"
                : "and no checkpoint was completed in between: restarts alone do not mend it");
  }
  if (failure.code() == StatusCode::kPermissionDenied &&
      decision.next == Recovery::Next::kRestart) {
    WEIR_LOG(kWarning) << "a permission that the job needs was refused while it ran. It may be "
                          "given back, so the restart strategy ("
                       << recovery_.strategy()
                       << ") decides how often the job is tried again. Give the permission back, "
                          "or cancel the job";
  }
  if (decision.start_anew) prepared_.reset();
  switch (decision.next) {
    case Recovery::Next::kFailJob:
    case Recovery::Next::kRefuse: return tear_down([this, status] { fail_for_good(status); });
    case Recovery::Next::kSetAside:
      return tear_down([this, status] { set_restored_aside(status); });
    case Recovery::Next::kPrepareAnew: return tear_down([this] { prepare(); });
    case Recovery::Next::kRestart: return tear_down([this] { schedule_restart(); });
  }
}

void JobMaster::fail_for_good(const Status& failure) {
  JobView& view = status_.current();
  view.failure = failure;
  view.refused = !recovery_.has_run();
  if (!view.refused && !unwanted(failure))
    view.failure = failure.with_context("the job has failed, and restarting would not mend it");
  end(JobState::kFailed);
}

/// The attempt's checkpoint cannot be restored: falls back to the one before, or ends the job.
void JobMaster::set_restored_aside(const Status& failure) {
  const CheckpointId restored = prepared_->start->restored_checkpoint;
  const bool of_this_job =
      coordinator_ && std::binary_search(coordinator_->completed().begin(),
                                         coordinator_->completed().end(), restored);
  const bool has_older = of_this_job && coordinator_->completed().front() < restored;
  // Named by its path.
  const bool chosen = !recovery_.has_run() && options_.restore_from != kFromLatest;
  if (store_ != nullptr || !has_older || chosen) {
    return fail_for_good(failure.with_context(cat("checkpoint ", restored, " in ",
                                                  prepared_->start->restored_directory,
                                                  " could not be restored twice")));
  }
  WEIR_LOG(kWarning)
      << "checkpoint " << restored << " in " << prepared_->start->restored_directory
      << " could not be restored twice: it is set aside, and the one before is taken";
  recovery_.set_aside(restored);
  prepare();
}

void JobMaster::tear_down(std::function<void()> after) {
  if (coordinator_) coordinator_->stop(attempt_.number());
  splits_.end();
  aligner_.reset();
  after_ = std::move(after);
  attempt_.leave(platform_.clock.now() + options_.cancellation_timeout);
  go_on_if_all_left();
}

void JobMaster::go_on_if_all_left() {
  if (attempt_.stage() != JobAttempt::Stage::kLeaving || !attempt_.all_left()) return;
  attempt_.forget();
  detail_changed_ = true;
  // A checkpoint whose `_metadata` is being written may still complete, and a restart must know its
  // outcome. A cancellation does not wait for storage that does not answer, and deletes no
  // checkpoint whose outcome is open.
  if (!coordinator_ || cancel_requested_) return go_on();
  phase_ = Phase::kWaitingForStorage;
  coordinator_->when_idle([this] { go_on(); });
}

/// Continues with the step that follows the end of the attempt.
void JobMaster::go_on() {
  if (after_) std::exchange(after_, nullptr)();
}

void JobMaster::schedule_restart() {
  const MonotonicTime now = platform_.clock.now();
  const double random = static_cast<double>(platform_.random.next() >> 11) * 0x1.0p-53;
  JobView& view = status_.current();
  const auto delay = recovery_.back_off(now, random);
  if (!delay) {
    view.failure = view.failure.with_context(
        cat("the restart strategy (", recovery_.strategy(), ") allows no further restart"));
    return end(JobState::kFailed);
  }
  ++view.restarts;
  view.state = JobState::kRestarting;
  WEIR_LOG(kInfo) << "restarting in " << whole_ms(*delay) << " ms";
  restart_at_ = now + *delay;
  phase_ = Phase::kWaitingToRestart;
}

}  // namespace weir
