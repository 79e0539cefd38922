// Savepoints, and the end of the job with one.

#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "cluster/job_master/job_master.h"

namespace weir {

void JobMaster::trigger_savepoint(SavepointRequest request, CheckpointDone done) {
  mailbox_->post([this, request = std::move(request), done = std::move(done)]() mutable {
    if (request.directory.empty()) request.directory = options_.savepoint_directory;
    if (!coordinator_) {
      return done(failed_precondition(
          options_.checkpoints_enabled
              ? "a savepoint is refused: the job is not running yet; ask again when it is"
              : "a savepoint is refused: the job takes no checkpoints; set "
                "execution.checkpointing.dir and execution.checkpointing.interval"));
    }
    if (request.stop != StopMode::kNone) return stop_with_savepoint(request, done);
    const Status status = coordinator_->request(
        {CheckpointKind::kSavepoint, request.format, request.directory, done});
    if (!status.ok()) done(status);
  });
}

void JobMaster::stop_with_savepoint(SavepointRequest request, CheckpointDone done) {
  const Status status =
      coordinator_->request({CheckpointKind::kStop, request.format, request.directory,
                             [this, done](const StatusOr<CompletedCheckpoint>& savepoint) {
                               on_stopped(savepoint, done);
                             },
                             request.stop == StopMode::kDrain});
  if (!status.ok()) done(status);
}

/// If it has failed, the tasks go on, or on_drain_failed() restarts them.
void JobMaster::on_stopped(const StatusOr<CompletedCheckpoint>& savepoint,
                           const CheckpointDone& done) {
  if (savepoint.ok()) {
    WEIR_LOG(kInfo) << "the job ends with the savepoint " << savepoint->savepoint;
    stopped_ = Stopped{*savepoint, done};
    return;
  }
  // The input may have ended while the final checkpoint was refused because of the stop.
  if (attempt_.stage() == JobAttempt::Stage::kRunning && pool_.all_of_attempt(&PooledWorker::ended))
    finish_by_checkpoint();
  done(savepoint.status());
}

void JobMaster::on_drain_failed(const Status& status) {
  // Posted, because this must not run within the coordinator's own call.
  mailbox_->post([this, status, attempt = attempt_.number()] {
    if (attempt != attempt_.number() || !attempt_.is_active()) return;
    WEIR_LOG(kWarning) << "event time was ended for a savepoint that has failed, so the job goes "
                          "back to its last checkpoint: "
                       << status.message();
    status_.current().state = JobState::kRestarting;
    tear_down([this] { prepare(); });
  });
}

void JobMaster::answer_stop(JobState state) {
  if (!stopped_) return;
  const Stopped stopped = *std::exchange(stopped_, std::nullopt);
  if (state == JobState::kFinished) {
    status_.current().stopped_with = stopped.savepoint.savepoint;
    return stopped.done(stopped.savepoint);
  }
  stopped.done(aborted(cat("the savepoint ", stopped.savepoint.savepoint,
                           " is complete, but the job is ", to_string(state),
                           " before all its results were committed: a job that starts from the "
                           "savepoint commits them")));
}

}  // namespace weir
