#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "platform/clock.h"
#include "weir/status.h"

namespace weir {

/// The texts that somebody wants to see of workers, such as their logs. A request ends with its
/// answer, with the loss of its worker, or after kPatience. Pure. Thread: the job master's.
class TextRequests {
 public:
  using Done = std::function<void(const StatusOr<std::string>&)>;

  /// The number of a new request to the worker of this session. RESOURCE_EXHAUSTED: too many are
  /// open, and `done` is not called.
  StatusOr<int64_t> begin(int64_t session, MonotonicTime now, Done done);
  /// Has no effect if the request has ended, or was not sent to this session.
  void answer(int64_t session, int64_t request, std::string text);
  /// The session has ended.
  void lose(int64_t session);
  /// Ends the overdue ones. Returns when to call it again.
  MonotonicTime poll(MonotonicTime now);

  static constexpr size_t kMaxOpen = 64;
  static constexpr MonotonicTime kPatience = std::chrono::seconds(5);

 private:
  struct Request {
    int64_t session = 0;
    MonotonicTime deadline{0};
    Done done;
  };
  std::map<int64_t, Request> open_;  ///< by number, and so by deadline
  int64_t last_ = 0;
};

}  // namespace weir
