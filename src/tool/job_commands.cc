// Commands for running jobs.

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/wakeup.h"
#include "tool/commands.h"
#include "tool/job_client.h"
#include "tool/value_text.h"

namespace weir::tool {
namespace {

using Json = nlohmann::json;

Json parsed(const std::string& body) { return Json::parse(body, nullptr, false); }

std::string duration_text(int64_t ms) {
  if (ms < 0) return "-";
  const int64_t seconds = ms / 1000;
  if (seconds < 60) return cat(seconds, " s");
  if (seconds < 3600) return cat(seconds / 60, " min ", seconds % 60, " s");
  return cat(seconds / 3600, " h ", seconds / 60 % 60, " min");
}

/// One line per job: id, state, name, how long.
std::string job_lines(const Json& overview) {
  std::string text;
  for (const Json& job : overview.value("jobs", Json::array())) {
    text +=
        cat(job.value("jid", ""), "  ", job.value("state", ""), "  ",
            duration_text(job.value("duration", int64_t{-1})), "  ", job.value("name", ""), "\n");
  }
  return text;
}

std::string checkpoint_line(const Json& checkpoint) {
  if (!checkpoint.is_object()) return "none";
  std::string text = cat(checkpoint.value("id", int64_t{0}), ", ",
                         size_text(checkpoint.value("state_size", int64_t{0})), " in ",
                         checkpoint.value("end_to_end_duration", int64_t{0}), " ms");
  if (checkpoint.contains("external_path"))
    text += cat(", ", checkpoint.value("external_path", ""));
  if (checkpoint.contains("failure_message"))
    text += cat(": ", checkpoint.value("failure_message", ""));
  return text;
}

std::string job_text(const Json& job, const Json& checkpoints, const Json& exceptions) {
  std::string text =
      cat("job          ", job.value("jid", ""), "  ", job.value("name", ""), "\n", "state        ",
          job.value("state", ""), " for ", duration_text(job.value("duration", int64_t{-1})), "\n");
  for (const Json& vertex : job.value("vertices", Json::array())) {
    const Json metrics = vertex.value("metrics", Json::object());
    text += cat("vertex       ", vertex.value("name", ""), " (", vertex.value("parallelism", 0),
                "): ", metrics.value("read-records", int64_t{0}), " records in, ",
                metrics.value("write-records", int64_t{0}), " out\n");
  }
  if (checkpoints.is_object()) {
    const Json counts = checkpoints.value("counts", Json::object());
    const Json latest = checkpoints.value("latest", Json::object());
    text += cat("checkpoints  ", counts.value("completed", int64_t{0}), " completed, ",
                counts.value("failed", int64_t{0}), " failed, ",
                counts.value("in_progress", int64_t{0}), " in progress\n");
    for (const char* kind : {"completed", "savepoint", "failed"})
      text += cat("  last ", kind, ": ", checkpoint_line(latest.value(kind, Json())), "\n");
  }
  const Json history = exceptions.value("exceptionHistory", Json::object());
  for (const Json& failure : history.value("entries", Json::array()))
    text +=
        cat("failure      ", failure.value("stacktrace", failure.value("exceptionName", "")), "\n");
  return text;
}

/// Everything that `info` and `watch` show.
StatusOr<std::string> describe(JobClient& client, const std::string& id, bool json) {
  WEIR_ASSIGN_OR_RETURN(const std::string job, client.get(cat("/jobs/", id)));
  WEIR_ASSIGN_OR_RETURN(const std::string exceptions, client.get(cat("/jobs/", id, "/exceptions")));
  const auto checkpoints = client.get(cat("/jobs/", id, "/checkpoints"));  // 404 if switched off
  const Json taken = checkpoints.ok() ? parsed(*checkpoints) : Json();
  if (!json) return job_text(parsed(job), taken, parsed(exceptions));
  const Json all = {
      {"job", parsed(job)}, {"checkpoints", taken}, {"exceptions", parsed(exceptions)}};
  return all.dump(2) + "\n";
}

/// Runs an operation on a job and prints one field of its outcome.
StatusOr<std::string> operate(const Arguments& arguments, std::string_view what,
                              std::string_view poll, const Json& body) {
  WEIR_ASSIGN_OR_RETURN(JobClient client, JobClient::from(arguments));
  WEIR_ASSIGN_OR_RETURN(const std::string id, client.job_of(arguments));
  return client.operate(cat("/jobs/", id, "/", what), body.dump(), cat("/jobs/", id, "/", poll));
}

int print_outcome(const Arguments& arguments, const StatusOr<std::string>& outcome,
                  const char* field) {
  if (!outcome.ok()) return report(outcome.status());
  const Json operation = parsed(*outcome);
  const Json value = operation.value(field, Json());
  print(arguments.has("json") ? operation.dump(2)
        : value.is_string()   ? value.get<std::string>()
                              : value.dump());
  print("\n");
  return kDone;
}

Json directory_in(const Arguments& arguments) {
  return arguments.has("directory") ? Json(arguments.option("directory")) : Json();
}

int print_or_report(const StatusOr<std::string>& text) {
  if (!text.ok()) return report(text.status());
  print(*text);
  return kDone;
}

}  // namespace

int list_jobs(const Arguments& arguments) {
  auto client = JobClient::from(arguments);
  if (!client.ok()) return report(client.status());
  const auto body = client->get("/jobs/overview");
  if (!body.ok()) return report(body.status());
  const Json overview = parsed(*body);
  print(arguments.has("json") ? overview.dump(2) + "\n" : job_lines(overview));
  return kDone;
}

int show_job(const Arguments& arguments) {
  const auto text = [&]() -> StatusOr<std::string> {
    WEIR_ASSIGN_OR_RETURN(JobClient client, JobClient::from(arguments));
    WEIR_ASSIGN_OR_RETURN(const std::string id, client.job_of(arguments));
    return describe(client, id, arguments.has("json"));
  };
  return print_or_report(text());
}

int take_savepoint(const Arguments& arguments) {
  if (arguments.has("dispose")) {
    const auto outcome = [&]() -> StatusOr<std::string> {
      WEIR_ASSIGN_OR_RETURN(JobClient client, JobClient::from(arguments));
      return client.operate("/savepoint-disposal",
                            Json({{"savepoint-path", arguments.option("dispose")}}).dump(),
                            "/savepoint-disposal");
    };
    const auto done = outcome();
    if (!done.ok()) return report(done.status());
    print(cat(arguments.option("dispose"), " is removed\n"));
    return kDone;
  }
  return print_outcome(
      arguments,
      operate(arguments, "savepoints", "savepoints",
              {{"target-directory", directory_in(arguments)}, {"cancel-job", false}}),
      "location");
}

int take_checkpoint(const Arguments& arguments) {
  const char* type = arguments.has("full") ? "FULL" : "CONFIGURED";
  return print_outcome(arguments,
                       operate(arguments, "checkpoints", "checkpoints", {{"checkpointType", type}}),
                       "checkpointId");
}

int stop_job(const Arguments& arguments) {
  return print_outcome(
      arguments,
      operate(arguments, "stop", "savepoints",
              {{"targetDirectory", directory_in(arguments)}, {"drain", arguments.has("drain")}}),
      "location");
}

int cancel_job(const Arguments& arguments) {
  const auto canceled = [&]() -> StatusOr<std::string> {
    WEIR_ASSIGN_OR_RETURN(JobClient client, JobClient::from(arguments));
    WEIR_ASSIGN_OR_RETURN(const std::string id, client.job_of(arguments));
    WEIR_RETURN_IF_ERROR(client.patch(cat("/jobs/", id, "?mode=cancel")).status());
    return cat("job ", id, " is being canceled\n");
  };
  return print_or_report(canceled());
}

int rescale_job(const Arguments& arguments) {
  const auto rescaled = [&]() -> StatusOr<std::string> {
    WEIR_ASSIGN_OR_RETURN(JobClient client, JobClient::from(arguments));
    WEIR_ASSIGN_OR_RETURN(const std::string id, client.job_of(arguments));
    const std::string path = cat("/jobs/", id, "/resource-requirements");
    WEIR_ASSIGN_OR_RETURN(const std::string body, client.get(path));
    const Json now = parsed(body);
    if (!arguments.has("parallelism")) return now.dump(2) + "\n";
    const std::string text = arguments.option("parallelism");
    int parallelism = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parallelism);
    if (error != std::errc() || end != text.data() + text.size())
      return invalid_argument(cat("--parallelism ", text, " is not a number"));
    Json wanted = Json::object();
    for (const auto& [vertex, requirement] : now.items())
      wanted[vertex] = {{"parallelism", {{"lowerBound", 1}, {"upperBound", parallelism}}}};
    WEIR_RETURN_IF_ERROR(client.put(path, wanted.dump()).status());
    return cat("job ", id, " runs on at most ", parallelism, " slots\n");
  };
  return print_or_report(rescaled());
}

int show_metrics(const Arguments& arguments) {
  const auto text = [&]() -> StatusOr<std::string> {
    WEIR_ASSIGN_OR_RETURN(JobClient client, JobClient::from(arguments));
    WEIR_ASSIGN_OR_RETURN(const std::string id, client.job_of(arguments));
    std::string path = cat("/jobs/", id);
    if (arguments.has("vertex")) path += cat("/vertices/", arguments.option("vertex"));
    WEIR_ASSIGN_OR_RETURN(const std::string names, client.get(path + "/metrics"));
    std::string wanted = arguments.option("get");
    if (wanted.empty()) {
      for (const Json& metric : parsed(names))
        wanted += cat(wanted.empty() ? "" : ",", metric.value("id", ""));
    }
    WEIR_ASSIGN_OR_RETURN(const std::string values, client.get(cat(path, "/metrics?get=", wanted)));
    if (arguments.has("json")) return parsed(values).dump(2) + "\n";
    std::string lines;
    for (const Json& metric : parsed(values))
      lines += cat(metric.value("id", ""), " ", metric.value("value", ""), "\n");
    return lines;
  };
  return print_or_report(text());
}

int watch_job(const Arguments& arguments) {
  auto client = JobClient::from(arguments);
  if (!client.ok()) return report(client.status());
  const auto id = client->job_of(arguments);
  if (!id.ok()) return report(id.status());
  Wakeup nobody;
  for (;;) {
    const auto text = describe(*client, *id, /*json=*/false);
    // The job ends with its interface.
    if (!text.ok()) return report(text.status());
    print(cat("\033[H\033[J", *text));
    std::fflush(stdout);
    nobody.wait(std::chrono::seconds(1));
  }
}

}  // namespace weir::tool
