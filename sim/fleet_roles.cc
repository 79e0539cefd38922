#include "fleet_roles.h"

#include "base/strings.h"
#include "cluster/roles/coordinator_process.h"
#include "cluster/worker.h"
#include "ha/leader_finder.h"
#include "runtime/data_server.h"
#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

constexpr int kCoordinatorPort = 6123;

JobOptions options_of(const FleetPlan& plan) {
  auto made = make_job_options(plan.workload, plan.settings);
  WEIR_CHECK(made.ok());
  JobOptions options = *std::move(made);
  options.workers_apart = true;
  // Without election a restarted coordinator gets "latest". With election the pointer names the
  // checkpoint to restore.
  if (plan.elected && !plan.latest) options.restore_from = "none";
  options.adaptive = !plan.fixed_width;
  options.heartbeat_interval = milliseconds(plan.heartbeat_interval_ms);
  options.heartbeat_timeout = milliseconds(plan.heartbeat_timeout_ms);
  options.first_slot_wait = milliseconds(plan.first_slot_wait_ms);
  options.worker.heartbeat_timeout = options.heartbeat_timeout;
  options.worker.registration_timeout = milliseconds(plan.registration_timeout_ms);
  return options;
}

HaPaths paths_of_fleet() { return {kElectionPath}; }

JobGraph graph_of(const FleetStart& start) {
  auto made = make_job_graph(start.plan.workload, start.plan.settings, start.mishaps);
  WEIR_CHECK(made.ok());
  return *std::move(made);
}

class CoordinatorMember final : public FleetMember {
 public:
  CoordinatorMember(SimProcess& process, const FleetStart& start) : graph_(graph_of(start)) {
    CoordinatorProcessOptions options;
    options.job = options_of(start.plan);
    options.listen = {process.host(), kCoordinatorPort};
    options.epoch_without_election = start.number;
    coordinator_ =
        std::make_unique<CoordinatorProcess>(graph_, std::move(options), process.platform(),
                                             start.plan.elected ? &start.zookeeper : nullptr,
                                             paths_of_fleet(), [this] { ended_ = true; });
    const Status listening = coordinator_->listen();
    WEIR_CHECK(listening.ok());
    handle_ = process.platform().scheduler.start("coordinator", *coordinator_, {});
    coordinator_->mailbox().set_wake([this] { handle_->wake(); });
  }
  ~CoordinatorMember() override { leave(); }

  void leave() override {
    if (!coordinator_) return;
    last_ = view();
    coordinator_->mailbox().set_wake(nullptr);
    handle_.reset();
    coordinator_.reset();
  }

  void sign_off() override { coordinator_->leave(); }
  void cancel() override { coordinator_->cancel(); }
  void take_checkpoint(CheckpointDone done) override {
    coordinator_->trigger_checkpoint(SnapshotFormat::kConfigured, std::move(done));
  }
  void take_savepoint(const SavepointRequest& request, CheckpointDone done) override {
    coordinator_->trigger_savepoint(request, std::move(done));
  }
  bool ended() const override { return ended_; }

  MemberView view() const override {
    if (!coordinator_) return last_;
    const CoordinatorProcessView now = coordinator_->view();
    const JobView& job = now.job;
    MemberView view;
    view.ended = ended_;
    view.leads = now.leads;
    view.canceled = ended_ && job.state == JobState::kCanceled;
    view.finished = view.canceled || (ended_ && job.state == JobState::kFinished);
    view.restarts = job.restarts;
    view.completed_checkpoints = job.checkpoints->completed;
    view.failed_checkpoints = job.checkpoints->failed;
    view.restored_checkpoint = job.restored_checkpoint;
    view.records = job.source_records;
    view.shards = job.shards;
    view.attempt = job.attempt;
    return view;
  }

  std::string text() const override {
    if (!coordinator_) return "has ended";
    const CoordinatorProcessView now = coordinator_->view();
    const JobView& job = now.job;
    return cat(now.leads ? "leads" : "does not lead", ", the job is ", to_string(job.state),
               " in attempt ", attempt_text(job.attempt), " on ", job.shards, " of ",
               job.slots_wanted, " slots, ", job.workers, " workers with ", job.slots, ", ",
               job.checkpoints->completed, " checkpoints completed, ", job.checkpoints->failed,
               " failed (", job.checkpoints->last_failure(), "), ", job.restarts, " restarts (",
               job.failure.message(), ")");
  }

 private:
  const JobGraph graph_;
  bool ended_ = false;
  MemberView last_;
  std::unique_ptr<CoordinatorProcess> coordinator_;
  std::unique_ptr<ActorHandle> handle_;
};

class WorkerMember final : public FleetMember {
 public:
  WorkerMember(SimProcess& process, const FleetStart& start) : graph_(graph_of(start)) {
    Platform& platform = process.platform();
    auto server = DataServer::listen(platform, {process.host(), 0});
    WEIR_CHECK(server.ok());
    server_ = *std::move(server);
    WorkerOptions options = options_of(start.plan).worker;
    options.slots = start.plan.slots[static_cast<size_t>(start.index)];
    options.host = process.host();
    options.data_address = Address{process.host(), server_->port()}.to_string();
    if (!start.plan.elected)
      leader_ = Address{hosts_of(start.plan).coordinators[0], kCoordinatorPort};
    worker_ = std::make_unique<Worker>(
        graph_, std::move(options), platform,
        [this, &platform](Endpoint endpoint) -> StatusOr<std::unique_ptr<Connection>> {
          if (!leader_) return unavailable("no coordinator leads, as far as ZooKeeper tells");
          return platform.transport.dial(*leader_, std::move(endpoint));
        },
        server_.get(), [this] { ended_ = true; });
    if (start.plan.elected) {
      finder_ = std::make_unique<LeaderFinder>(platform.clock, platform.random, platform.scheduler,
                                               start.zookeeper, paths_of_fleet(),
                                               [this](const LeaderRecord& record) {
                                                 leader_ = Address::parse(record.address).value();
                                                 worker_->leader_changed();
                                               });
      finder_handle_ = platform.scheduler.start("leader-finder", *finder_, {});
      finder_->set_wake([this] { finder_handle_->wake(); });
    }
    handle_ = platform.scheduler.start("worker", *worker_, {});
    worker_->mailbox().set_wake([this] { handle_->wake(); });
  }
  ~WorkerMember() override { leave(); }

  void leave() override {
    if (!worker_) return;
    last_ = view();
    if (finder_) finder_->set_wake(nullptr);
    finder_handle_.reset();
    finder_.reset();
    worker_->mailbox().set_wake(nullptr);
    handle_.reset();
    worker_.reset();
    server_.reset();
  }

  bool ended() const override { return ended_; }

  MemberView view() const override {
    if (!worker_) return last_;
    const WorkerView now = worker_->view();
    MemberView view;
    view.ended = ended_;
    view.finished = ended_ && now.status.ok();
    view.epoch = now.epoch;
    return view;
  }

  std::string text() const override {
    if (!worker_) return "has ended";
    const WorkerView now = worker_->view();
    return cat(now.ended        ? "has ended"
               : now.registered ? "is registered"
                                : "is not registered",
               ": ", now.status.message());
  }

 private:
  const JobGraph graph_;
  bool ended_ = false;
  MemberView last_;
  std::optional<Address> leader_;
  std::unique_ptr<DataServer> server_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<LeaderFinder> finder_;
  std::unique_ptr<ActorHandle> finder_handle_;
  std::unique_ptr<ActorHandle> handle_;
};

}  // namespace

FleetRoles engine_roles() {
  return {[](SimWorld&, SimProcess& process, const FleetStart& start) {
            return std::make_unique<CoordinatorMember>(process, start);
          },
          [](SimWorld&, SimProcess& process, const FleetStart& start) {
            return std::make_unique<WorkerMember>(process, start);
          }};
}

}  // namespace weir::sim
