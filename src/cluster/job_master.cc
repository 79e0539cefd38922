#include "cluster/job_master.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace weir {

const char* to_string(JobState state) {
  switch (state) {
    case JobState::kPreparing: return "PREPARING";
    case JobState::kRunning: return "RUNNING";
    case JobState::kRestarting: return "RESTARTING";
    case JobState::kCancelling: return "CANCELLING";
    case JobState::kFinished: return "FINISHED";
    case JobState::kFailed: return "FAILED";
    case JobState::kCanceled: return "CANCELED";
  }
  return "";
}

JobMaster::JobMaster(const JobGraph& graph, JobOptions options, Platform& platform, std::function<void()> on_end)
    : graph_(graph), options_(std::move(options)), platform_(platform), on_end_(std::move(on_end)), backoff_(options_.restart) {}

JobMaster::~JobMaster() = default;

Endpoint JobMaster::endpoint() {
  Endpoint endpoint;
  endpoint.on_message = [this](std::unique_ptr<Message> message) {
    mailbox_->post([this, message = std::shared_ptr<Message>(std::move(message))] { on_message(*message); });
  };
  endpoint.on_break = [this](Status reason) {
    mailbox_->post([this, reason] { attempt_failed(reason.with_context("the connection to the worker broke")); });
  };
  return endpoint;
}

JobView JobMaster::view() const {
  std::lock_guard lock(view_mutex_);
  return view_;
}

void JobMaster::publish_view() {
  if (coordinator_) current_.checkpoints = coordinator_->statistics();
  current_.source_records = records_of_earlier_attempts_ + records_of_attempt_;
  std::lock_guard lock(view_mutex_);
  view_ = current_;
}

void JobMaster::cancel() {
  mailbox_->post([this] {
    if (phase_ == Phase::kTerminal || cancel_requested_) return;
    cancel_requested_ = true;
    current_.state = JobState::kCancelling;
    switch (phase_) {
      case Phase::kPreparing: return;  // on_prepared() sees it
      case Phase::kDeploying:
      case Phase::kRunning: tear_down([this] { end(JobState::kCanceled, JobOutcome::kCancelled); }); return;
      case Phase::kTearingDown:
        after_ = [this] { end(JobState::kCanceled, JobOutcome::kCancelled); };
        if (waiting_for_storage_) go_on();
        return;
      case Phase::kWaitingToRestart: end(JobState::kCanceled, JobOutcome::kCancelled); return;
      case Phase::kTerminal: return;
    }
  });
}

MonotonicTime JobMaster::step() {
  if (!begun_) {
    begun_ = true;
    prepare();
  }
  if (mailbox_->take(actions_)) {
    for (const auto& action : actions_) action();
    actions_.clear();
  }
  MonotonicTime next = kIdle;
  const MonotonicTime now = platform_.clock.now();
  if (phase_ == Phase::kWaitingToRestart) {
    if (now >= restart_at_) {
      prepare();
    } else {
      next = restart_at_;
    }
  }
  if (coordinator_) next = std::min(next, coordinator_->poll(now));
  publish_view();
  if (phase_ == Phase::kTerminal && on_end_) std::exchange(on_end_, nullptr)();
  return next;
}

void JobMaster::prepare() {
  phase_ = Phase::kPreparing;
  std::optional<CheckpointId> newest;
  if (coordinator_) newest = coordinator_->newest_completed();
  const uint64_t nonce = platform_.random.next();
  run_blocking([this, nonce, newest, before = prepared_]() -> std::function<void()> {
    auto result = std::make_shared<StatusOr<PreparedJob>>(
        before ? prepare_restart(graph_, options_, platform_.files, *before, newest)
               : prepare_job(graph_, options_, platform_.files, nonce));
    return [this, result] { on_prepared(std::move(*result)); };
  });
}

void JobMaster::on_prepared(StatusOr<PreparedJob> prepared) {
  if (cancel_requested_) {
    end(JobState::kCanceled, JobOutcome::kCancelled);
    return;
  }
  if (!prepared.ok()) {
    current_.failure = prepared.status();
    if (!prepared_) {  // what does not work at the start is not mended by trying again
      current_.refused = true;
      end(JobState::kFailed, JobOutcome::kFailed);
    } else {
      schedule_restart();
    }
    return;
  }
  if (!prepared_ && options_.checkpoints_enabled) {
    coordinator_ = std::make_unique<CheckpointCoordinator>(platform_.clock, platform_.random,
                                                           coordinator_options(graph_, options_, *prepared),
                                                           static_cast<CheckpointHost&>(*this));
  }
  prepared_ = std::move(*prepared);
  current_.restored_checkpoint = prepared_->start->restored_checkpoint;
  deploy();
}

void JobMaster::deploy() {
  ++attempt_;
  phase_ = Phase::kDeploying;
  records_of_earlier_attempts_ += std::exchange(records_of_attempt_, 0);
  DeployMessage message;
  message.attempt = attempt_;
  message.start = prepared_->start;
  send(std::move(message));
}

void JobMaster::on_message(const Message& message) {
  if (const auto* cancelled = dynamic_cast<const CancelledMessage*>(&message)) {
    if (cancelled->attempt == attempt_ && phase_ == Phase::kTearingDown) torn_down();
    return;
  }
  if (const auto* ack = dynamic_cast<const AcknowledgeMessage*>(&message)) {
    if (coordinator_) coordinator_->acknowledge(ack->body);  // which knows what to do with those of other attempts
    return;
  }
  if (const auto* decline = dynamic_cast<const DeclineMessage*>(&message)) {
    if (coordinator_) coordinator_->decline(decline->body);
    return;
  }
  if (phase_ != Phase::kDeploying && phase_ != Phase::kRunning) return;
  if (const auto* running = dynamic_cast<const RunningMessage*>(&message)) {
    if (running->attempt == attempt_) on_running();
  } else if (const auto* failed = dynamic_cast<const TaskFailedMessage*>(&message)) {
    if (failed->attempt == attempt_) attempt_failed(failed->status.with_context(cat("task ", failed->task)));
  } else if (const auto* ended = dynamic_cast<const EndedMessage*>(&message)) {
    if (ended->attempt == attempt_) on_ended(ended->finished);
  } else if (const auto* progress = dynamic_cast<const ProgressMessage*>(&message)) {
    if (progress->attempt != attempt_) return;
    const int64_t emitted = progress->source_records - records_of_attempt_;
    records_of_attempt_ = progress->source_records;
    current_.watermark = progress->watermark;
    if (coordinator_ && emitted > 0) coordinator_->on_source_events(emitted);
  }
}

void JobMaster::on_running() {
  phase_ = Phase::kRunning;
  current_.state = JobState::kRunning;
  if (!coordinator_) return;
  coordinator_->start(attempt_, participants_of(graph_), prepared_->start->restored_checkpoint);
}

void JobMaster::on_ended(bool finished) {
  if (finished) {
    tear_down([this] { end(JobState::kFinished, JobOutcome::kFinished); });
  } else if (coordinator_) {
    finish_by_checkpoint();
  } else {
    send(CompletedMessage(NotifyCheckpointComplete{attempt_, INT64_MAX}));
  }
}

/// The last results become visible only with a checkpoint that is taken after the end of all input.
void JobMaster::finish_by_checkpoint() {
  coordinator_->request_final([this, attempt = attempt_](Status status) {
    if (status.ok() || attempt != attempt_ || phase_ != Phase::kRunning) return;
    WEIR_LOG(kWarning) << "the final checkpoint failed and is taken again: " << status.message();
    finish_by_checkpoint();
  });
}

void JobMaster::attempt_failed(Status status) {
  if (phase_ != Phase::kDeploying && phase_ != Phase::kRunning) return;
  WEIR_LOG(kWarning) << "attempt " << attempt_ << " failed: " << status.message();
  current_.failure = status;
  tear_down([this] { schedule_restart(); });
}

void JobMaster::tear_down(std::function<void()> after) {
  if (coordinator_) coordinator_->stop(attempt_);
  phase_ = Phase::kTearingDown;
  after_ = std::move(after);
  CancelMessage message;
  message.attempt = attempt_;
  send(std::move(message));
}

void JobMaster::torn_down() {
  // A checkpoint whose `_metadata` is being written right now may become complete: a restart must know. A cancellation does not wait
  // for storage that does not answer; it deletes nothing whose outcome is open.
  if (coordinator_ && !cancel_requested_) {
    waiting_for_storage_ = true;
    coordinator_->when_idle([this] { go_on(); });
    return;
  }
  go_on();
}

void JobMaster::go_on() {
  waiting_for_storage_ = false;
  if (after_) std::exchange(after_, nullptr)();
}

void JobMaster::schedule_restart() {
  const MonotonicTime now = platform_.clock.now();
  const double random = static_cast<double>(platform_.random.next() >> 11) * 0x1.0p-53;
  const auto delay = backoff_.on_failure(now, random);
  if (!delay) {
    current_.failure = current_.failure.with_context(cat("the restart strategy (", backoff_.name(), ") allows no further restart"));
    end(JobState::kFailed, JobOutcome::kFailed);
    return;
  }
  ++current_.restarts;
  current_.state = JobState::kRestarting;
  WEIR_LOG(kInfo) << "restarting in " << std::chrono::duration_cast<std::chrono::milliseconds>(*delay).count() << " ms";
  restart_at_ = now + *delay;
  phase_ = Phase::kWaitingToRestart;
}

void JobMaster::end(JobState state, JobOutcome outcome) {
  const auto done = [this, state] {
    phase_ = Phase::kTerminal;
    current_.state = state;
  };
  phase_ = Phase::kTearingDown;
  if (coordinator_) {
    coordinator_->shut_down(outcome, done);
  } else {
    done();
  }
}

void JobMaster::send_trigger(const TriggerCheckpoint& message) { send(TriggerMessage(message)); }
void JobMaster::send_complete(const NotifyCheckpointComplete& message) { send(CompletedMessage(message)); }
void JobMaster::send_aborted(const NotifyCheckpointAborted& message) { send(AbortedMessage(message)); }

void JobMaster::run_blocking(std::function<std::function<void()>()> work) {
  // The mailbox may outlive this actor: storage that does not answer is not waited for at the end.
  platform_.scheduler.run_blocking([mailbox = mailbox_, work = std::move(work)] {
    if (auto continuation = work()) mailbox->post(std::move(continuation));
  });
}

void JobMaster::on_checkpoint_failure_beyond_tolerance(const Status& status) {
  mailbox_->post([this, status, attempt = attempt_] {  // not from within the coordinator's own call
    if (attempt == attempt_) attempt_failed(status);
  });
}

void JobMaster::on_completed(const CompletedCheckpoint&) {}

}  // namespace weir
