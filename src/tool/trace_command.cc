#include <charconv>
#include <fstream>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/real_clock.h"
#include "platform/wakeup.h"
#include "tool/commands.h"
#include "tool/job_client.h"
#include "tool/trace_file.h"

namespace weir::tool {
namespace {

constexpr int kSecondsMax = 3600;
constexpr const char* kLoad =
    "busyTimeMsPerSecond,backPressuredTimeMsPerSecond,idleTimeMsPerSecond,numRecordsInPerSecond,"
    "numRecordsOutPerSecond";

/// Asks once for everything that may be new.
Status look(JobClient& client, const std::string& job, TraceFile* trace) {
  const auto taken = client.get(job + "/checkpoints");
  // Otherwise checkpoints are switched off.
  if (taken.status().code() == StatusCode::kUnavailable) return taken.status();
  const auto ended =
      taken.ok() ? trace->add_checkpoints(*taken) : std::vector<TraceFile::Checkpoint>();
  for (const TraceFile::Checkpoint& checkpoint : ended) {
    for (size_t i = 0; i < trace->vertices().size(); ++i) {
      const auto tasks = client.get(
          cat(job, "/checkpoints/details/", checkpoint.id, "/subtasks/", trace->vertices()[i]));
      if (tasks.status().code() == StatusCode::kUnavailable) return tasks.status();
      if (tasks.ok()) trace->add_tasks(i, checkpoint, *tasks);
    }
  }
  for (size_t i = 0; i < trace->vertices().size(); ++i) {
    WEIR_ASSIGN_OR_RETURN(
        const std::string load,
        client.get(cat(job, "/vertices/", trace->vertices()[i], "/subtasks/metrics?get=", kLoad)));
    trace->add_load(i, RealClock().wall_ms(), load);
  }
  WEIR_ASSIGN_OR_RETURN(const std::string failures, client.get(job + "/exceptions"));
  trace->add_failures(failures);
  return {};
}

StatusOr<int> seconds_of(const Arguments& arguments) {
  const std::string text = arguments.option("seconds", "10");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 ||
      seconds > kSecondsMax) {
    return invalid_argument(
        cat("--seconds ", text, ": it must be a whole number from 1 to ", kSecondsMax));
  }
  return seconds;
}

StatusOr<std::string> traced(const Arguments& arguments, int seconds) {
  WEIR_ASSIGN_OR_RETURN(JobClient client, JobClient::from(arguments));
  WEIR_ASSIGN_OR_RETURN(const std::string id, client.job_of(arguments));
  const std::string job = cat("/jobs/", id);
  WEIR_ASSIGN_OR_RETURN(const std::string described, client.get(job));
  TraceFile trace(described);
  Wakeup nobody;
  for (int second = 0; second <= seconds; ++second) {
    if (second > 0) nobody.wait(std::chrono::seconds(1));
    const Status status = look(client, job, &trace);
    // The job may end meanwhile: what was seen of it stays.
    if (!status.ok() && second == 0) return status;
    if (!status.ok()) break;
  }
  return trace.text();
}

}  // namespace

int trace_job(const Arguments& arguments) {
  const auto seconds = seconds_of(arguments);
  if (!seconds.ok()) return report(seconds.status());
  const auto text = traced(arguments, *seconds);
  if (!text.ok()) return report(text.status());
  const std::string path = arguments.option("out");
  if (path.empty()) return print(*text), kDone;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << *text;
  file.close();
  if (!file.good())
    return report(failed_precondition(
        cat("cannot write the trace to ", path, ": does its directory exist, and is there room?")));
  return kDone;
}

}  // namespace weir::tool
