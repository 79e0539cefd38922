#include "cluster/roles/job_runner.h"

#include "graph/scale.h"

namespace weir {
namespace {

WorkerOptions all_slots(WorkerOptions options, const JobGraph& graph) {
  options.slots = slots_wanted(graph);
  return options;
}

}  // namespace

JobRunner::JobRunner(const JobGraph& graph, JobOptions options, Platform& platform,
                     std::function<void()> on_end)
    : on_end_(std::move(on_end)),
      master_(graph, options, platform, /*epoch=*/0, /*store=*/nullptr,
              [this] {
                master_ended_ = true;
                on_end_();
              }),
      worker_(
          graph, all_slots(options.worker, graph), platform,
          [this](Endpoint endpoint) { return master_.connect_from_here(std::move(endpoint)); },
          /*data_server=*/nullptr,
          [this] {
            worker_ended_ = true;
            if (leaving_ || master_ended_) on_end_();
          }) {
  worker_handle_ = platform.scheduler.start("worker", worker_, {});
  worker_.mailbox().set_wake([this] { worker_handle_->wake(); });
  master_handle_ = platform.scheduler.start("job-master", master_, {});
  master_.mailbox().set_wake([this] { master_handle_->wake(); });
}

void JobRunner::leave() {
  master_handle_->stop();  // otherwise it would restart the job
  leaving_ = true;
  worker_.leave();
  if (worker_ended_) on_end_();  // the worker may have ended earlier
}

JobRunner::~JobRunner() {
  master_handle_->stop();
  worker_handle_->stop();
  master_.mailbox().set_wake(nullptr);
  worker_.mailbox().set_wake(nullptr);
}

}  // namespace weir
