#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "weir/status.h"

namespace weir {

/// How a job of StreamExecutionEnvironment::run() ended. A failed job has none.
struct JobResult {
  enum class State {
    kFinished,   ///< all sources have ended, or the job was stopped with a savepoint
    kCanceled,   ///< by RunOptions::cancel
    kSuspended,  ///< by RunOptions::suspend; the job can continue from its last checkpoint
  };
  State state = State::kFinished;
  std::string job_id;  ///< 32 hexadecimal digits: the job's folder in the checkpoint directory
  int64_t source_records = 0;  ///< over all attempts; records read again count again
  int64_t late_records = 0;    ///< dropped; counted like source_records
  int64_t restarts = 0;
  int64_t completed_checkpoints = 0;
  /// URI of the newest completed checkpoint, for execution.state-recovery.path. Empty if there is
  /// none or it was deleted with the job.
  std::string last_checkpoint;
  std::string savepoint;  ///< URI of the savepoint that the job was stopped with; or empty
};

/// Requests from another thread to a running job, each made through its std::stop_source.
struct RunOptions {
  std::stop_token cancel{};   ///< ends the job for good
  std::stop_token suspend{};  ///< ends its tasks; the job can continue later
};

}  // namespace weir
