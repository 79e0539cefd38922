#include "cluster_start.h"

#include "base/strings.h"
#include "checkpoint/snapshot_loader.h"
#include "weir/detail/base/check.h"

namespace weir::sim {

Incarnation::Incarnation(SimWorld& world, const WorkloadPlan& workload, SettingsPlan drawn,
                         const std::shared_ptr<Mishaps>& mishaps, int number,
                         const std::string& from)
    : settings(drawn), process(world, cat("process-", number)) {
  auto made = make_job_graph(workload, settings, mishaps);
  WEIR_CHECK(made.ok());
  graph = *std::move(made);
  const auto options = make_job_options(workload, settings, from);
  WEIR_CHECK(options.ok());
  runner =
      std::make_unique<JobRunner>(graph, *options, process.platform(), [this] { ended = true; });
}

bool Incarnation::superseded() const {
  const JobView view = runner->view();
  return view.state == JobState::kFailed &&
         view.failure.message().find("started again by another process") != std::string_view::npos;
}

void Incarnation::leave(SimWorld& world) {
  if (process.alive() && ended) {
    runner.reset();
    world.run_for(std::chrono::milliseconds(1));  // in-flight work continues for a short time
  }
  process.kill();
}

std::vector<std::string> Incarnation::check_restore() {
  if (restore_checked || !process.alive()) return {};
  const JobView view = runner->view();
  if (view.state != JobState::kRunning || view.restarts > 0) return {};
  restore_checked = true;
  std::vector<std::string> complaints;
  if (abandoned)
    complaints.push_back(
        cat("the job continues from checkpoint ", *abandoned, ", which was abandoned"));
  if (expected_restore && view.restored_checkpoint < *expected_restore)
    complaints.push_back(cat("restored checkpoint ", view.restored_checkpoint, ", though ",
                             *expected_restore, " is complete"));
  return complaints;
}

std::vector<std::string> check_load(SimWorld& world, const WorkloadPlan& workload,
                                    const std::string& url) {
  SimDisk& disk = *world.disk(workload.checkpoint_disk);
  const std::shared_ptr<FileSystem> files(std::shared_ptr<void>(), &disk.raw());
  const auto loaded =
      load_checkpoint(FileLocation{files, url.substr(workload.checkpoint_disk.size()), url},
                      {.require_sidecar = true});
  if (loaded.ok()) return {};
  return {cat("a complete checkpoint cannot be loaded: ", loaded.status().message())};
}

}  // namespace weir::sim
