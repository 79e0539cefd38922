#include "rest/figures_of.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace weir::rest {

const TaskStatus* task_of(const JobSnapshot& job, size_t vertex, int subtask) {
  const auto& tasks = job.figures->tasks;
  const auto key = std::pair(static_cast<int32_t>(vertex), static_cast<int32_t>(subtask));
  const auto found =
      std::lower_bound(tasks.begin(), tasks.end(), key, [](const TaskStatus& task, const auto& k) {
        return std::pair(task.figures.vertex, task.figures.subtask) < k;
      });
  const bool is_it = found != tasks.end() && found->figures.vertex == key.first &&
                     found->figures.subtask == key.second;
  return is_it ? &*found : nullptr;
}

TaskFigures sum_of_vertex(const JobSnapshot& job, size_t vertex) {
  TaskFigures sum;
  sum.vertex = static_cast<int32_t>(vertex);
  sum.input_watermark = sum.output_watermark = INT64_MAX;
  for (const TaskStatus& task : job.figures->tasks) {
    const TaskFigures& figures = task.figures;
    if (figures.vertex != sum.vertex) continue;
    for (const auto figure :
         {&TaskFigures::records_in, &TaskFigures::records_out, &TaskFigures::bytes_in,
          &TaskFigures::bytes_out, &TaskFigures::batches_out, &TaskFigures::idle_ms,
          &TaskFigures::busy_ms, &TaskFigures::back_pressured_ms})
      sum.*figure += figures.*figure;
    sum.input_watermark = std::min(sum.input_watermark, figures.input_watermark);
    sum.output_watermark = std::min(sum.output_watermark, figures.output_watermark);
  }
  return sum;
}

Json io_json(const TaskFigures& figures) {
  return {{"read-bytes", figures.bytes_in},
          {"read-bytes-complete", true},
          {"write-bytes", figures.bytes_out},
          {"write-bytes-complete", true},
          {"read-records", figures.records_in},
          {"read-records-complete", true},
          {"write-records", figures.records_out},
          {"write-records-complete", true},
          {"accumulated-backpressured-time", figures.back_pressured_ms},
          {"accumulated-idle-time", figures.idle_ms},
          {"accumulated-busy-time", static_cast<double>(figures.busy_ms)}};
}

WorkerOfSubtask::WorkerOfSubtask(const JobSnapshot& job) : job_(job) {
  for (const JobSnapshot::Worker& worker : job.workers) {
    if (worker.index < 0) continue;
    const auto index = static_cast<size_t>(worker.index);
    if (index >= by_index_.size()) by_index_.resize(index + 1);
    by_index_[index] = &worker;
  }
}

const JobSnapshot::Worker* WorkerOfSubtask::operator()(int subtask) const {
  if (subtask < 0 || static_cast<size_t>(subtask) >= job_.worker_of_shard.size()) return nullptr;
  const auto index = static_cast<size_t>(job_.worker_of_shard[static_cast<size_t>(subtask)]);
  return index < by_index_.size() ? by_index_[index] : nullptr;
}

std::string endpoint_of(const JobSnapshot::Worker* worker) {
  if (worker == nullptr) return "(unassigned)";
  return worker->data_address.empty() ? worker->host + ":0" : worker->data_address;
}

std::vector<NamedFigure> figures_of_task(const TaskStatus& task) {
  const TaskFigures& figures = task.figures;
  const TaskRates& rates = task.rates;
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  std::vector<NamedFigure> all = {
      {"numRecordsIn", number(figures.records_in)},
      {"numRecordsInPerSecond", rates.records_in},
      {"numRecordsOut", number(figures.records_out)},
      {"numRecordsOutPerSecond", rates.records_out},
      {"numBytesIn", number(figures.bytes_in)},
      {"numBytesInPerSecond", rates.bytes_in},
      {"numBytesOut", number(figures.bytes_out)},
      {"numBytesOutPerSecond", rates.bytes_out},
      {"numBuffersOut", number(figures.batches_out)},
      {"currentInputWatermark", number(figures.input_watermark)},
      {"currentOutputWatermark", number(figures.output_watermark)},
      {"busyTimeMsPerSecond", rates.busy_ms},
      {"idleTimeMsPerSecond", rates.idle_ms},
      {"backPressuredTimeMsPerSecond", rates.back_pressured_ms},
      {"accumulateBusyTimeMs", number(figures.busy_ms)},
      {"accumulateIdleTimeMs", number(figures.idle_ms)},
      {"accumulateBackPressuredTimeMs", number(figures.back_pressured_ms)},
      {"isBackPressured", rates.back_pressured_ms > 100 ? 1.0 : 0.0}};
  if (figures.queue_capacity > 0) {
    all.emplace_back("inputQueueLength", number(figures.queued));
    all.emplace_back("inPoolUsage", number(figures.queued) / number(figures.queue_capacity));
  }
  return all;
}

std::vector<NamedFigure> figures_of_job(const JobSnapshot& job) {
  std::vector<NamedFigure> figures = {
      {"numRestarts", static_cast<double>(job.restarts)},
      {"uptime", job.state == "RUNNING" && job.entered_ms.contains("RUNNING")
                     ? static_cast<double>(job.now_ms - job.entered_ms.at("RUNNING"))
                     : 0}};
  if (!job.checkpoints) return figures;
  const CheckpointReport& report = *job.checkpoints;
  const auto add = [&](const char* name, int64_t value) {
    figures.emplace_back(name, static_cast<double>(value));
  };
  add("totalNumberOfCheckpoints", report.triggered);
  add("numberOfCompletedCheckpoints", report.completed);
  add("numberOfFailedCheckpoints", report.failed);
  add("numberOfInProgressCheckpoints", report.in_progress);
  const auto& latest = report.latest_completed;
  add("lastCompletedCheckpointId", latest ? latest->id : -1);
  add("lastCheckpointDuration", latest ? whole_ms(latest->duration()) : -1);
  add("lastCheckpointSize", latest ? latest->bytes : -1);
  add("lastCheckpointFullSize", latest ? latest->bytes : -1);
  add("lastCheckpointCompletedTimestamp", latest ? latest->ended_ms : -1);
  add("lastCheckpointRestoreTimestamp",
      report.latest_restored ? report.latest_restored->restored_ms : -1);
  return figures;
}

std::vector<NamedFigure> figures_of_process(const ProcessFigures& process) {
  // Of the names with JVM, those that mean something for a native process too: what scrapes a Flink
  // finds them.
  return {{"Status.JVM.CPU.Time", static_cast<double>(process.cpu_ms) * 1e6},
          {"Status.JVM.Threads.Count", static_cast<double>(process.threads)},
          {"Status.JVM.Memory.Heap.Used", static_cast<double>(process.resident_bytes)},
          {"Status.JVM.Memory.Heap.Committed", static_cast<double>(process.resident_bytes)},
          {"Status.Process.Memory.Resident", static_cast<double>(process.resident_bytes)},
          {"Status.Process.OpenFiles", static_cast<double>(process.open_files)}};
}

std::vector<NamedFigure> figures_of_worker(const JobSnapshot::Worker& worker) {
  std::vector<NamedFigure> figures = figures_of_process(worker.figures.process);
  figures.emplace_back("Status.JVM.CPU.Load", worker.figures.cpu_load);
  return figures;
}

std::string text_of(double number) {
  std::array<char, 64> text;
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, 17);
  if (std::nearbyint(number) == number && std::fabs(number) < 9.3e18) {
    if (number == static_cast<double>(INT64_MIN)) return "-9223372036854775808";
    return std::to_string(number >= 9.2233720368547758e18 ? INT64_MAX
                                                          : static_cast<int64_t>(number));
  }
  return {text.data(), end};
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      default: result += c;
    }
  }
  return result;
}

}  // namespace weir::rest
