#include "cluster/job_master/job_master.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "graph/scale.h"

namespace weir {

JobMaster::JobMaster(const JobGraph& graph, JobOptions options, Platform& platform, int64_t epoch,
                     std::shared_ptr<LeaderStore> store, std::function<void()> on_end)
    : graph_(graph),
      shared_options_(std::make_shared<const JobOptions>(std::move(options))),
      platform_(platform),
      epoch_(epoch),
      store_(std::move(store)),
      status_(slots_wanted(graph), platform.clock.wall_ms()),
      liveness_(options_.heartbeat_interval, options_.heartbeat_timeout, platform.clock.now()),
      attempt_(first_attempt_of(epoch), pool_),
      splits_(graph, platform.files, platform.clock, *this),
      aligner_(graph),
      slot_wait_({options_.adaptive, options_.first_slot_wait, options_.restart_slot_wait}),
      recovery_(options_.restart, has_taken_over()),
      termination_(platform.clock, store_, *this, std::move(on_end)) {}

JobMaster::~JobMaster() = default;

void JobMaster::observe() {
  static constexpr MonotonicTime kObserved = std::chrono::seconds(30);
  static constexpr MonotonicTime kInterval = std::chrono::seconds(1);
  mailbox_->post([this] {
    const MonotonicTime now = platform_.clock.now();
    if (observed_until_ == MonotonicTime(0)) liveness_.set_interval(kInterval, now);
    observed_until_ = now + kObserved;
  });
}

void JobMaster::publish_view(MonotonicTime now) {
  JobView& view = status_.current();
  if (coordinator_) view.checkpoints = coordinator_->report();
  // Not with each report of a thousand workers.
  const bool changed = detail_changed_ || figures_changed_;
  if (changed && (now >= publish_detail_at_ || phase_ == Phase::kEnding)) publish_detail(now);
  view.workers = pool_.registered();
  view.slots = pool_.slots();
  view.shards = attempt_.shards();
  view.attempt = attempt_.number();
  status_.publish(platform_.clock.wall_ms());
}

void JobMaster::publish_detail(MonotonicTime now) {
  detail_changed_ = figures_changed_ = false;
  publish_detail_at_ = now + std::chrono::seconds(1);
  const int64_t wall_ms = platform_.clock.wall_ms();
  JobDetail detail;
  detail.failures = failures_;
  detail.figures = metrics_.figures();
  detail.worker_of_shard = attempt_.worker_of_shard();
  pool_.for_each([&](const PooledWorker& worker) {
    if (!worker.registered) return;
    detail.workers.push_back({worker.offer.worker, worker.offer.host, worker.offer.data_address,
                              worker.offer.slots, wall_ms - whole_ms(now - worker.last_heard),
                              worker.index});
  });
  status_.current().detail = std::make_shared<const JobDetail>(std::move(detail));
}

void JobMaster::note_failure(const std::string& where, const Status& failure) {
  failures_.insert(failures_.begin(),
                   {platform_.clock.wall_ms(), where, std::string(failure.message())});
  if (failures_.size() > kFailuresKept) failures_.resize(kFailuresKept);
  detail_changed_ = true;
}

void JobMaster::cancel() {
  mailbox_->post([this] {
    if (phase_ == Phase::kEnding || cancel_requested_) return;
    cancel_requested_ = true;
    status_.current().state = JobState::kCancelling;
    const auto end_canceled = [this] { end(JobState::kCanceled); };
    switch (phase_) {
      case Phase::kPreparing: return;  // on_prepared() handles it
      case Phase::kInAttempt:
        if (attempt_.is_active()) return tear_down(end_canceled);
        after_ = end_canceled;
        return;
      case Phase::kWaitingForStorage: after_ = end_canceled; return go_on();
      case Phase::kWaitingForSlots:
      case Phase::kWaitingToRestart: return end_canceled();
      case Phase::kEnding: return;
    }
  });
}

void JobMaster::trigger_checkpoint(SnapshotFormat format, CheckpointDone done) {
  mailbox_->post([this, format, done = std::move(done)] {
    Status status = failed_precondition(
        options_.checkpoints_enabled
            ? "a manual checkpoint is refused: the job is not running yet; ask again when it is"
            : "a manual checkpoint is refused: the job takes no checkpoints; set "
              "execution.checkpointing.dir and execution.checkpointing.interval");
    if (coordinator_) status = coordinator_->request({CheckpointKind::kManual, format, {}, done});
    if (!status.ok()) done(status);
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
  next = std::min({next, splits_.poll(now), align_sources(now), text_requests_.poll(now)});
  if (coordinator_) next = std::min(next, coordinator_->poll(now));
  publish_view(now);
  if (detail_changed_) next = std::min(next, publish_detail_at_);
  return std::min(next, termination_.poll(now, pool_.empty()));
}

MonotonicTime JobMaster::align_sources(MonotonicTime now) {
  for (const WatermarkAligner::Announcement& each : aligner_.take_due(now))
    attempt_.send(AlignWatermark{attempt_.number(), each.vertex, each.max_allowed});
  return aligner_.next();
}

void JobMaster::end(JobState state) {
  phase_ = Phase::kEnding;
  const JobView& view = status_.current();
  const bool failed = state == JobState::kFailed;
  termination_.begin({state, failed ? std::string(view.failure.message()) : "", view.refused,
                      failed && unwanted(view.failure)});
}

void JobMaster::clean_up(JobOutcome outcome, std::function<void()> done) {
  if (!coordinator_) return done();
  coordinator_->shut_down(outcome, std::move(done));
}

void JobMaster::on_terminal(const JobEnd& end) {
  phase_ = Phase::kEnding;
  status_.current().state = end.state;
  answer_stop(end.state);
  answer_rescale(aborted("the job has ended before it was rescaled"));
  const Shutdown farewell = *termination_.farewell();
  pool_.for_each([&](PooledWorker& worker) { worker.send(farewell); });
}

// --- CheckpointHost ---

void JobMaster::run_blocking(std::function<std::function<void()>()> work) {
  run_blocking_on(executors::kCoordinator, std::move(work));
}

void JobMaster::run_blocking_on(std::string_view executor,
                                std::function<std::function<void()>()> work) {
  // The mailbox may outlive this actor, because at the end nobody waits for storage that does not
  // answer.
  platform_.scheduler.run_blocking(executor, [mailbox = mailbox_, work = std::move(work)] {
    if (auto continuation = work()) mailbox->post(std::move(continuation));
  });
}

void JobMaster::on_checkpoint_failure_beyond_tolerance(const Status& status) {
  // Posted, because this must not run within the coordinator's own call.
  mailbox_->post([this, status, attempt = attempt_.number()] {
    // Another attempt may succeed.
    if (attempt == attempt_.number()) attempt_failed(aborted(std::string(status.message())));
  });
}

void JobMaster::on_completed(const CompletedCheckpoint&) {
  recovery_.on_checkpoint_completed();
  mailbox_->post([this] { rescale_if_wanted(); });  // posted for the same reason
}

}  // namespace weir
