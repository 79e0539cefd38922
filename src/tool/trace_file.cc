#include "tool/trace_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"

namespace weir::tool {
namespace {

using Json = nlohmann::json;

constexpr size_t kJobProcess = 1;

size_t process_of(size_t vertex) { return vertex + kJobProcess + 1; }

int64_t whole(const Json& object, const char* name, int64_t otherwise = 0) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<int64_t>() : otherwise;
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The member, if it is an object or an array; otherwise an empty object.
Json part(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_structured() ? *found : Json::object();
}

bool is_true(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

Json parsed(const std::string& body) {
  Json json = Json::parse(body, nullptr, false);
  return json.is_discarded() ? Json::object() : json;
}

std::string line(const Json& event) {
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string span(const std::string& name, size_t process, int64_t thread, int64_t begin_ms,
                 int64_t duration_ms, Json details) {
  return line({{"name", name},
               {"cat", "checkpoint"},
               {"ph", "X"},
               {"pid", process},
               {"tid", thread},
               {"ts", begin_ms * 1000},
               {"dur", duration_ms * 1000},
               {"args", std::move(details)}});
}

int64_t duration_ms(const Json& checkpoint, int64_t begin_ms) {
  return std::max({whole(checkpoint, "end_to_end_duration"),
                   whole(checkpoint, "failure_timestamp", begin_ms) - begin_ms, int64_t{0}});
}

}  // namespace

TraceFile::TraceFile(const std::string& job) {
  const Json described = parsed(job);
  add_name("process_name", kJobProcess, 0, cat("job ", text_of(described, "name")));
  for (const Json& vertex : part(described, "vertices")) {
    const size_t process = process_of(vertices_.size());
    add_name("process_name", process, 0, text_of(vertex, "name"));
    for (int64_t subtask = 0; subtask < whole(vertex, "parallelism"); ++subtask)
      add_name("thread_name", process, subtask, cat("subtask ", subtask));
    vertices_.push_back(text_of(vertex, "id"));
  }
}

void TraceFile::add_name(const char* what, size_t process, int64_t thread,
                         const std::string& name) {
  events_.push_back(line({{"name", what},
                          {"ph", "M"},
                          {"pid", process},
                          {"tid", thread},
                          {"args", {{"name", name}}}}));
}

std::vector<TraceFile::Checkpoint> TraceFile::add_checkpoints(const std::string& answer) {
  std::vector<Checkpoint> added;
  const Json newest_first = part(parsed(answer), "history");
  for (auto at = newest_first.rbegin(); at != newest_first.rend(); ++at) {
    const Json& checkpoint = *at;
    const std::string status = text_of(checkpoint, "status");
    const int64_t id = whole(checkpoint, "id", -1);
    if (id < 0 || status == "IN_PROGRESS" || !ended_.insert(id).second) continue;
    const int64_t begin_ms = whole(checkpoint, "trigger_timestamp");
    const int64_t lasted_ms = duration_ms(checkpoint, begin_ms);
    // Spans of one thread must not overlap.
    int thread = 0;
    while (busy_until_ms_.contains(thread) && busy_until_ms_[thread] > begin_ms) ++thread;
    busy_until_ms_[thread] = begin_ms + lasted_ms;
    Json details = {{"status", status}, {"bytes", whole(checkpoint, "state_size")}};
    if (const std::string failure = text_of(checkpoint, "failure_message"); !failure.empty())
      details["failure"] = failure;
    events_.push_back(
        span(cat(is_true(checkpoint, "is_savepoint") ? "savepoint " : "checkpoint ", id),
             kJobProcess, thread, begin_ms, lasted_ms, std::move(details)));
    added.push_back({id, begin_ms});
  }
  return added;
}

void TraceFile::add_tasks(size_t vertex, const Checkpoint& checkpoint, const std::string& answer) {
  const std::string suffix = cat(" (checkpoint ", checkpoint.id, ")");
  for (const Json& task : part(parsed(answer), "subtasks")) {
    if (text_of(task, "status") != "completed") continue;
    const Json alignment = part(task, "alignment");
    const Json written = part(task, "checkpoint");
    const std::pair<const char*, int64_t> phases[] = {
        {"wait for the barrier", whole(task, "start_delay")},
        {"align", whole(alignment, "duration")},
        {"pause", whole(written, "sync")},
        {"write", whole(written, "async")}};
    int64_t at_ms = checkpoint.triggered_ms;
    for (const auto& [name, ms] : phases) {
      if (ms <= 0) continue;
      events_.push_back(span(name + suffix, process_of(vertex), whole(task, "index"), at_ms, ms,
                             {{"bytes", whole(task, "state_size")},
                              {"overtaken bytes", whole(alignment, "persisted")}}));
      at_ms += ms;
    }
  }
}

void TraceFile::add_load(size_t vertex, int64_t now_ms, const std::string& answer) {
  for (const Json& metric : parsed(answer)) {
    if (!metric.is_object()) continue;
    Json values = Json::object();
    for (const char* which : {"avg", "max"}) {
      if (metric.contains(which) && metric[which].is_number()) values[which] = metric[which];
    }
    if (values.empty()) continue;
    events_.push_back(line({{"name", text_of(metric, "id")},
                            {"ph", "C"},
                            {"pid", process_of(vertex)},
                            {"ts", now_ms * 1000},
                            {"args", std::move(values)}}));
  }
}

void TraceFile::add_failures(const std::string& answer) {
  for (const Json& failure : part(part(parsed(answer), "exceptionHistory"), "entries")) {
    const int64_t at_ms = whole(failure, "timestamp", -1);
    if (at_ms < 0 || !failures_.insert(at_ms).second) continue;
    events_.push_back(line({{"name", "failure"},
                            {"ph", "i"},
                            {"s", "g"},
                            {"pid", kJobProcess},
                            {"tid", 0},
                            {"ts", at_ms * 1000},
                            {"args", {{"message", text_of(failure, "stacktrace")}}}}));
  }
}

std::string TraceFile::text() const {
  std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  for (const std::string& event : events_)
    text += cat(event, &event == &events_.back() ? "\n" : ",\n");
  return text + "]}\n";
}

}  // namespace weir::tool
