#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster_run.h"
#include "cluster_start.h"

namespace weir::sim {

/// Starts of the program that go on although a later one has begun. Each of them must end by
/// itself, unless it is the one that was recorded last.
class EarlierStarts {
 public:
  EarlierStarts(SimWorld& world, const StartsPlan& plan, SimRandom& random,
                RunStatistics& statistics)
      : world_(world), plan_(plan), random_(random), statistics_(statistics) {}

  /// `start` goes on, perhaps after a pause.
  void add(std::unique_ptr<Incarnation> start);
  /// Removes those that have ended or died. `faults`: kills and cancels some. `later_runs`: a later
  /// start has been seen running.
  void tend(bool faults, bool later_runs);
  /// One that has not ended; null: there is none.
  std::unique_ptr<Incarnation> take();
  bool any() const { return !starts_.empty(); }
  void kill_all();
  /// For the test's output.
  std::string text() const;

 private:
  struct Earlier {
    std::unique_ptr<Incarnation> start;
    bool prepared = false;  ///< when a later start began: it is recorded, and will not be again
  };
  void remove(Earlier& earlier);

  SimWorld& world_;
  const StartsPlan& plan_;
  SimRandom& random_;
  RunStatistics& statistics_;
  std::vector<Earlier> starts_;  ///< oldest first
};

}  // namespace weir::sim
