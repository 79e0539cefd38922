#include "cluster/job_master/job_status.h"

namespace weir {

const char* to_string(JobState state) {
  switch (state) {
    case JobState::kPreparing: return "PREPARING";
    case JobState::kWaitingForSlots: return "WAITING_FOR_SLOTS";
    case JobState::kRunning: return "RUNNING";
    case JobState::kRestarting: return "RESTARTING";
    case JobState::kCancelling: return "CANCELLING";
    case JobState::kFinished: return "FINISHED";
    case JobState::kFailed: return "FAILED";
    case JobState::kCanceled: return "CANCELED";
  }
  return "";
}

}  // namespace weir
