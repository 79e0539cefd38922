#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "weir/time/timestamp.h"

namespace weir::detail {

/// The requests of an asynchronous operator, without their records and results: which run, which
/// may be emitted, and when to act on one. Keeps watermarks at their places among the records.
/// Times are those of the wall clock. Thread: the operator's.
class AsyncRequests {
 public:
  enum class State : uint8_t {
    kRunning,
    kDelayed,  ///< until its retry
    kDone,     ///< its result is there
  };
  struct Request {
    State state = State::kRunning;
    uint32_t attempt = 0;    ///< the number of retries so far
    bool timed_out = false;  ///< then it is not retried
    int64_t deadline = INT64_MAX;
    int64_t retry_at = INT64_MAX;
  };
  enum class Due : uint8_t { kTimeout, kRetry };

  AsyncRequests(bool ordered, size_t capacity) : ordered_(ordered), capacity_(capacity) {}

  bool empty() const { return requests_.empty(); }
  size_t size() const { return requests_.size(); }
  /// Whether another request may be started. Requests whose results can be emitted do not count.
  bool has_room() const { return requests_.size() - ready() < capacity_; }
  /// Number of requests without a result.
  size_t unfinished() const { return requests_.size() - done_; }
  /// Null if there is no such request.
  const Request* find(uint64_t id) const;
  /// Calls f(id) for all requests, in the order in which they were started.
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [id, request] : requests_) f(id);
  }
  /// The requests that belong into a checkpoint: all of them.
  std::vector<uint64_t> to_save() const;

  /// Returns the new request's number.
  uint64_t start(int64_t deadline);
  void complete(uint64_t id);
  /// Waits for the time of the next attempt.
  void delay(uint64_t id, int64_t until);
  /// Takes the next event that is due; false: there is none. A due retry is running then, and so is
  /// a request that has timed out.
  bool take_due(int64_t now, uint64_t* id, Due* what);
  /// Makes all retries due at once.
  void hurry();
  int64_t next_due() const { return timers_.empty() ? INT64_MAX : timers_.begin()->first; }

  /// Keeps a watermark that has come after all records so far; `waiting` of them have no request
  /// yet. The results of later records do not overtake it.
  void hold(Timestamp watermark, size_t waiting);
  bool holds_watermark() const { return !held_.empty(); }
  /// True if all results before the next watermark were taken.
  bool watermark_is_free() const { return !held_.empty() && first_id() >= held_.front().before; }
  /// Forgets that watermark, so that the results behind it may be emitted.
  Timestamp take_watermark();
  /// Forgets all watermarks.
  void forget_watermarks();

  /// Number of requests whose results can be emitted: of those before the next watermark.
  /// `ordered`: and before the first one without a result.
  size_t ready() const { return ready_.size(); }
  /// Forgets the next of them.
  uint64_t take_ready();

 private:
  struct Held {
    uint64_t before;  ///< the first request behind the watermark
    Timestamp watermark;
  };
  uint64_t first_id() const { return requests_.empty() ? next_id_ : requests_.begin()->first; }
  /// The first request whose results have to wait for a watermark.
  uint64_t limit() const { return held_.empty() ? UINT64_MAX : held_.front().before; }
  void find_ready();

  const bool ordered_;
  const size_t capacity_;
  uint64_t next_id_ = 0;
  size_t done_ = 0;
  std::map<uint64_t, Request> requests_;
  std::deque<uint64_t> ready_;
  std::vector<uint64_t> behind_;  ///< not ordered: done, and behind the next watermark
  std::deque<Held> held_;
  uint64_t first_not_ready_ = 0;  ///< ordered: all requests before it are ready
  std::set<std::pair<int64_t, uint64_t>> timers_;
};

}  // namespace weir::detail
