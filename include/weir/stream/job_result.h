#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "weir/status.h"

namespace weir {

/// How a job that StreamExecutionEnvironment::run() ran came to its end. A job that failed has
/// none.
struct JobResult {
  enum class State {
    kFinished,   ///< all sources have ended
    kCanceled,   ///< RunOptions::cancel
    kSuspended,  ///< RunOptions::suspend: the job can go on from its last checkpoint
  };
  State state = State::kFinished;
  std::string job_id;  ///< 32 hexadecimal digits: the job's folder in the checkpoint directory
  int64_t source_records = 0;  ///< over all attempts: records that were read again count again
  int64_t late_records = 0;    ///< dropped; counted like source_records
  int64_t restarts = 0;
  int64_t completed_checkpoints = 0;
  /// URI of the newest completed checkpoint, for execution.state-recovery.path; empty if there is
  /// none, or if it was deleted with the job.
  std::string last_checkpoint;
};

/// What another thread may ask of a job that runs; each is asked for by the std::stop_source.
struct RunOptions {
  std::stop_token cancel{};   ///< ends the job for good
  std::stop_token suspend{};  ///< ends its tasks and leaves the job as it is
};

}  // namespace weir
