#include "cluster_start.h"

#include "base/strings.h"
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

}  // namespace weir::sim
