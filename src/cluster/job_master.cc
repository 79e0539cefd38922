#include "cluster/job_master.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "graph/scale.h"

namespace weir {

const char* to_string(JobState state) {
  switch (state) {
    case JobState::kPreparing: return "PREPARING";
    case JobState::kWaitingForSlots: return "WAITING_FOR_SLOTS";
    case JobState::kRunning: return "RUNNING";
    case JobState::kRestarting: return "RESTARTING";
    case JobState::kCancelling: return "CANCELLING";
    case JobState::kFinished: return "FINISHED";
    case JobState::kFailed: return "FAILED";
    case JobState::kCanceled: return "CANCELED";
  }
  return "";
}

namespace {

constexpr MonotonicTime kGoodbyeTime = std::chrono::seconds(5);
constexpr MonotonicTime kRecordAgain = std::chrono::milliseconds(200);

}  // namespace

JobMaster::JobMaster(const JobGraph& graph, JobOptions options, Platform& platform, int64_t epoch,
                     std::shared_ptr<LeaderStore> store, std::function<void()> on_end)
    : graph_(graph),
      shared_options_(std::make_shared<const JobOptions>(std::move(options))),
      platform_(platform),
      epoch_(epoch),
      store_(std::move(store)),
      on_end_(std::move(on_end)),
      attempt_(first_attempt_of(epoch)),
      backoff_(options_.restart),
      last_step_(platform.clock.now()) {
  current_.slots_wanted = slots_wanted(graph);
}

JobMaster::~JobMaster() = default;

JobView JobMaster::view() const {
  std::lock_guard lock(view_mutex_);
  return view_;
}

void JobMaster::publish_view() {
  if (coordinator_) current_.checkpoints = coordinator_->statistics();
  current_.source_records = records_of_earlier_attempts_ + records_of_attempt_;
  current_.workers = pool_.registered();
  current_.slots = pool_.slots();
  current_.shards = shards();
  current_.attempt = attempt_;
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
      case Phase::kRunning:
        tear_down([this] { end(JobState::kCanceled, JobOutcome::kCanceled); });
        return;
      case Phase::kTearingDown:
        after_ = [this] { end(JobState::kCanceled, JobOutcome::kCanceled); };
        if (waiting_for_storage_) go_on();
        return;
      case Phase::kWaitingForSlots:
      case Phase::kWaitingToRestart: end(JobState::kCanceled, JobOutcome::kCanceled); return;
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
  const MonotonicTime now = platform_.clock.now();
  MonotonicTime next = tend_workers(now);
  if (phase_ == Phase::kWaitingToRestart) {
    if (now >= restart_at_) {
      prepare();
    } else {
      next = std::min(next, restart_at_);
    }
  }
  if (phase_ == Phase::kWaitingForSlots) next = std::min(next, wait_for_slots(now));
  if (record_again_) {
    if (now >= record_again_at_) {
      const auto [state, outcome] = *std::exchange(record_again_, std::nullopt);
      record_result(state, outcome);
    } else {
      next = std::min(next, record_again_at_);
    }
  }
  if (coordinator_) next = std::min(next, coordinator_->poll(now));
  publish_view();
  if (phase_ == Phase::kTerminal && on_end_) {
    if ((pool_.empty() && !found_ended_) || now >= goodbye_deadline_) {
      std::exchange(on_end_, nullptr)();
    } else {
      next = std::min(next, goodbye_deadline_);
    }
  }
  return next;
}

// --- the end ---

void JobMaster::end(JobState state, JobOutcome outcome) {
  phase_ = Phase::kTearingDown;
  after_ = nullptr;
  teardown_deadline_ = MonotonicTime::max();
  // A job that was refused before its first record may be started again when what was wrong is
  // mended.
  if (store_ == nullptr || current_.refused) return clean_up(state, outcome);
  record_result(state, outcome);
}

/// Before anything is deleted: a leader that takes over in between must not look for checkpoints
/// that are gone.
void JobMaster::record_result(JobState state, JobOutcome outcome) {
  JobResult result{to_string(state), state == JobState::kFailed
                                         ? std::string(current_.failure.message())
                                         : std::string()};
  run_blocking([this, state, outcome, result, store = store_]() -> std::function<void()> {
    const Status status = store->set_result(result);
    return [this, state, outcome, status] {
      if (status.ok()) return clean_up(state, outcome);
      if (status.code() == StatusCode::kAborted) {
        // One that was deposed says nothing and deletes nothing: whoever leads now will end the
        // job, with these workers. The election takes this job master away.
        WEIR_LOG(kWarning) << "how the job ended is not recorded: " << status.message();
        return;
      }
      if (status.code() != StatusCode::kUnavailable) return terminate(state);
      WEIR_LOG(kWarning) << "how the job ended is not recorded yet: " << status.message();
      record_again_ = {state, outcome};
      record_again_at_ = platform_.clock.now() + kRecordAgain;
    };
  });
}

void JobMaster::clean_up(JobState state, JobOutcome outcome) {
  if (coordinator_ && !current_.refused) {
    coordinator_->shut_down(outcome, [this, state] { terminate(state); });
  } else {
    terminate(state);
  }
}

void JobMaster::terminate(JobState state) {
  phase_ = Phase::kTerminal;
  current_.state = state;
  goodbye_deadline_ = platform_.clock.now() + kGoodbyeTime;
  pool_.for_each([&](PooledWorker& worker) {
    worker.send(Shutdown{state == JobState::kFailed, std::string(current_.failure.message())});
  });
}

// --- what the checkpoint coordinator wants ---

void JobMaster::send_to_attempt(const FromMaster& message) {
  const std::string frame = encode(message);
  for (PooledWorker* worker : pool_.of_attempt()) worker->connection->send(frame);
}

void JobMaster::send_trigger(const TriggerCheckpoint& message) { send_to_attempt(message); }
void JobMaster::send_complete(const NotifyCheckpointComplete& message) { send_to_attempt(message); }
void JobMaster::send_aborted(const NotifyCheckpointAborted& message) { send_to_attempt(message); }

void JobMaster::run_blocking(std::function<std::function<void()>()> work) {
  // The mailbox may outlive this actor: storage that does not answer is not waited for at the end.
  platform_.scheduler.run_blocking(executors::kCoordinator,
                                   [mailbox = mailbox_, work = std::move(work)] {
                                     if (auto continuation = work())
                                       mailbox->post(std::move(continuation));
                                   });
}

void JobMaster::on_checkpoint_failure_beyond_tolerance(const Status& status) {
  mailbox_->post([this, status, attempt = attempt_] {  // not from within the coordinator's own call
    if (attempt == attempt_)
      attempt_failed(aborted(std::string(status.message())));  // another attempt may have more luck
  });
}

void JobMaster::on_completed(const CompletedCheckpoint&) {
  damage_met_ = false;
  failures_.on_completed();
  mailbox_->post([this] { widen_if_possible(); });  // likewise
}

}  // namespace weir
