#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fleet_member.h"
#include "fleet_plan.h"
#include "oracle_files.h"
#include "sim_world.h"

namespace weir::sim {

/// The requests of the people who operate a running job.
struct RequestsPlan {
  MonotonicTime gap{0};   ///< between requests, a mean; 0: never
  double checkpoint = 0;  ///< chance of a checkpoint instead of a savepoint
  double stop = 0;        ///< chance that a savepoint ends the job
  double drain = 0;       ///< chance that event time ends before that
  double cancel = 0;      ///< chance that the job is canceled instead
};

/// Drawn from a separate generator, and only for some seeds, so that the others run as before.
RequestsPlan draw_requests(const FleetPlan& plan, const FleetFaults& faults, uint64_t seed,
                           bool wide);

/// Makes the requests, and checks the savepoints that the job reports.
class FleetRequests {
 public:
  struct Savepoint {
    int64_t id = 0;
    std::string uri;
    bool stop = false;  ///< the job has reported that it ended with it
  };
  struct Counts {
    int64_t checkpoints = 0;
    int64_t savepoints = 0;
    int64_t stops = 0;  ///< of which drained
    int64_t drains = 0;
    int64_t cancels = 0;
    int64_t refused = 0;  ///< answered with an error
    int64_t taken = 0;    ///< savepoints that were reported as complete
    int64_t restored = 0;
    void add(const Counts& other);
  };

  FleetRequests(const FleetPlan& plan, const FleetFaults& faults, uint64_t seed, SimWorld& world,
                bool wide);

  /// When the next request is due.
  MonotonicTime due() const { return due_; }
  /// Makes a request. `leader`: null if no process leads.
  void ask(FleetMember* leader);

  bool asked_to_stop() const { return answers_->counts.stops > 0; }
  bool asked_to_cancel() const { return answers_->counts.cancels > 0; }
  /// Those that the job has reported as complete, oldest first.
  const std::vector<Savepoint>& taken() const { return answers_->taken; }
  /// Each savepoint is there and whole, however long ago it was taken.
  std::vector<std::string> check(const FileWatch& watch) const;
  Counts& counts() { return answers_->counts; }

 private:
  struct Answers {
    std::vector<Savepoint> taken;
    Counts counts;
  };
  MonotonicTime next() const;

  const RequestsPlan plan_;
  const std::string directory_;
  SimWorld& world_;
  mutable SimRandom random_;
  MonotonicTime due_;
  /// Shared with the calls that wait for an answer in a process.
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

}  // namespace weir::sim
