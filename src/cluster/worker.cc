#include "cluster/worker.h"

#include <algorithm>
#include <cstdio>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/deployment.h"
#include "cluster/job_preparation.h"
#include "fs/file_system_registry.h"
#include "graph/scale.h"
#include "runtime/in_flight_time.h"
#include "runtime/metric_collector.h"
#include "runtime/task_restore.h"
#include "runtime/user_code.h"
#include "weir/detail/base/check.h"

namespace weir {

namespace {

/// A random id, different from those of all other processes.
std::string drawn_id(Random& random) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random.next()));
  return text;
}

}  // namespace

Worker::Worker(const JobGraph& graph, WorkerOptions options, Platform& platform, Dialer dial,
               DataServer* data_server, std::function<void()> on_end)
    : graph_(graph),
      options_(std::move(options)),
      platform_(platform),
      dial_(std::move(dial)),
      data_server_(data_server),
      on_end_(std::move(on_end)),
      id_(drawn_id(platform.random)),
      last_step_(platform.clock.now()),
      large_values_(static_cast<size_t>(options_.large_value)),
      gate_([this] { mailbox_.post([this] { end_attempt_if_idle(); }); }) {
  if (options_.local_directory.empty()) return;
  auto directory = platform_.files.resolve(options_.local_directory);
  if (directory.ok()) {
    local_ = std::make_shared<LocalCopies>(*std::move(directory));
  } else {
    WEIR_LOG(kWarning) << "no local copies of state are kept: " << directory.status().message();
  }
}

Worker::~Worker() = default;

WorkerView Worker::view() const {
  std::lock_guard lock(view_mutex_);
  return view_;
}

MonotonicTime Worker::step() {
  if (mailbox_.take(actions_)) {
    for (const auto& action : actions_) action();
    actions_.clear();
  }
  const MonotonicTime next = tend_link(platform_.clock.now());
  {
    std::lock_guard lock(view_mutex_);
    view_ = current_;
  }
  if (current_.ended && !attempt_ && on_end_) std::exchange(on_end_, nullptr)();
  return next;
}

void Worker::post_for_attempt(std::function<void()> action) {
  mailbox_.post([this, number = running_attempt_.load(), action = std::move(action)] {
    if (attempt_ && attempt_->number == number && !attempt_->cancelling) action();
  });
}

void Worker::deploy(std::shared_ptr<const Deploy> message) {
  const AttemptId number = message->attempt;
  if (attempt_ || message->common->shards < 1) {
    // A job master deploys only once nothing of an earlier attempt is left.
    task_failed(number, "deployment",
                internal_error(cat("worker ", id_, " cannot take attempt ", attempt_text(number))));
    return;
  }
  auto fitting = with_max_parallelisms(limit_parallelism(graph_, message->common->shards),
                                       message->common->max_parallelisms);
  if (!fitting.ok()) return task_failed(number, "deployment", fitting.status());
  JobGraph graph = *std::move(fitting);
  auto placement = placement_of(*message, graph);
  if (!placement.ok()) return task_failed(number, "deployment", placement.status());
  if (Status status = check_placement(graph, *placement, data_server_ != nullptr); !status.ok()) {
    return task_failed(number, "deployment", status);
  }
  auto plan = restore_plan_of(*message);
  if (!plan.ok()) return task_failed(number, "deployment", plan.status());
  attempt_ = std::make_unique<Attempt>();
  if (options_.incremental) attempt_->incremental = std::make_shared<IncrementalBase>();
  attempt_->number = number;
  attempt_->deploy = message;
  attempt_->plan = *std::move(plan);
  attempt_->sidecar = sidecar_of(*message);
  attempt_->graph = std::move(graph);
  running_attempt_ = number;
  attempt_->execution = std::make_unique<JobExecution>(
      attempt_->graph, options_.execution, platform_, gate_, static_cast<ShardListener&>(*this),
      message->common->restored_checkpoint, number, *std::move(placement), data_server_,
      RunIdentity{message->common->run, message->common->continues_run});
  attempt_->restoring = attempt_->execution->task_count();
  for (const auto& shard : attempt_->execution->shards()) {
    attempt_->progress[shard->index()] = {};
    for (const auto& task : shard->tasks()) open_task(*task);
  }
  attempt_->execution->connect(
      [this, number](Status status) {
        mailbox_.post([this, number, status = std::move(status)] {
          if (!attempt_ || attempt_->number != number || attempt_->cancelling) return;
          if (!status.ok()) return exchange_failed(status);
          attempt_->connected = true;
          deployed_if_ready();
        });
      },
      [this](Status reason) {
        post_for_attempt([this, reason = std::move(reason)] { exchange_failed(reason); });
      });
}

/// Always retryable, whatever the error: the next attempt has new connections.
void Worker::exchange_failed(const Status& reason) {
  task_failed(attempt_->number, "data exchange", unavailable(std::string(reason.message())));
}

void Worker::open_task(Task& task) {
  gate_.enter();
  if (splits_of(*attempt_->deploy, task.vertex_index(), task.subtask()).more_follow)
    task.expect_splits();
  platform_.scheduler.run_blocking(
      executors::kRestore,
      [this, &task, number = attempt_->number, deploy = attempt_->deploy, plan = attempt_->plan,
       sidecar = attempt_->sidecar, local = local_, graph = &attempt_->graph] {
        InFlightRestore in_flight(*graph, task.vertex_index(), task.subtask());
        TaskStart from{plan.get(),
                       sidecar.get(),
                       deploy->common->restored_directory,
                       splits_of(*deploy, task.vertex_index(), task.subtask()).splits,
                       options_.ignore_unclaimed_state,
                       options_.restore_from_local ? local.get() : nullptr,
                       &in_flight,
                       &platform_.scheduler};
        Status status;
        try {
          status = open_and_restore(task.chain(), from, platform_.files);
          if (status.ok()) {
            RestoredInFlight restored = in_flight.take();
            if (plan == nullptr || !keeps_event_time(*plan, *graph)) forget_event_time(&restored);
            task.replay(std::move(restored));
          }
        } catch (...) { status = status_of_current_exception("the restore"); }
        mailbox_.post([this, number, name = task.name(), status = std::move(status)] {
          on_task_open(number, name, status);
        });
        gate_.leave();
      });
}

void Worker::on_task_open(AttemptId attempt, const std::string& task, const Status& status) {
  if (!attempt_ || attempt_->number != attempt || attempt_->cancelling) return;
  if (!status.ok()) {
    task_failed(attempt, task, status);
    return;
  }
  --attempt_->restoring;
  deployed_if_ready();
}

void Worker::deployed_if_ready() {
  if (attempt_->restoring == 0 && attempt_->connected) send(Deployed{attempt_->number});
}

void Worker::cancel() {
  if (!attempt_ || attempt_->cancelling) return;
  attempt_->cancelling = true;
  attempt_->execution->stop();
  attempt_->snapshots.clear();
  attempt_->writes.cancel_all();
  end_attempt_if_idle();
}

void Worker::end_attempt_if_idle() {
  if (!attempt_ || !attempt_->cancelling || !gate_.empty()) return;
  const AttemptId number = attempt_->number;
  report_metrics();  // the last figures of a job that has finished
  attempt_.reset();
  send(Canceled{number});
}

void Worker::report_metrics() {
  if (!attempt_ || !link_) return;
  MetricsOfWorker message{attempt_->number,
                          collect_metrics(*attempt_->execution, platform_.clock.now())};
  if (options_.process_figures) message.report.process = options_.process_figures();
  send(message);
}

void Worker::task_failed(AttemptId attempt, std::string task, Status status) {
  send(TaskFailed{attempt, std::move(task), std::move(status)});
}

void Worker::task_reached_end(AttemptId attempt, bool finished) {
  size_t& count = finished ? attempt_->finished : attempt_->ended;
  if (++count < attempt_->execution->task_count() &&
      !(bug_enabled(Bug::kEndedWithFirstTask) && count == 1))
    return;
  send(TasksEnded{attempt, finished});
}

void Worker::on_snapshot(TaskSnapshot snapshot) {
  post_for_attempt([this, shared = std::make_shared<TaskSnapshot>(std::move(snapshot))] {
    take_snapshot_part(std::move(*shared));
  });
}

void Worker::on_task_failure(std::string task, Status status) {
  post_for_attempt([this, task = std::move(task), status = std::move(status)] {
    task_failed(attempt_->number, task, status);
  });
}

void Worker::on_task_ended() {
  post_for_attempt([this] { task_reached_end(attempt_->number, false); });
}

void Worker::on_task_finished() {
  post_for_attempt([this] { task_reached_end(attempt_->number, true); });
}

void Worker::on_split_wanted(int vertex, int subtask) {
  post_for_attempt(
      [this, vertex, subtask] { send(RequestSplit{attempt_->number, vertex, subtask}); });
}

void Worker::on_watermark_to_align(int vertex, int subtask, Timestamp watermark) {
  post_for_attempt([this, vertex, subtask, watermark] {
    send(ReportWatermark{attempt_->number, vertex, subtask, watermark});
  });
}

void Worker::on_progress(int shard, const ShardProgress& progress) {
  post_for_attempt([this, shard, progress] {
    attempt_->progress[shard] = progress;
    ProgressReport report{attempt_->number, 0, kMaxWatermark, 0};
    for (const auto& [index, part] : attempt_->progress) {
      report.source_records += part.source_records;
      report.watermark = std::min(report.watermark, part.watermark);
      report.late_records += part.late_records;
    }
    send(report);
  });
}

}  // namespace weir
