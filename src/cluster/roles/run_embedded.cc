#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/strings.h"
#include "cluster/roles/job_archive.h"
#include "cluster/roles/job_runner.h"
#include "cluster/roles/process.h"
#include "cluster/roles/process_end.h"
#include "cluster/roles/progress_watch.h"
#include "cluster/roles/rest_setup.h"
#include "cluster/roles/role.h"
#include "platform/crash_report.h"
#include "platform/service_manager.h"

namespace weir {
namespace {

/// Passes signals to the job until it has ended.
void watch_over(JobRunner& runner, const std::atomic<bool>& ended, const JobOptions& options,
                ProcessSignals& signals, ProgressWatch& progress, Departure& departure) {
  LeaveRequest leave(options.savepoint_on_leave);
  while (!ended) {
    const auto event = signals.wait(std::chrono::seconds(1));
    if (leave.now(event, runner, signals)) {
      departure.begin(how_to_continue(options));
      runner.leave();
    } else if (event == ProcessSignals::Event::kCancel) {
      report("canceling the job");
      runner.cancel();
    }
    if (ended) break;
    departure.check("a task does not end");
    if (!departure.begun()) progress.show(runner.view());
  }
}

/// The job has ended, so its unfinished work is not needed: a signal ends the process.
void wait_until_idle(const JobRunner& runner, ProcessSignals& signals, const Departure& departure,
                     int code) {
  while (!runner.idle()) {
    departure.check("a task does not end");
    const auto event = signals.wait(std::chrono::seconds(1));
    if (event == ProcessSignals::Event::kLeave || event == ProcessSignals::Event::kCancel) {
      std::fflush(nullptr);
      std::_Exit(code);
    }
  }
}

}  // namespace

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
  ProgressWatch progress(configuration, platform.clock);
  Departure departure(platform.clock);
  watch_over(*runner, ended, options, process.signals, progress, departure);
  const int code = departure.begun() && !is_terminal(runner->view().state)
                       ? exit_code::kLeft
                       : progress.end(runner->view(), true);
  store_if_ended(*archive, graph, options, configuration, runner->view(), platform.clock.wall_ms());
  wait_until_idle(*runner, process.signals, departure, code);
  if (*servers) (*servers)->finish();
  return code;
}

}  // namespace weir
