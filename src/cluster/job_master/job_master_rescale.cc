// Restarts of a running job on more or fewer slots.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "cluster/job_master/job_master.h"
#include "graph/scale.h"

namespace weir {

void JobMaster::rescale(int slots, RescaleDone done) {
  mailbox_->post([this, slots, done = std::move(done)]() mutable {
    const Status refused = why_not_rescaled(slots);
    if (!refused.ok()) return done(refused);
    const Status status =
        coordinator_->request({CheckpointKind::kManual,
                               SnapshotFormat::kConfigured,
                               {},
                               [this](const StatusOr<CompletedCheckpoint>& checkpoint) {
                                 // Another checkpoint may have been complete earlier.
                                 if (checkpoint.ok() || !rescaling_ || rescaling_->begun) return;
                                 status_.current().slots_wanted = rescaling_->slots_before;
                                 answer_rescale(checkpoint.status());
                               }});
    if (!status.ok()) return done(status);
    rescaling_ = Rescaling{std::exchange(status_.current().slots_wanted, slots), std::move(done)};
  });
}

Status JobMaster::why_not_rescaled(int slots) const {
  const int most = slots_wanted(graph_);
  if (slots < 1 || slots > most) {
    return invalid_argument(cat("the job cannot run on ", slots, " slots: the parallelism of its ",
                                "program is ", most, ", so 1 to ", most, " are possible"));
  }
  if (!coordinator_) {
    return failed_precondition(
        options_.checkpoints_enabled
            ? "the job cannot be rescaled: it is not running yet; ask again when it is"
            : "the job cannot be rescaled: it takes no checkpoints; set "
              "execution.checkpointing.dir and execution.checkpointing.interval");
  }
  if (rescaling_)
    return failed_precondition("the job is being rescaled: ask again when that is done");
  if (!options_.adaptive && pool_.slots() < slots) {
    return failed_precondition(
        cat("the job cannot run on ", slots, " slots: its workers have ", pool_.slots()));
  }
  return {};
}

void JobMaster::rescale_if_wanted() {
  if (attempt_.stage() != JobAttempt::Stage::kRunning) return;
  if (stopped_ || pool_.all_of_attempt(&PooledWorker::ended)) return;
  const int shards = attempt_.shards();
  const int wanted = status_.current().slots_wanted;
  const int slots = options_.adaptive ? std::min(wanted, pool_.slots()) : wanted;
  // A worker that was lost ends the attempt by itself.
  const bool lost = slots < shards && wanted >= shards;
  if (slots == shards) return answer_rescale({});
  if (lost || pool_.slots() < slots) return;
  WEIR_LOG(kInfo) << "there are " << pool_.slots() << " slots, of which the job is to use at most "
                  << wanted << ": continuing on " << slots << " instead of " << shards;
  if (rescaling_) rescaling_->begun = true;
  status_.current().state = JobState::kRestarting;
  tear_down([this] { prepare(); });
}

void JobMaster::answer_rescale(const Status& status) {
  if (rescaling_) std::exchange(rescaling_, std::nullopt)->done(status);
}

}  // namespace weir
