#include "cluster/roles/process_end.h"

#include <cstdio>
#include <cstdlib>

#include "base/strings.h"
#include "platform/service_manager.h"

namespace weir {
namespace {

constexpr auto kLeaveTime = std::chrono::seconds(10);  ///< time for a process to leave in order

}  // namespace

void report(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

int refusal_code(const Status& status) {
  return status.code() == StatusCode::kUnavailable ? exit_code::kNotNow : exit_code::kRefused;
}

int refuse(const Status& status) {
  report(cat("error: ", status.message()));
  return refusal_code(status);
}

std::string how_to_continue(const JobOptions& options) {
  return options.checkpoints_enabled ? "--from latest goes on from the last completed checkpoint"
                                     : "the job has no checkpoints to go on from";
}

void Departure::begin(const std::string& how_to_continue) {
  report(cat("leaving: ", how_to_continue, ". A second signal ends this process at once"));
  notify_service_manager("STOPPING=1");
  end_ = clock_.now() + kLeaveTime;
}

void Departure::check(std::string_view what_does_not_end) const {
  if (!end_ || clock_.now() < *end_) return;
  report(cat("leaving although ", what_does_not_end));
  std::fflush(nullptr);
  std::_Exit(exit_code::kLeft);
}

}  // namespace weir
