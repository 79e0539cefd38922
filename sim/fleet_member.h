#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "checkpoint/savepoint_request.h"
#include "cluster_job.h"
#include "fleet_plan.h"
#include "ha/zookeeper.h"
#include "sim_process.h"

namespace weir::sim {

/// The driver's view of a process.
struct MemberView {
  bool ended = false;     ///< the program would return from main
  bool finished = false;  ///< and reports that the job has finished, or was canceled
  bool canceled = false;
  bool leads = false;  ///< a coordinator that leads, or believes that it does
  // Only a leader sets these.
  int64_t restarts = 0;
  int64_t completed_checkpoints = 0;
  int64_t failed_checkpoints = 0;
  int64_t restored_checkpoint = -1;
  int64_t records = 0;
  int shards = 0;
  int64_t attempt = 0;
  int64_t epoch = 0;  ///< a worker: the epoch of the leader it last registered with
};

/// One start of a coordinator or a worker in its own process. Destroyed before that process, at any
/// time after it ended or died.
class FleetMember {
 public:
  virtual ~FleetMember() = default;
  /// Does what a program does when it returns from main. In-flight work on the I/O pool continues
  /// for a short time. view() returns the last state.
  virtual void leave() {}
  /// Like SIGTERM: the process leaves in order, and ended() becomes true.
  virtual void sign_off() {}
  /// Like SIGUSR1 to a coordinator: it cancels the job.
  virtual void cancel() {}
  /// Requests of people to a coordinator.
  virtual void take_checkpoint(CheckpointDone) {}
  virtual void take_savepoint(const SavepointRequest&, CheckpointDone) {}
  /// Cheap, because the driver calls it at each event.
  virtual bool ended() const = 0;
  virtual MemberView view() const = 0;
  /// A description for the test's output.
  virtual std::string text() const { return {}; }
};

struct FleetStart {
  const FleetPlan& plan;
  std::shared_ptr<Mishaps> mishaps;
  int index = 0;                ///< index of the worker or coordinator, from 0
  int64_t number = 1;           ///< number of the start on this host, from 1
  ZooKeeperFactory& zookeeper;  ///< outlives the member
};

/// Creates coordinators and workers. Only these functions know the engine's classes; tests of the
/// driver pass others.
struct FleetRoles {
  using Make =
      std::function<std::unique_ptr<FleetMember>(SimWorld&, SimProcess&, const FleetStart&)>;
  Make coordinator;
  Make worker;
};

}  // namespace weir::sim
