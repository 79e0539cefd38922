#include "cluster/job_runner.h"

namespace weir {

JobRunner::JobRunner(const JobGraph& graph, const JobOptions& options, Platform& platform, std::function<void()> on_end)
    : master_(graph, options, platform, std::move(on_end)), worker_(graph, options.worker, platform) {
  auto [to_worker, to_master] = platform.transport.connect(master_.endpoint(), worker_.endpoint());
  master_.connect(std::move(to_worker));
  worker_.connect(std::move(to_master));
  worker_handle_ = platform.scheduler.start("worker", worker_, {});
  worker_.mailbox().set_wake([this] { worker_handle_->wake(); });
  master_handle_ = platform.scheduler.start("job-master", master_, {});
  master_.mailbox().set_wake([this] { master_handle_->wake(); });
}

JobRunner::~JobRunner() {
  master_handle_->stop();
  worker_handle_->stop();
  master_.mailbox().set_wake(nullptr);
  worker_.mailbox().set_wake(nullptr);
}

}  // namespace weir
