#include "cluster/roles/coordinator_process.h"

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/job_identity.h"
#include "ha/job_store.h"

namespace weir {

CoordinatorProcess::CoordinatorProcess(const JobGraph& graph, CoordinatorProcessOptions options,
                                       Platform& platform, ZooKeeperFactory* zookeeper,
                                       HaPaths paths, std::function<void()> on_end)
    : graph_(graph),
      options_(std::move(options)),
      platform_(platform),
      zookeeper_(zookeeper),
      paths_(std::move(paths)),
      on_end_(std::move(on_end)) {}

CoordinatorProcess::~CoordinatorProcess() {
  listener_.reset();
  if (election_) election_->set_wake(nullptr);
  step_down();
}

Status CoordinatorProcess::listen() {
  auto listener = platform_.transport.listen(
      options_.listen, [this](std::unique_ptr<Connection> c) { return accept(std::move(c)); });
  if (!listener.ok())
    return listener.status().with_context("the coordinator cannot listen for workers");
  listener_ = *std::move(listener);
  return {};
}

Address CoordinatorProcess::address() const {
  return {options_.advertised_host.empty() ? options_.listen.host : options_.advertised_host,
          listener_->port()};
}

Endpoint CoordinatorProcess::accept(std::unique_ptr<Connection> connection) {
  {
    std::lock_guard lock(router_->mutex);
    if (router_->master != nullptr) return router_->master->accept(std::move(connection));
  }
  // This process does not lead, so it closes the worker's connection, and the worker looks again.
  // Posted, because this is a callback.
  auto box = std::make_shared<std::unique_ptr<Connection>>(std::move(connection));
  mailbox_->post([box] { box->reset(); });
  // The worker's first message may arrive before the close.
  return {[](const std::string&) {}, [](const Status&) {}};
}

CoordinatorProcessView CoordinatorProcess::view() const {
  std::lock_guard lock(view_mutex_);
  CoordinatorProcessView view = view_;
  std::lock_guard router(router_->mutex);
  if (router_->master != nullptr) view.job = router_->master->view();
  return view;
}

void CoordinatorProcess::leave() {
  mailbox_->post([this] {
    leaving_ = true;
    step_down();
    if (election_) election_->resign();
  });
}

void CoordinatorProcess::cancel() {
  mailbox_->post([this] {
    if (!master_) {
      WEIR_LOG(kWarning) << "this coordinator does not lead, so it cannot cancel the job: send the "
                            "signal to the one that leads";
      return;
    }
    cancel_requested_ = true;
    master_->cancel();
  });
}

void CoordinatorProcess::observe() {
  std::lock_guard lock(router_->mutex);
  if (router_->master != nullptr) router_->master->observe();
}

void CoordinatorProcess::trigger_savepoint(SavepointRequest request, CheckpointDone done) {
  {
    std::lock_guard lock(router_->mutex);
    if (router_->master != nullptr)
      return router_->master->trigger_savepoint(std::move(request), std::move(done));
  }
  done(unavailable("this coordinator does not lead the job"));
}

void CoordinatorProcess::trigger_checkpoint(SnapshotFormat format, CheckpointDone done) {
  {
    std::lock_guard lock(router_->mutex);
    if (router_->master != nullptr)
      return router_->master->trigger_checkpoint(format, std::move(done));
  }
  done(unavailable("this coordinator does not lead the job"));
}

void CoordinatorProcess::rescale(int slots, JobMaster::RescaleDone done) {
  {
    std::lock_guard lock(router_->mutex);
    if (router_->master != nullptr) return router_->master->rescale(slots, std::move(done));
  }
  done(unavailable("this coordinator does not lead the job"));
}

void CoordinatorProcess::read_text(std::string worker, ProcessText what, TextRequests::Done done) {
  {
    std::lock_guard lock(router_->mutex);
    if (router_->master != nullptr)
      return router_->master->read_text(std::move(worker), what, std::move(done));
  }
  done(unavailable("this coordinator does not lead the job"));
}

MonotonicTime CoordinatorProcess::step() {
  if (!begun_) {
    begun_ = true;
    if (zookeeper_ == nullptr) {
      lead(options_.epoch_without_election, nullptr);
    } else {
      election_ = std::make_unique<LeaderElection>(
          platform_.clock, platform_.random, platform_.scheduler, *zookeeper_, paths_,
          address().to_string(),
          LeaderElection::Callbacks{
              .on_granted =
                  [this](const Leadership& leadership) {
                    WEIR_LOG(kInfo) << "this coordinator leads now, in epoch " << leadership.epoch;
                    lead(leadership.epoch, std::make_shared<JobStore>(leadership, graph_.id));
                  },
              .on_revoked =
                  [this](const std::string& reason) {
                    if (!job_ended_ && !leaving_) {
                      WEIR_LOG(kWarning) << "this coordinator leads no longer: " << reason;
                    }
                    step_down();
                  },
              .may_contend =
                  [paths = paths_, mine = recorded_job(graph_),
                   accept = options_.job.accept_changed_job](ZooKeeperSession& session) -> Status {
                WEIR_ASSIGN_OR_RETURN(const auto recorded,
                                      read_recorded_job(session, paths, mine.id));
                return recorded ? check_same_job(*recorded, mine, accept) : Status();
              },
              .on_refused = [this](const Status& reason) { refuse(reason); }});
      // The election wakes this actor.
      election_->set_wake([mailbox = mailbox_] { mailbox->post([] {}); });
    }
  }
  if (mailbox_->take(actions_)) {
    for (const auto& action : actions_) action();
    actions_.clear();
  }
  const MonotonicTime next = election_ ? election_->step() : kIdle;
  const bool gone = election_ ? election_->resigned() : job_ended_ || leaving_;
  if (gone && on_end_) {
    {
      std::lock_guard lock(view_mutex_);
      view_.ended = true;
    }
    std::exchange(on_end_, nullptr)();
    return kIdle;
  }
  return next;
}

void CoordinatorProcess::lead(int64_t epoch, std::shared_ptr<LeaderStore> store) {
  if (leaving_) return;
  if (bug_enabled(Bug::kEpochNotCounted)) epoch = 1;
  master_ = std::make_unique<JobMaster>(
      graph_, options_.job, platform_, epoch, std::move(store),
      [this, mailbox = mailbox_, epoch] { mailbox->post([this, epoch] { on_job_end(epoch); }); });
  epoch_ = epoch;
  master_handle_ = platform_.scheduler.start("job-master", *master_, {});
  master_->mailbox().set_wake([handle = master_handle_.get()] { handle->wake(); });
  {
    std::lock_guard lock(router_->mutex);
    router_->master = master_.get();
  }
  if (cancel_requested_) master_->cancel();
  std::lock_guard lock(view_mutex_);
  view_.leads = true;
}

/// The cluster runs another job than this process.
void CoordinatorProcess::refuse(const Status& reason) {
  std::lock_guard lock(view_mutex_);
  view_.job.state = JobState::kFailed;
  view_.job.refused = true;
  view_.job.failure = reason;
}

void CoordinatorProcess::step_down() {
  if (!master_) return;
  {
    std::lock_guard lock(router_->mutex);
    router_->master = nullptr;
  }
  master_handle_->stop();
  master_->mailbox().set_wake(nullptr);
  {
    std::lock_guard lock(view_mutex_);
    view_.job = master_->view();
    view_.leads = false;
  }
  master_handle_.reset();
  master_.reset();
}

void CoordinatorProcess::on_job_end(int64_t epoch) {
  if (master_ == nullptr || epoch != epoch_) return;
  job_ended_ = true;
  step_down();
  if (election_) election_->resign();
}

}  // namespace weir
