#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/recent_log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/roles/process.h"
#include "cluster/roles/process_end.h"
#include "cluster/roles/role.h"
#include "cluster/worker.h"
#include "ha/ha_options.h"
#include "ha/leader_finder.h"
#include "ha/zookeeper_component.h"
#include "platform/crash_report.h"
#include "platform/private_directory.h"
#include "platform/service_manager.h"
#include "runtime/data_server.h"
#include "runtime/exchange.h"

namespace weir {
namespace {

/// The directory for local copies of this process's state; null if there is none.
std::unique_ptr<PrivateDirectory> own_state_directory(const Configuration& configuration) {
  const std::string place = configuration.get_optional(options::kTmpDirs).value_or("/tmp");
  const auto made = [&]() -> StatusOr<std::unique_ptr<PrivateDirectory>> {
    WEIR_ASSIGN_OR_RETURN(const FileUri uri, parse_file_uri(place));
    if (uri.scheme != "file")
      return failed_precondition(cat("io.tmp.dirs ", place, " is not on this machine"));
    return PrivateDirectory::make(uri.path, "weir-state-");
  };
  auto directory = made();
  if (directory.ok()) return *std::move(directory);
  WEIR_LOG(kWarning) << "no local copies of state are kept: " << directory.status().message();
  return nullptr;
}

/// Everything that a worker's process owns, in the order in which it is made.
class WorkerRole {
 public:
  WorkerRole(const JobGraph& graph, const Configuration& configuration, const JobOptions& options)
      : graph_(graph), configuration_(configuration), options_(options.worker) {}

  /// An error refuses the job.
  Status start() {
    WEIR_RETURN_IF_ERROR(read_settings());
    keep_recent_log(kKeptLogBytes);
    warn_if_open(configuration_);
    report_crashes("the worker");
    process_.emplace(configuration_, graph_);
    WEIR_RETURN_IF_ERROR(listen());
    make_worker();
    if (ha_) find_leader();
    handle_ = platform().scheduler.start("worker", *worker_, {});
    worker_->mailbox().set_wake([this] { handle_->wake(); });
    notify_service_manager("READY=1");
    return {};
  }

  /// Returns the exit code when this process has finished.
  int run() {
    Departure departure(platform().clock);
    while (!ended_) {
      obey(process_->signals.wait(departure.begun() ? std::chrono::seconds(1)
                                                    : std::chrono::seconds(60)),
           departure);
      departure.check("a task does not end");
    }
    if (finder_) {
      finder_->set_wake(nullptr);
      finder_handle_->stop();
    }
    handle_->stop();
    worker_->mailbox().set_wake(nullptr);
    if (departure.begun()) return exit_code::kLeft;
    const WorkerView view = worker_->view();
    if (view.status.ok()) return 0;
    report(cat("error: ", view.status.message()));
    return exit_code::kFailed;
  }

 private:
  Platform& platform() { return process_->platform.get(); }

  Status read_settings() {
    WEIR_RETURN_IF_ERROR(check_can_be_distributed(graph_));
    WEIR_ASSIGN_OR_RETURN(ha_, ha_options(configuration_, graph_.id));
    const auto coordinator = configuration_.get_optional(options::kCoordinatorAddress);
    if (!ha_ && !coordinator) {
      return failed_precondition(
          "a worker must know its coordinator: give --coordinator HOST:PORT, or "
          "set high-availability.type: zookeeper on both");
    }
    if (reached_by_no_name(configuration_.get(options::kWorkerBindHost)) &&
        !configuration_.is_set(options::kWorkerHost)) {
      return failed_precondition(
          cat("the worker listens on all addresses (taskmanager.bind-host ",
              configuration_.get(options::kWorkerBindHost),
              "), and other workers must know one of them: set taskmanager.host"));
    }
    if (!ha_)
      leader_ =
          Address{*coordinator, static_cast<int>(configuration_.get(options::kCoordinatorPort))};
    return {};
  }

  Status listen() {
    const Address bind{configuration_.get(options::kWorkerBindHost),
                       static_cast<int>(configuration_.get(options::kDataPort))};
    auto server = DataServer::listen(platform(), bind);
    if (!server.ok())
      return server.status().with_context("the worker cannot listen for other workers");
    data_server_ = *std::move(server);
    options_.slots = static_cast<int>(configuration_.get(options::kTaskSlots));
    options_.host = configuration_.get_optional(options::kWorkerHost).value_or(bind.host);
    options_.data_address = Address{options_.host, data_server_->port()}.to_string();
    options_.restore_from_local = configuration_.get(options::kFromLocal);
    if (options_.restore_from_local || configuration_.get(options::kLocalBackup)) {
      state_directory_ = own_state_directory(configuration_);
      if (state_directory_) options_.local_directory = state_directory_->path();
    }
    return {};
  }

  void make_worker() {
    worker_.emplace(
        graph_, options_, platform(),
        [this](Endpoint endpoint) -> StatusOr<std::unique_ptr<Connection>> {
          std::lock_guard lock(leader_mutex_);
          if (!leader_) return unavailable("no coordinator leads, as far as ZooKeeper knows");
          return platform().transport.dial(*leader_, std::move(endpoint));
        },
        data_server_.get(),
        [this] {
          ended_ = true;
          process_->signals.notify();
        });
    messenger_ = CrashMessenger::start([this](std::string report) {
      worker_->report_crash(std::move(report), [this] { messenger_->delivered(); });
    });
  }

  void find_leader() {
    zookeeper_ = weir_component_zookeeper()(platform().clock, ha_->client);
    finder_ = std::make_unique<LeaderFinder>(
        platform().clock, platform().random, platform().scheduler, *zookeeper_, ha_->paths,
        [this](const LeaderRecord& record) { on_leader(record); });
    finder_handle_ = platform().scheduler.start("leader-finder", *finder_, {});
    finder_->set_wake([this] { finder_handle_->wake(); });
  }

  void on_leader(const LeaderRecord& record) {
    const auto address = Address::parse(record.address);
    if (!address.ok()) return report(std::string(address.status().message()));
    {
      std::lock_guard lock(leader_mutex_);
      leader_ = *address;
    }
    worker_->leader_changed();
  }

  void obey(ProcessSignals::Event event, Departure& departure) {
    if (event == ProcessSignals::Event::kLeave) {
      departure.begin("the job goes on without this worker");
      worker_->leave();
    } else if (event == ProcessSignals::Event::kCancel) {
      report("a worker cannot cancel the job: send the signal to the coordinator that leads");
    }
  }

  const JobGraph& graph_;
  const Configuration& configuration_;
  WorkerOptions options_;
  std::optional<HaOptions> ha_;
  std::unique_ptr<PrivateDirectory>
      state_directory_;  ///< work on the I/O pool may use it to the end
  std::optional<Process> process_;
  std::unique_ptr<DataServer> data_server_;
  std::mutex leader_mutex_;
  /// The address that the worker dials: fixed, or that of the leader in ZooKeeper. Guarded by
  /// leader_mutex_: set on the finder's thread, read on the worker's.
  std::optional<Address> leader_;
  std::atomic<bool> ended_{false};
  std::optional<Worker> worker_;
  std::unique_ptr<CrashMessenger> messenger_;
  std::unique_ptr<ZooKeeperFactory> zookeeper_;
  std::unique_ptr<LeaderFinder> finder_;
  std::unique_ptr<ActorHandle> finder_handle_;
  std::unique_ptr<ActorHandle> handle_;
};

}  // namespace

int run_worker(const JobGraph& graph, const Configuration& configuration,
               const JobOptions& options) {
  WorkerRole role(graph, configuration, options);
  if (const Status started = role.start(); !started.ok()) return refuse(started);
  return role.run();
}

}  // namespace weir
