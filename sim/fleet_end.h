#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster_job.h"
#include "fleet_plan.h"
#include "oracle.h"
#include "oracle_files.h"
#include "sim_world.h"

namespace weir::sim {

/// After a job on several processes has ended, lets it go on in one process. Each function returns
/// what is wrong.
class FleetEnd {
 public:
  /// `bound`: the job must finish within this time.
  FleetEnd(SimWorld& world, const FleetPlan& plan, std::shared_ptr<Mishaps> mishaps,
           const Oracle& oracle, const FileWatch& watch, MonotonicTime bound)
      : world_(world),
        plan_(plan.workload),
        settings_(plan.settings),
        mishaps_(std::move(mishaps)),
        oracle_(oracle),
        watch_(watch),
        bound_(bound) {}

  /// The job ended before its input did, and goes on from a snapshot. No result may vanish.
  /// `stopped_at`: it ended with this checkpoint, so all results before it are committed; 0: it was
  /// canceled.
  std::vector<std::string> go_on(const std::string& from, int64_t stopped_at);
  /// The snapshot must lead to the same output, as each snapshot of the job. Leaves the files as
  /// they are.
  std::vector<std::string> restore(const std::string& from);

 private:
  std::vector<std::string> finish(const std::string& from);

  SimWorld& world_;
  const WorkloadPlan& plan_;
  const SettingsPlan& settings_;
  const std::shared_ptr<Mishaps> mishaps_;
  const Oracle& oracle_;
  const FileWatch& watch_;
  const MonotonicTime bound_;
  int starts_ = 0;
};

}  // namespace weir::sim
