#include "cluster/roles/run_job.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "base/log.h"
#include "base/recent_log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/roles/coordinator_process.h"
#include "cluster/roles/job_archive.h"
#include "cluster/roles/job_runner.h"
#include "cluster/roles/local_workers.h"
#include "cluster/roles/process.h"
#include "cluster/roles/progress_line.h"
#include "cluster/roles/rest_setup.h"
#include "cluster/starting_line.h"
#include "cluster/worker.h"
#include "config/value_text.h"
#include "ha/ha_options.h"
#include "ha/leader_finder.h"
#include "ha/zookeeper_component.h"
#include "platform/crash_report.h"
#include "platform/private_directory.h"
#include "platform/process_figures.h"
#include "platform/process_text.h"
#include "platform/service_manager.h"
#include "runtime/data_server.h"
#include "runtime/exchange.h"

namespace weir {
namespace {

// Exit codes; see docs/deploy.md.
constexpr int kFailed = 1;
constexpr int kRefused = 2;  ///< nothing was run: bad input, bad configuration, no permission
/// Nothing was run: a required service does not answer; a retry may succeed.
constexpr int kNotNow = 3;
constexpr int kCanceled = 130;
/// The reader of standard output has ended: the code of a program that SIGPIPE ends.
constexpr int kUnread = 141;
/// This process was asked to leave; the job continues or can continue elsewhere.
constexpr int kLeft = 143;
constexpr auto kLeaveTime = std::chrono::seconds(10);  ///< time for a process to leave in order

void report(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }
int refusal_code(const Status& status) {
  return status.code() == StatusCode::kUnavailable ? kNotNow : kRefused;
}
int refuse(const Status& status) {
  report(cat("error: ", status.message()));
  return refusal_code(status);
}

/// Without authentication, the process listens on loopback only.
void warn_if_open(const Configuration& configuration) {
  if (configuration.is_set(options::kSharedSecretFile) || configuration.get(options::kInternalTls))
    return;
  WEIR_LOG(kWarning)
      << "this cluster is open: any user of this machine can join it as a worker, read its records "
         "and change its results; "
         "set security.shared-secret.file, or security.ssl.internal.enabled, for all its processes";
}

/// Whether nobody can dial this listen address.
bool reached_by_no_name(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

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

/// Shows the job's progress until it has ended. `view`: of the job; `leads`: false while another
/// process leads.
class Watch {
 public:
  Watch(const Configuration& configuration, const Clock& clock)
      : show_(configuration.get(options::kProgress)), clock_(clock), last_(clock.now()) {}

  void show(const JobView& view) {
    const MonotonicTime now = clock_.now();
    if (!show_ || now - last_ < std::chrono::seconds(1)) return;
    const double seconds = std::chrono::duration<double>(now - last_).count();
    // A new leadership counts from zero.
    last_records_ = std::min(last_records_, view.source_records);
    report(progress_line(view, static_cast<double>(view.source_records - last_records_) / seconds,
                         now));
    last_ = now;
    last_records_ = view.source_records;
  }
  /// `own_output`: all tasks print to the standard output of this process.
  int end(const JobView& view, bool own_output) {
    if (view.state == JobState::kFailed) {
      if (own_output && unwanted(view.failure)) return kUnread;
      report(cat("error: ", view.failure.message()));
      return view.refused ? refusal_code(view.failure) : kFailed;
    }
    if (show_) report(progress_line(view, 0, clock_.now()));
    if (!view.stopped_with.empty()) {
      report(cat("stopped with the savepoint ", view.stopped_with, ": --from ", view.stopped_with,
                 " goes on from it"));
    }
    return view.state == JobState::kCanceled ? kCanceled : 0;
  }

 private:
  const bool show_;
  const Clock& clock_;
  MonotonicTime last_;
  int64_t last_records_ = 0;
};

std::string how_to_go_on(const JobOptions& options) {
  return options.checkpoints_enabled ? "--from latest goes on from the last completed checkpoint"
                                     : "the job has no checkpoints to go on from";
}

/// Decides when a process that is asked to leave does so: at once, or when the job has not stopped
/// with a savepoint.
class LeaveRequest {
 public:
  explicit LeaveRequest(bool with_savepoint) : with_savepoint_(with_savepoint) {}

  /// Whether the process must leave now. `job`: stopped with a savepoint if the settings say so.
  template <class Job>
  bool now(ProcessSignals::Event event, Job& job, ProcessSignals& signals) {
    if (failed_->exchange(false)) return true;
    if (event != ProcessSignals::Event::kLeave) return false;
    if (!with_savepoint_) return true;
    report("stopping the job with a savepoint. A second signal ends this process at once");
    job.trigger_savepoint({.stop = StopMode::kSuspend},
                          [failed = failed_, &signals](const auto& savepoint) {
                            if (savepoint.ok()) return;
                            report(cat("there is no savepoint: ", savepoint.status().message()));
                            *failed = true;
                            signals.notify();
                          });
    return false;
  }

 private:
  const bool with_savepoint_;
  const std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
};

/// The deadline of a process that was asked to leave.
class Departure {
 public:
  explicit Departure(const Clock& clock) : clock_(clock) {}

  void begin(const std::string& how_to_continue) {
    report(cat("leaving: ", how_to_continue, ". A second signal ends this process at once"));
    notify_service_manager("STOPPING=1");
    end_ = clock_.now() + kLeaveTime;
  }
  bool begun() const { return end_.has_value(); }
  /// Exits when the time is over: unfinished work is not needed.
  void check(std::string_view what_does_not_end) const {
    if (!end_ || clock_.now() < *end_) return;
    report(cat("leaving although ", what_does_not_end));
    std::fflush(nullptr);
    std::_Exit(kLeft);
  }

 private:
  const Clock& clock_;
  std::optional<MonotonicTime> end_;
};

int run_embedded(const JobGraph& graph, const Configuration& configuration,
                 const JobOptions& options) {
  const auto rest = rest_options(configuration);
  if (!rest.ok()) return refuse(rest.status());
  report_crashes("the job");
  Process process(configuration, graph);
  Platform& platform = process.platform.get();
  const auto archive = JobArchive::of(configuration, platform.files);
  if (!archive.ok()) return refuse(archive.status());
  std::atomic<bool> ended{false};
  std::optional<JobRunner> runner;  // outlives the servers, which reach it
  std::atomic<JobRunner*> running{nullptr};
  const auto servers = start_rest_servers(
      *rest, rest_control(graph, options, configuration, platform, running), platform);
  if (!servers.ok()) return refuse(servers.status());
  runner.emplace(graph, options, platform, [&] {
    ended = true;
    process.signals.notify();
  });
  running = &*runner;
  notify_service_manager("READY=1");
  Watch watch(configuration, platform.clock);
  Departure departure(platform.clock);
  LeaveRequest leave(options.savepoint_on_leave);
  while (!ended) {
    const auto event = process.signals.wait(std::chrono::seconds(1));
    if (leave.now(event, *runner, process.signals)) {
      departure.begin(how_to_go_on(options));
      runner->leave();
    } else if (event == ProcessSignals::Event::kCancel) {
      report("canceling the job");
      runner->cancel();
    }
    if (ended) break;
    departure.check("a task does not end");
    if (!departure.begun()) watch.show(runner->view());
  }
  const int code = departure.begun() && !is_terminal(runner->view().state)
                       ? kLeft
                       : watch.end(runner->view(), true);
  store_if_ended(*archive, graph, options, configuration, runner->view(), platform.clock.wall_ms());
  // The job has ended, so its unfinished work is not needed: a signal ends the process.
  while (!runner->idle()) {
    departure.check("a task does not end");
    const auto event = process.signals.wait(std::chrono::seconds(1));
    if (event == ProcessSignals::Event::kLeave || event == ProcessSignals::Event::kCancel) {
      std::fflush(nullptr);
      std::_Exit(code);
    }
  }
  if (*servers) (*servers)->finish();
  return code;
}

int run_coordinator(const JobGraph& graph, Configuration configuration, JobOptions options) {
  if (Status status = check_can_be_distributed(graph); !status.ok()) return refuse(status);
  const auto ha = ha_options(configuration, graph.id);
  if (!ha.ok()) return refuse(ha.status());
  const auto rest = rest_options(configuration);
  if (!rest.ok()) return refuse(rest.status());
  if (*ha && reached_by_no_name(configuration.get(options::kCoordinatorBindHost)) &&
      !configuration.is_set(options::kCoordinatorAddress)) {
    return refuse(failed_precondition(
        cat("the coordinator listens on all addresses (jobmanager.bind-host ",
            configuration.get(options::kCoordinatorBindHost),
            "), and workers must learn one of them from ZooKeeper: set jobmanager.rpc.address")));
  }
  const int workers = static_cast<int>(configuration.get(options::kWorkers));
  StatusOr<std::vector<InheritedSecret>> secrets{std::vector<InheritedSecret>()};
  if (workers > 0) secrets = secrets_for_local_workers(&configuration);
  if (!secrets.ok()) return refuse(secrets.status());
  warn_if_open(configuration);
  report_crashes("the coordinator");
  Process process(configuration, graph);
  Platform& platform = process.platform.get();
  const auto archive = JobArchive::of(configuration, platform.files);
  if (!archive.ok()) return refuse(archive.status());
  std::unique_ptr<ZooKeeperFactory> zookeeper;
  if (*ha) zookeeper = weir_component_zookeeper()(platform.clock, (*ha)->client);

  CoordinatorProcessOptions coordinator_options;
  options.workers_apart = true;
  coordinator_options.job = std::move(options);
  coordinator_options.listen = {
      configuration.get(options::kCoordinatorBindHost),
      workers > 0 && !configuration.is_set(options::kCoordinatorPort)
          ? 0
          : static_cast<int>(configuration.get(options::kCoordinatorPort))};
  coordinator_options.advertised_host =
      configuration.get_optional(options::kCoordinatorAddress).value_or("");
  if (!*ha) {
    coordinator_options.epoch_without_election = epoch_without_election(
        coordinator_options.job, platform.files, workers > 0 ? 1 : platform.clock.wall_ms() / 1000);
  }
  std::atomic<bool> ended{false};
  CoordinatorProcess coordinator(graph, coordinator_options, platform, zookeeper.get(),
                                 *ha ? (*ha)->paths : HaPaths{}, [&] {
                                   ended = true;
                                   process.signals.notify();
                                 });
  if (Status status = coordinator.listen(); !status.ok()) return refuse(status);
  const auto servers = start_rest_servers(
      *rest, rest_control(graph, coordinator_options.job, configuration, platform, coordinator),
      platform);
  if (!servers.ok()) return refuse(servers.status());
  report(cat("listening for workers on ", coordinator.address().to_string()));
  std::unique_ptr<ProcessGroup> group;
  if (workers > 0) {
    auto started =
        start_local_workers(configuration, workers, coordinator.address(), *secrets, report);
    if (!started.ok()) return refuse(started.status());
    group = *std::move(started);
  }
  auto handle = platform.scheduler.start("coordinator", coordinator, {});
  coordinator.mailbox().set_wake([&] { handle->wake(); });
  notify_service_manager("READY=1");

  Watch watch(configuration, platform.clock);
  Departure departure(platform.clock);
  LeaveRequest leave(coordinator_options.job.savepoint_on_leave);
  while (!ended) {
    const auto event = process.signals.wait(std::chrono::seconds(1));
    if (leave.now(event, coordinator, process.signals)) {
      departure.begin(*ha ? "a standby carries on with the job"
                          : how_to_go_on(coordinator_options.job));
      coordinator.leave();
    } else if (event == ProcessSignals::Event::kCancel) {
      report("canceling the job");
      coordinator.cancel();
    }
    departure.check("ZooKeeper does not answer: the leadership ends with its session");
    const CoordinatorProcessView view = coordinator.view();
    if (!ended && view.leads) watch.show(view.job);
  }
  const CoordinatorProcessView view = coordinator.view();
  if (*servers) (*servers)->finish();
  handle->stop();
  coordinator.mailbox().set_wake(nullptr);
  if (group) group->finish(departure.begun() ? 0 : 2000);
  store_if_ended(*archive, graph, coordinator_options.job, configuration, view.job,
                 platform.clock.wall_ms());
  return is_terminal(view.job.state) ? watch.end(view.job, group != nullptr) : kLeft;
}

int run_worker(const JobGraph& graph, const Configuration& configuration,
               const JobOptions& options) {
  if (Status status = check_can_be_distributed(graph); !status.ok()) return refuse(status);
  const auto ha = ha_options(configuration, graph.id);
  if (!ha.ok()) return refuse(ha.status());
  const auto coordinator_host = configuration.get_optional(options::kCoordinatorAddress);
  if (!*ha && !coordinator_host) {
    return refuse(
        failed_precondition("a worker must know its coordinator: give --coordinator HOST:PORT, or "
                            "set high-availability.type: zookeeper on both"));
  }
  if (reached_by_no_name(configuration.get(options::kWorkerBindHost)) &&
      !configuration.is_set(options::kWorkerHost)) {
    return refuse(failed_precondition(
        cat("the worker listens on all addresses (taskmanager.bind-host ",
            configuration.get(options::kWorkerBindHost),
            "), and other workers must know one of them: set taskmanager.host")));
  }
  keep_recent_log(kKeptLogBytes);
  warn_if_open(configuration);
  // Work on the I/O pool may still use it at the end.
  std::unique_ptr<PrivateDirectory> state_directory;
  report_crashes("the worker");
  Process process(configuration, graph);
  Platform& platform = process.platform.get();
  const Address bind{configuration.get(options::kWorkerBindHost),
                     static_cast<int>(configuration.get(options::kDataPort))};
  auto data_server = DataServer::listen(platform, bind);
  if (!data_server.ok())
    return refuse(data_server.status().with_context("the worker cannot listen for other workers"));

  WorkerOptions worker_options = options.worker;
  worker_options.slots = static_cast<int>(configuration.get(options::kTaskSlots));
  worker_options.host = configuration.get_optional(options::kWorkerHost).value_or(bind.host);
  worker_options.restore_from_local = configuration.get(options::kFromLocal);
  if (worker_options.restore_from_local || configuration.get(options::kLocalBackup)) {
    state_directory = own_state_directory(configuration);
    if (state_directory) worker_options.local_directory = state_directory->path();
  }
  worker_options.data_address = Address{worker_options.host, (*data_server)->port()}.to_string();

  // The address that the worker dials: fixed, or that of the leader in ZooKeeper. Set on the
  // finder's thread, read on the worker's.
  std::mutex leader_mutex;
  std::optional<Address> leader;
  if (!*ha)
    leader =
        Address{*coordinator_host, static_cast<int>(configuration.get(options::kCoordinatorPort))};
  std::atomic<bool> ended{false};
  Worker worker(
      graph, worker_options, platform,
      [&](Endpoint endpoint) -> StatusOr<std::unique_ptr<Connection>> {
        std::lock_guard lock(leader_mutex);
        if (!leader) return unavailable("no coordinator leads, as far as ZooKeeper tells");
        return platform.transport.dial(*leader, std::move(endpoint));
      },
      data_server->get(),
      [&] {
        ended = true;
        process.signals.notify();
      });
  std::unique_ptr<CrashMessenger> messenger;
  messenger = CrashMessenger::start([&](std::string report) {
    worker.report_crash(std::move(report), [&] { messenger->delivered(); });
  });
  std::unique_ptr<ZooKeeperFactory> zookeeper;
  std::unique_ptr<LeaderFinder> finder;
  std::unique_ptr<ActorHandle> finder_handle;
  if (*ha) {
    zookeeper = weir_component_zookeeper()(platform.clock, (*ha)->client);
    finder =
        std::make_unique<LeaderFinder>(platform.clock, platform.random, platform.scheduler,
                                       *zookeeper, (*ha)->paths, [&](const LeaderRecord& record) {
                                         const auto address = Address::parse(record.address);
                                         if (!address.ok())
                                           return report(std::string(address.status().message()));
                                         {
                                           std::lock_guard lock(leader_mutex);
                                           leader = *address;
                                         }
                                         worker.leader_changed();
                                       });
    finder_handle = platform.scheduler.start("leader-finder", *finder, {});
    finder->set_wake([&] { finder_handle->wake(); });
  }
  auto handle = platform.scheduler.start("worker", worker, {});
  worker.mailbox().set_wake([&] { handle->wake(); });
  notify_service_manager("READY=1");

  Departure departure(platform.clock);
  while (!ended) {
    const auto event = process.signals.wait(departure.begun() ? std::chrono::seconds(1)
                                                              : std::chrono::seconds(60));
    if (event == ProcessSignals::Event::kLeave) {
      departure.begin("the job goes on without this worker");
      worker.leave();
    } else if (event == ProcessSignals::Event::kCancel) {
      report("a worker cannot cancel the job: send the signal to the coordinator that leads");
    }
    departure.check("a task does not end");
  }
  if (finder) {
    finder->set_wake(nullptr);
    finder_handle->stop();
  }
  handle->stop();
  worker.mailbox().set_wake(nullptr);
  if (departure.begun()) return kLeft;
  const WorkerView view = worker.view();
  if (view.status.ok()) return 0;
  report(cat("error: ", view.status.message()));
  return kFailed;
}

}  // namespace

int run_job(const JobGraph& graph, const Configuration& given) {
  Configuration configuration = given;
  if (Status status = configuration.read_secret_files(); !status.ok()) return refuse(status);
  auto options = job_options(configuration, graph.id);
  if (!options.ok()) return refuse(options.status());
  if (options->worker.execution.overtake_after) {
    if (Status status = check_can_overtake(graph); !status.ok()) return refuse(status);
  }
  options->worker.process_figures = own_process_figures;
  options->worker.process_text = own_process_text;
  switch (configuration.get(options::kRole)) {
    case ProcessRole::kEmbedded:
      if (configuration.get(options::kWorkers) == 0)
        return run_embedded(graph, configuration, *options);
      options->worker.build = own_executable_id();
      return run_coordinator(graph, configuration, *std::move(options));
    case ProcessRole::kCoordinator:
      options->worker.build = own_executable_id();
      return run_coordinator(graph, configuration, *std::move(options));
    case ProcessRole::kChain: break;  // not part of a weir cluster
    case ProcessRole::kWorker:
      options->worker.build = own_executable_id();
      return run_worker(graph, configuration, *options);
  }
  return kRefused;
}

}  // namespace weir
