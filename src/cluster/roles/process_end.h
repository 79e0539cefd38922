#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/savepoint_request.h"
#include "cluster/job_master/job_status.h"
#include "cluster/job_options.h"
#include "platform/clock.h"
#include "platform/process_signals.h"

namespace weir {

// The end of a process that runs a job or a part of it.

/// docs/deploy.md describes them.
namespace exit_code {
inline constexpr int kFailed = 1;
inline constexpr int kRefused =
    2;  ///< nothing was run: bad input, bad configuration, no permission
/// Nothing was run: a required service does not answer; a retry may succeed.
inline constexpr int kNotNow = 3;
inline constexpr int kCanceled = 130;
/// The reader of standard output has ended: the code of a program that SIGPIPE ends.
inline constexpr int kUnread = 141;
/// This process was asked to leave; the job continues or can continue elsewhere.
inline constexpr int kLeft = 143;
}  // namespace exit_code

/// Prints a line on standard error.
void report(const std::string& line);
int refusal_code(const Status& status);
/// Reports why nothing is run. Returns the exit code.
int refuse(const Status& status);

/// How to continue a job that is left behind, for messages.
std::string how_to_continue(const JobOptions& options);

/// Decides when a process that is asked to leave does so: at once, or when the job has not stopped
/// with a savepoint.
class LeaveRequest {
 public:
  explicit LeaveRequest(bool with_savepoint) : with_savepoint_(with_savepoint) {}

  /// Whether the process must leave now. `job`: stopped with a savepoint if the settings say so.
  template <class Job>
  bool now(ProcessSignals::Event event, Job& job, ProcessSignals& signals) {
    if (failed_->exchange(false)) return true;
    if (event != ProcessSignals::Event::kLeave) return false;
    if (!with_savepoint_) return true;
    report("stopping the job with a savepoint. A second signal ends this process at once");
    job.trigger_savepoint(
        {.stop = StopMode::kSuspend}, [failed = failed_, &signals](const auto& savepoint) {
          if (savepoint.ok()) return;
          report("there is no savepoint: " + std::string(savepoint.status().message()));
          *failed = true;
          signals.notify();
        });
    return false;
  }

 private:
  const bool with_savepoint_;
  const std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
};

/// The deadline of a process that was asked to leave.
class Departure {
 public:
  explicit Departure(const Clock& clock) : clock_(clock) {}

  void begin(const std::string& how_to_continue);
  bool begun() const { return end_.has_value(); }
  /// Exits when the time is over: unfinished work is not needed.
  void check(std::string_view what_does_not_end) const;

 private:
  const Clock& clock_;
  std::optional<MonotonicTime> end_;
};

}  // namespace weir
