#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/roles/coordinator_process.h"
#include "cluster/roles/job_archive.h"
#include "cluster/roles/local_workers.h"
#include "cluster/roles/process.h"
#include "cluster/roles/process_end.h"
#include "cluster/roles/progress_watch.h"
#include "cluster/roles/rest_setup.h"
#include "cluster/roles/role.h"
#include "cluster/starting_line.h"
#include "ha/ha_options.h"
#include "ha/zookeeper_component.h"
#include "platform/crash_report.h"
#include "platform/service_manager.h"
#include "runtime/exchange.h"

namespace weir {
namespace {

/// Everything that a coordinator's process owns, in the order in which it is made.
class CoordinatorRole {
 public:
  CoordinatorRole(const JobGraph& graph, Configuration configuration, JobOptions options)
      : graph_(graph),
        configuration_(std::move(configuration)),
        options_(std::move(options)),
        workers_(static_cast<int>(configuration_.get(options::kWorkers))) {
    options_.workers_apart = true;
  }

  /// An error refuses the job.
  Status start() {
    WEIR_RETURN_IF_ERROR(read_settings());
    if (workers_ > 0) {
      WEIR_ASSIGN_OR_RETURN(secrets_, secrets_for_local_workers(&configuration_));
    }
    warn_if_open(configuration_);
    report_crashes("the coordinator");
    process_.emplace(configuration_, graph_);
    WEIR_ASSIGN_OR_RETURN(archive_, JobArchive::of(configuration_, platform().files));
    WEIR_RETURN_IF_ERROR(listen());
    WEIR_ASSIGN_OR_RETURN(
        servers_,
        start_rest_servers(
            rest_, rest_control(graph_, options_, configuration_, platform(), *coordinator_),
            platform()));
    report(cat("listening for workers on ", coordinator_->address().to_string()));
    if (workers_ > 0) {
      WEIR_ASSIGN_OR_RETURN(group_, start_local_workers(configuration_, workers_,
                                                        coordinator_->address(), secrets_, report));
    }
    handle_ = platform().scheduler.start("coordinator", *coordinator_, {});
    coordinator_->mailbox().set_wake([this] { handle_->wake(); });
    notify_service_manager("READY=1");
    return {};
  }

  /// Returns the exit code when this process has finished.
  int run() {
    ProgressWatch progress(configuration_, platform().clock);
    Departure departure(platform().clock);
    LeaveRequest leave(options_.savepoint_on_leave);
    while (!ended_) {
      obey(process_->signals.wait(std::chrono::seconds(1)), leave, departure);
      departure.check("ZooKeeper does not answer: the leadership ends with its session");
      const CoordinatorProcessView view = coordinator_->view();
      if (!ended_ && view.leads) progress.show(view.job);
    }
    const CoordinatorProcessView view = coordinator_->view();
    if (servers_) servers_->finish();
    handle_->stop();
    coordinator_->mailbox().set_wake(nullptr);
    if (group_) group_->finish(departure.begun() ? 0 : 2000);
    store_if_ended(archive_, graph_, options_, configuration_, view.job,
                   platform().clock.wall_ms());
    return is_terminal(view.job.state) ? progress.end(view.job, group_ != nullptr)
                                       : exit_code::kLeft;
  }

 private:
  Platform& platform() { return process_->platform.get(); }

  Status read_settings() {
    WEIR_RETURN_IF_ERROR(check_can_be_distributed(graph_));
    WEIR_ASSIGN_OR_RETURN(ha_, ha_options(configuration_, graph_.id));
    WEIR_ASSIGN_OR_RETURN(rest_, rest_options(configuration_));
    if (!ha_ || !reached_by_no_name(configuration_.get(options::kCoordinatorBindHost)) ||
        configuration_.is_set(options::kCoordinatorAddress))
      return {};
    return failed_precondition(
        cat("the coordinator listens on all addresses (jobmanager.bind-host ",
            configuration_.get(options::kCoordinatorBindHost),
            "), and workers must learn one of them from ZooKeeper: set jobmanager.rpc.address"));
  }

  CoordinatorProcessOptions process_options() {
    const bool any_port = workers_ > 0 && !configuration_.is_set(options::kCoordinatorPort);
    CoordinatorProcessOptions result;
    result.job = options_;
    result.listen = {
        configuration_.get(options::kCoordinatorBindHost),
        any_port ? 0 : static_cast<int>(configuration_.get(options::kCoordinatorPort))};
    result.advertised_host = configuration_.get_optional(options::kCoordinatorAddress).value_or("");
    if (!ha_) {
      result.epoch_without_election = epoch_without_election(
          options_, platform().files, workers_ > 0 ? 1 : platform().clock.wall_ms() / 1000);
    }
    return result;
  }

  Status listen() {
    if (ha_) zookeeper_ = weir_component_zookeeper()(platform().clock, ha_->client);
    coordinator_.emplace(graph_, process_options(), platform(), zookeeper_.get(),
                         ha_ ? ha_->paths : HaPaths{}, [this] {
                           ended_ = true;
                           process_->signals.notify();
                         });
    return coordinator_->listen();
  }

  void obey(ProcessSignals::Event event, LeaveRequest& leave, Departure& departure) {
    if (leave.now(event, *coordinator_, process_->signals)) {
      departure.begin(ha_ ? "a standby carries on with the job" : how_to_continue(options_));
      coordinator_->leave();
    } else if (event == ProcessSignals::Event::kCancel) {
      report("canceling the job");
      coordinator_->cancel();
    }
  }

  const JobGraph& graph_;
  Configuration configuration_;
  JobOptions options_;
  const int workers_;
  std::optional<HaOptions> ha_;
  RestOptions rest_;
  std::vector<InheritedSecret> secrets_;
  std::optional<Process> process_;
  std::optional<JobArchive> archive_;
  std::unique_ptr<ZooKeeperFactory> zookeeper_;
  std::atomic<bool> ended_{false};
  std::optional<CoordinatorProcess> coordinator_;
  std::unique_ptr<RestServers> servers_;
  std::unique_ptr<ProcessGroup> group_;
  std::unique_ptr<ActorHandle> handle_;
};

}  // namespace

int run_coordinator(const JobGraph& graph, Configuration configuration, JobOptions options) {
  CoordinatorRole role(graph, std::move(configuration), std::move(options));
  if (const Status started = role.start(); !started.ok()) return refuse(started);
  return role.run();
}

}  // namespace weir
