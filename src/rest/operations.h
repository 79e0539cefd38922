#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "platform/clock.h"
#include "platform/random.h"
#include "weir/status.h"

namespace weir::rest {

enum class Operation { kCheckpoint, kSavepoint, kDisposal };

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
  StatusOr<Begun> begin(Operation operation, const std::string& chosen);
  /// `outcome`: a JSON object, in Flink's words.
  void end(const std::string& id, StatusOr<std::string> outcome);

  struct State {
    bool ended = false;
    StatusOr<std::string> outcome{std::string()};
  };
  /// None: there is no such operation, or not any more. An outcome counts as read then.
  std::optional<State> find(Operation operation, const std::string& id);
  bool has_unread_outcome();

 private:
  struct Entry {
    Operation operation = Operation::kCheckpoint;
    State state;
    MonotonicTime changed{0};
    bool read = false;
  };
  void forget_old();

  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // guarded by mutex_
};

}  // namespace weir::rest
