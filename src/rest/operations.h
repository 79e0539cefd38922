#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "checkpoint/completed_checkpoint.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "weir/status.h"

namespace weir::rest {

/// Operations that take time: a client starts one, gets an id, and asks for the outcome under this
/// id. Outcomes are kept for five minutes, as in Flink. Thread: any.
class Operations {
 public:
  Operations(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  struct Begun {
    std::string id;
    bool is_new = true;  ///< false: there is one with the id that the client chose
  };
  /// `chosen`: the id by the client; empty: a random one. RESOURCE_EXHAUSTED: too many.
  StatusOr<Begun> begin(const std::string& chosen);
  void end(const std::string& id, const StatusOr<CompletedCheckpoint>& outcome);

  struct State {
    bool ended = false;
    Status status;
    CheckpointId checkpoint = -1;
  };
  /// None: there is no such operation, or not any more.
  std::optional<State> find(const std::string& id);

 private:
  struct Entry {
    State state;
    MonotonicTime changed{0};
  };
  void forget_old();

  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // guarded by mutex_
};

}  // namespace weir::rest
