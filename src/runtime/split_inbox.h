#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "runtime/barrier_tracker.h"

namespace weir {

/// Splits that were assigned to a source while it runs, until its reader gets them. They must not
/// overtake a barrier that was triggered before: in that checkpoint they belong to the enumerator.
/// Thread: the shard's.
class SplitInbox {
 public:
  struct Assigned {
    CheckpointId after = 0;  ///< the newest checkpoint that was triggered before; 0: none waits
    std::vector<std::string> splits;
    bool more_follow = false;
  };

  /// More splits will follow those that the source starts with.
  void expect() { more_follow_ = true; }
  bool more_follow() const { return more_follow_; }
  /// The reader has none left. True: ask for more now, which happens once for each answer.
  bool want_more() { return more_follow_ && !std::exchange(asked_, true); }

  void put(Assigned assigned) { waiting_.push_back(std::move(assigned)); }
  /// The next splits that the reader may get. Call it when no barrier is on its way through the
  /// chain.
  std::optional<Assigned> take(const BarrierTracker& barriers) {
    if (waiting_.empty() || barriers.triggered_up_to(waiting_.front().after)) return std::nullopt;
    Assigned assigned = std::move(waiting_.front());
    waiting_.pop_front();
    asked_ = false;
    more_follow_ = assigned.more_follow;
    return assigned;
  }

 private:
  bool more_follow_ = false;
  bool asked_ = false;
  std::deque<Assigned> waiting_;
};

}  // namespace weir
