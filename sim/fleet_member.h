#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster_job.h"
#include "fleet_plan.h"
#include "ha/zookeeper.h"
#include "sim_process.h"

namespace weir::sim {

/// What the driver sees of a process.
struct MemberView {
  bool ended = false;     ///< the program would return from main
  bool finished = false;  ///< and says that the job has finished
  bool leads = false;     ///< a coordinator that leads, or believes to
  // Of a leader.
  int64_t restarts = 0;
  int64_t completed_checkpoints = 0;
  int64_t failed_checkpoints = 0;
  int64_t restored_checkpoint = -1;
  int64_t records = 0;
  int shards = 0;
  int64_t attempt = 0;
  int64_t epoch = 0;  ///< of the leader that a worker has registered with last
};

/// One start of a coordinator or a worker in a process of its own. Destroyed before that process,
/// at any time after it ended or died.
class FleetMember {
 public:
  virtual ~FleetMember() = default;
  /// As a program does when it returns from main: what is under way on the I/O pool goes on for a
  /// while. view() shows the last.
  virtual void leave() {}
  /// SIGTERM: the process leaves in order, and ended() turns true.
  virtual void sign_off() {}
  /// SIGUSR1 to a coordinator: it cancels the job.
  virtual void cancel() {}
  /// Cheap: asked at each event.
  virtual bool ended() const = 0;
  virtual MemberView view() const = 0;
  /// For people.
  virtual std::string text() const { return {}; }
};

struct FleetStart {
  const FleetPlan& plan;
  std::shared_ptr<Mishaps> mishaps;
  int index = 0;                ///< of the worker or coordinator, from 0
  int64_t number = 1;           ///< of the start, among those of its kind
  ZooKeeperFactory& zookeeper;  ///< outlives the member
};

/// How coordinators and workers are made: the one place that knows the engine's classes. Tests of
/// the driver have others.
struct FleetRoles {
  using Make =
      std::function<std::unique_ptr<FleetMember>(SimWorld&, SimProcess&, const FleetStart&)>;
  Make coordinator;
  Make worker;
};

}  // namespace weir::sim
