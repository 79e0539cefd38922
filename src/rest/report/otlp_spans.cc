#include <algorithm>
#include <array>
#include <cstdio>

#include "base/strings.h"
#include "platform/splitmix.h"
#include "rest/json.h"
#include "rest/report/otlp.h"
#include "rest/report/otlp_parts.h"

namespace weir::rest {
namespace {

/// In a checkpoint with more tasks, only the slowest of each vertex get spans.
constexpr size_t kMaxTasks = 256;
constexpr size_t kSlowestOfVertex = 8;

constexpr int kInternal = 1;  // SPAN_KIND_INTERNAL
constexpr int kError = 2;     // STATUS_CODE_ERROR

std::string hex_of(uint64_t number) {
  std::array<char, 17> text;
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

int64_t total_us(const TaskCheckpointFigures& task) {
  return task.start_delay_us + task.alignment_us + task.sync_us + task.async_us;
}

std::vector<TaskCheckpointFigures> shown_tasks(const CheckpointRecord& record) {
  if (!record.tasks) return {};
  if (record.tasks->size() <= kMaxTasks) return *record.tasks;
  std::vector<TaskCheckpointFigures> shown;
  for (auto begin = record.tasks->begin(); begin != record.tasks->end();) {
    const auto end = std::find_if(begin, record.tasks->end(),
                                  [&](const auto& task) { return task.vertex != begin->vertex; });
    std::vector<TaskCheckpointFigures> of_vertex(begin, end);
    const auto most = std::min(of_vertex.size(), kSlowestOfVertex);
    std::partial_sort(of_vertex.begin(), of_vertex.begin() + static_cast<ptrdiff_t>(most),
                      of_vertex.end(),
                      [](const auto& a, const auto& b) { return total_us(a) > total_us(b); });
    shown.insert(shown.end(), of_vertex.begin(), of_vertex.begin() + static_cast<ptrdiff_t>(most));
    begin = end;
  }
  return shown;
}

/// The spans of one checkpoint.
class Trace {
 public:
  Trace(const JobSnapshot& job, const CheckpointRecord& record, Json& spans)
      : job_(job), record_(record), spans_(spans) {
    // The same for the same checkpoint, whoever reports it: a repeated report changes nothing.
    state_ = static_cast<uint64_t>(record.id) * kSplitmixGamma ^
             static_cast<uint64_t>(record.triggered_ms);
    trace_ = job.job_id.substr(0, 16) + hex_of(next());
  }

  void add_all() {
    const int64_t begin_us = record_.triggered_ms * 1000;
    const int64_t whole_us =
        std::chrono::duration_cast<std::chrono::microseconds>(record_.duration()).count();
    const bool failed = record_.state == CheckpointRecord::State::kFailed;
    Json& root = add("Checkpoint", "", begin_us, whole_us,
                     {{"jobId", job_.job_id},
                      {"jobName", job_.name},
                      {"checkpointId", std::to_string(record_.id)},
                      {"checkpointedSize", std::to_string(record_.bytes)},
                      {"fullSize", std::to_string(record_.bytes)},
                      {"checkpointStatus", failed ? "FAILED" : "COMPLETED"},
                      {"checkpointType", is_savepoint(record_.kind) ? "Savepoint" : "Checkpoint"}});
    if (failed) root["status"] = {{"code", kError}, {"message", record_.failure}};
    const std::string root_id = last_;
    for (const TaskCheckpointFigures& task : shown_tasks(record_)) add_task(task, root_id);
    if (record_.publish) {
      const int64_t publish_us =
          std::chrono::duration_cast<std::chrono::microseconds>(*record_.publish).count();
      add("publish", root_id, begin_us + whole_us - publish_us, publish_us, {});
    }
  }

 private:
  uint64_t next() { return splitmix_output(state_ += kSplitmixGamma); }

  void add_task(const TaskCheckpointFigures& task, const std::string& root) {
    if (task.vertex < 0 || static_cast<size_t>(task.vertex) >= job_.vertices.size()) return;
    const JobSnapshot::Vertex& vertex = job_.vertices[static_cast<size_t>(task.vertex)];
    int64_t at_us = task.acknowledged_ms * 1000 - total_us(task);
    add(cat(vertex.name, " (", task.subtask + 1, "/", vertex.parallelism, ")"), root, at_us,
        total_us(task), {{"stateSize", std::to_string(task.bytes())}, {"taskId", vertex.id}});
    const std::string own = last_;
    for (const auto& [name, us] : {std::pair{"until first barrier", task.start_delay_us},
                                   {"alignment", task.alignment_us},
                                   {"sync", task.sync_us},
                                   {"write", task.async_us}}) {
      if (us > 0) add(name, own, at_us, us, {});
      at_us += us;
    }
  }

  Json& add(const std::string& name, const std::string& parent, int64_t begin_us,
            int64_t duration_us, const std::vector<std::pair<std::string, std::string>>& facts) {
    last_ = hex_of(next());
    Json span = Json::object();
    span["traceId"] = trace_;
    span["spanId"] = last_;
    if (!parent.empty()) span["parentSpanId"] = parent;
    span["name"] = name;
    span["kind"] = kInternal;
    span["startTimeUnixNano"] = std::to_string(std::max<int64_t>(begin_us, 0) * 1000);
    span["endTimeUnixNano"] = std::to_string(std::max<int64_t>(begin_us + duration_us, 0) * 1000);
    span["attributes"] = attributes_of(facts);
    spans_.push_back(std::move(span));
    return spans_.last();
  }

  const JobSnapshot& job_;
  const CheckpointRecord& record_;
  Json& spans_;
  uint64_t state_ = 0;
  std::string trace_;
  std::string last_;  ///< the id of the span that was added last
};

}  // namespace

std::string otlp_spans(const JobSnapshot& job, const std::vector<CheckpointRecord>& checkpoints,
                       const OtlpService& service) {
  if (checkpoints.empty()) return "";
  Json spans = Json::array();
  for (const CheckpointRecord& record : checkpoints) Trace(job, record, spans).add_all();
  Json scope = Json::object();
  scope["scope"] = scope_json();
  scope["spans"] = std::move(spans);
  Json resource = Json::object();
  resource["resource"] = resource_json(service);
  resource["scopeSpans"] = Json::array({scope});
  Json body = Json::object();
  body["resourceSpans"] = Json::array({resource});
  return body.text();
}

}  // namespace weir::rest
