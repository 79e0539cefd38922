#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "platform/clock.h"

namespace weir {

/// The keys of the same names below `execution.checkpointing.`.
struct TriggerPolicyOptions {
  std::optional<MonotonicTime> interval{};  ///< none: not by time
  int64_t event_threshold =
      0;  ///< after that many source events since the last trigger; 0: not by events
  MonotonicTime min_pause{0};  ///< from the end of one to the start of the next
  int max_concurrent = 1;
  MonotonicTime pause_after_failure =
      std::chrono::milliseconds(100);  ///< before a forced one that follows a failed one
  int max_deletions = 8;  ///< no new one while more old ones than this are still being deleted
};

struct TriggerInputs {
  MonotonicTime now{0};
  MonotonicTime last_trigger{0};            ///< the job's start if there was none
  std::optional<MonotonicTime> last_end{};  ///< when the last one completed or was aborted
  int64_t events_since_trigger = 0;
  int pending = 0;  ///< neither completed nor aborted
  bool preparing =
      false;  ///< one was started and its tasks are not told yet: ids must reach them in order
  int deletions = 0;         ///< under way
  bool last_failed = false;  ///< the last one neither completed nor was stopped with its attempt
  bool forced =
      false;  ///< the final checkpoint, or one that was asked for: interval and pause do not matter
};

struct TriggerDecision {
  enum class Kind {
    kStart,
    kNotBefore,  ///< ask again at `not_before`
    kWait,       ///< ask again when something has happened (an end, an event, a request)
  } kind = Kind::kWait;
  MonotonicTime not_before{0};

  bool operator==(const TriggerDecision&) const = default;
};

/// May a checkpoint start now? Pure.
TriggerDecision decide_trigger(const TriggerPolicyOptions& options, const TriggerInputs& in);

}  // namespace weir
