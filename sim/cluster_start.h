#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/roles/job_runner.h"
#include "cluster_job.h"
#include "sim_process.h"

namespace weir::sim {

/// One start of the program, in a process of its own.
struct Incarnation {
  Incarnation(SimWorld& world, const WorkloadPlan& workload, SettingsPlan drawn,
              const std::shared_ptr<Mishaps>& mishaps, int number, const std::string& from);

  bool alive() const { return process.alive(); }
  bool runs() const { return !ended && process.alive(); }
  bool finished() const {
    return ended && process.alive() && runner->view().state == JobState::kFinished;
  }
  /// It has given way to a later start, as it says.
  bool superseded() const;
  /// "latest" must restore the newest complete checkpoint that is not damaged. Checked once, when
  /// the job runs; returns what is wrong.
  std::vector<std::string> check_restore();
  /// Ends the program, if its process is alive: as a program does when it returns from main. Kills
  /// the process. Only the destructor may be called afterwards.
  void leave(SimWorld& world);

  const SettingsPlan settings;
  bool ended = false;
  std::optional<CheckpointId> expected_restore;  ///< what it must restore, if that is certain
  std::optional<CheckpointId> abandoned;  ///< it is to continue from this one, and must refuse
  bool restore_checked = false;
  bool calm_start = false;
  bool alone = true;  ///< no earlier start went on when it began
  SimProcess process;
  JobGraph graph;
  std::unique_ptr<JobRunner> runner;
};

/// The engine must be able to load a checkpoint that is complete; returns what is wrong.
std::vector<std::string> check_load(SimWorld& world, const WorkloadPlan& workload,
                                    const std::string& url);

}  // namespace weir::sim
