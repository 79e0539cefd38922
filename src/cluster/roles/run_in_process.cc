#include "cluster/roles/run_in_process.h"

#include <atomic>
#include <optional>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/storage.h"
#include "cluster/roles/job_archive.h"
#include "cluster/roles/job_runner.h"
#include "cluster/roles/process.h"
#include "cluster/roles/rest_setup.h"
#include "platform/process_figures.h"
#include "platform/process_text.h"
#include "platform/wakeup.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kLook{1};

/// FAILED_PRECONDITION if the settings require more than this process.
Status check_is_for_one_process(const Configuration& configuration) {
  if (configuration.get(options::kRole) == ProcessRole::kEmbedded &&
      configuration.get(options::kWorkers) == 0 &&
      configuration.get(options::kTarget) == ExecutionTarget::kWeir)
    return {};
  return failed_precondition(
      "run() runs a job in the process that calls it; --role, --workers and --target are for "
      "programs that call execute()");
}

/// The newest completed checkpoint in storage; empty if there is none.
std::string last_checkpoint(const JobOptions& options, FileSystemRegistry& files) {
  if (options.job_directory.empty()) return "";
  const auto job = files.resolve(options.job_directory);
  if (!job.ok()) return "";
  const auto found = list_checkpoints(*job);
  if (!found.ok() || found->completed.empty()) return "";
  return job->child(checkpoint_directory_name(found->completed.front())).uri;
}

/// Blocks until the job has ended, or until its tasks have ended after a request to suspend it.
StatusOr<JobView> run_to_end(const JobGraph& graph, const JobOptions& options,
                             const Configuration& configuration, Platform& platform,
                             const RunOptions& requests) {
  WEIR_ASSIGN_OR_RETURN(const RestOptions rest, rest_options(configuration));
  WEIR_ASSIGN_OR_RETURN(const auto archive, JobArchive::of(configuration, platform.files));
  Wakeup wakeup;
  std::atomic<bool> ended{false};
  std::optional<JobRunner> in_place;  // outlives the servers, which reach it
  std::atomic<JobRunner*> running{nullptr};
  WEIR_ASSIGN_OR_RETURN(
      const auto servers,
      start_rest_servers(rest, rest_control(graph, options, configuration, platform, running),
                         platform));
  JobRunner& runner = in_place.emplace(graph, options, platform, [&] {
    ended = true;
    wakeup.wake();
  });
  running = &runner;
  const std::stop_callback on_cancel(requests.cancel, [&] { runner.cancel(); });
  const std::stop_callback on_suspend(requests.suspend, [&] { wakeup.wake(); });
  bool leaving = false;
  while (!ended || !runner.idle()) {
    if (requests.suspend.stop_requested() && !leaving) {
      leaving = true;
      runner.leave();
    } else {
      wakeup.wait(kLook);
    }
  }
  store_if_ended(archive, graph, options, configuration, runner.view(), platform.clock.wall_ms());
  if (servers) servers->finish();
  return runner.view();
}

}  // namespace

StatusOr<JobResult> run_in_process(const JobGraph& graph, const Configuration& given,
                                   const RunOptions& requests) {
  WEIR_RETURN_IF_ERROR(check_is_for_one_process(given));
  Configuration configuration = given;
  WEIR_RETURN_IF_ERROR(configuration.read_secret_files());
  WEIR_ASSIGN_OR_RETURN(JobOptions options, job_options(configuration, graph.id));
  if (options.worker.execution.overtake_after) WEIR_RETURN_IF_ERROR(check_can_overtake(graph));
  options.worker.process_figures = own_process_figures;
  options.worker.process_text = own_process_text;
  ProcessPlatform world(configuration, graph);
  WEIR_ASSIGN_OR_RETURN(const JobView view,
                        run_to_end(graph, options, configuration, world.platform.get(), requests));
  if (view.state == JobState::kFailed) return view.failure;

  JobResult result;
  result.state = view.state == JobState::kFinished   ? JobResult::State::kFinished
                 : view.state == JobState::kCanceled ? JobResult::State::kCanceled
                                                     : JobResult::State::kSuspended;
  result.job_id = graph.id.to_hex();
  result.source_records = view.source_records;
  result.late_records = view.late_records;
  result.restarts = view.restarts;
  result.completed_checkpoints = view.checkpoints->completed;
  result.savepoint = view.stopped_with;
  result.last_checkpoint = last_checkpoint(options, world.files);
  return result;
}

}  // namespace weir
