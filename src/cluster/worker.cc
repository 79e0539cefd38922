#include "cluster/worker.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "fs/file_system_registry.h"
#include "runtime/task_restore.h"
#include "weir/detail/check.h"

namespace weir {

namespace {

/// Dealt out in turn, so that every subtask reads them in order.
std::vector<std::string> splits_of(const std::vector<std::string>& splits, int subtask, int parallelism) {
  std::vector<std::string> dealt;
  for (size_t i = subtask; i < splits.size(); i += parallelism) dealt.push_back(splits[i]);
  return dealt;
}

}  // namespace

Worker::Worker(const JobGraph& graph, WorkerOptions options, Platform& platform)
    : graph_(graph), options_(std::move(options)), platform_(platform), gate_([this] {
        mailbox_.post([this] { end_attempt_if_idle(); });
      }) {}

Worker::~Worker() = default;

Endpoint Worker::endpoint() {
  Endpoint endpoint;
  endpoint.on_message = [this](std::unique_ptr<Message> message) {
    mailbox_.post([this, message = std::shared_ptr<Message>(std::move(message))] { on_message(*message); });
  };
  endpoint.on_break = [this](Status) {
    mailbox_.post([this] { cancel(); });
  };
  return endpoint;
}

MonotonicTime Worker::step() {
  if (mailbox_.take(actions_)) {
    for (const auto& action : actions_) action();
    actions_.clear();
  }
  return kIdle;
}

void Worker::post_for_attempt(std::function<void()> action) {
  mailbox_.post([this, number = running_attempt_.load(), action = std::move(action)] {
    if (attempt_ && attempt_->number == number && !attempt_->cancelling) action();
  });
}

void Worker::on_message(const Message& message) {
  if (const auto* deploy_message = dynamic_cast<const DeployMessage*>(&message)) {
    deploy(*deploy_message);
    return;
  }
  if (const auto* cancel_message = dynamic_cast<const CancelMessage*>(&message)) {
    if (attempt_ && attempt_->number == cancel_message->attempt) cancel();
    return;
  }
  if (!attempt_ || !attempt_->execution->started() || attempt_->cancelling) return;
  if (const auto* trigger = dynamic_cast<const TriggerMessage*>(&message)) {
    if (trigger->body.attempt == attempt_->number) attempt_->execution->post_to_all(Shard::TriggerCheckpoint{trigger->body.id});
  } else if (const auto* completed = dynamic_cast<const CompletedMessage*>(&message)) {
    if (completed->body.attempt == attempt_->number) attempt_->execution->post_to_all(Shard::CheckpointCompleted{completed->body.id});
  } else if (const auto* aborted = dynamic_cast<const AbortedMessage*>(&message)) {
    if (aborted->body.attempt != attempt_->number) return;
    attempt_->snapshots.erase(aborted->body.id);
    attempt_->execution->post_to_all(Shard::CheckpointAborted{aborted->body.id});
  }
}

void Worker::deploy(const DeployMessage& message) {
  WEIR_CHECK(attempt_ == nullptr);
  attempt_ = std::make_unique<Attempt>();
  attempt_->number = message.attempt;
  attempt_->start = message.start;
  running_attempt_ = message.attempt;
  attempt_->execution = std::make_unique<JobExecution>(graph_, options_.execution, platform_, gate_, static_cast<ShardListener&>(*this),
                                                       message.start->restored_checkpoint);
  attempt_->records.resize(attempt_->execution->shards().size(), 0);
  attempt_->watermarks.resize(attempt_->execution->shards().size(), kMinWatermark);
  attempt_->restoring = attempt_->execution->task_count();
  for (const auto& shard : attempt_->execution->shards()) {
    for (const auto& task : shard->tasks()) open_task(*task);
  }
}

void Worker::open_task(Task& task) {
  gate_.enter();
  platform_.scheduler.run_blocking([this, &task, number = attempt_->number, start = attempt_->start] {
    const JobVertex& vertex = graph_.vertices[task.vertex_index()];
    TaskStart from{start->plan.get(), start->sidecar.get(), start->restored_directory, {}, options_.ignore_unclaimed_state};
    from.splits = splits_of(start->splits[task.vertex_index()], task.subtask(), vertex.parallelism);
    Status status = open_and_restore(task, from, platform_.files);
    mailbox_.post([this, number, name = task.name(), status = std::move(status)] { on_task_open(number, name, status); });
    gate_.leave();
  });
}

void Worker::on_task_open(int64_t attempt, const std::string& task, const Status& status) {
  if (!attempt_ || attempt_->number != attempt || attempt_->cancelling) return;
  if (!status.ok()) {
    task_failed(attempt, task, status);
    return;
  }
  if (--attempt_->restoring > 0) return;
  attempt_->execution->start(options_.pin_shards);
  RunningMessage running;
  running.attempt = attempt;
  send(std::move(running));
}

void Worker::cancel() {
  if (!attempt_ || attempt_->cancelling) return;
  attempt_->cancelling = true;
  attempt_->execution->stop();
  attempt_->snapshots.clear();
  end_attempt_if_idle();
}

void Worker::end_attempt_if_idle() {
  if (!attempt_ || !attempt_->cancelling || !gate_.empty()) return;
  CancelledMessage cancelled;
  cancelled.attempt = attempt_->number;
  attempt_.reset();
  send(std::move(cancelled));
}

void Worker::take_snapshot_part(int64_t attempt, TaskSnapshot snapshot) {
  const CheckpointId id = snapshot.id;
  auto& parts = attempt_->snapshots[id];
  parts.push_back(std::move(snapshot));
  if (parts.size() < attempt_->execution->task_count()) return;
  std::vector<TaskSnapshot> all = std::move(parts);
  // What older checkpoints still wait for will not come: barriers overtake nothing.
  attempt_->snapshots.erase(attempt_->snapshots.begin(), attempt_->snapshots.upper_bound(id));
  std::sort(all.begin(), all.end(), [](const TaskSnapshot& a, const TaskSnapshot& b) {
    return std::pair(a.vertex, a.subtask) < std::pair(b.vertex, b.subtask);
  });
  write_snapshot(id, std::move(all));
}

void Worker::write_snapshot(CheckpointId id, std::vector<TaskSnapshot> parts) {
  gate_.enter();
  auto shared = std::make_shared<std::vector<TaskSnapshot>>(std::move(parts));
  const uint64_t nonce = platform_.random.next();
  platform_.scheduler.run_blocking([this, id, nonce, shared, number = attempt_->number] {
    AcknowledgeCheckpoint ack;
    ack.attempt = number;
    ack.id = id;
    ack.process = options_.process;
    Status status;
    if (auto directory = platform_.files.resolve(join_path(options_.checkpoint_directory, checkpoint_directory_name(id))); !directory.ok()) {
      status = directory.status();
    } else {
      auto written = write_snapshots(*directory->fs, directory->path, data_file_name({options_.process, nonce}), options_.inline_threshold,
                                     std::move(*shared));
      status = written.status();
      if (written.ok()) {
        ack.states = std::move(written->states);
        ack.files = std::move(written->files);
        ack.descriptions = std::move(written->descriptions);
      }
    }
    mailbox_.post([this, number, status, ack = std::move(ack)]() mutable {
      // Also from an attempt that is being cancelled: the coordinator removes what was written in vain.
      if (attempt_ && attempt_->number == number) {
        if (status.ok()) {
          send(AcknowledgeMessage(std::move(ack)));
        } else {
          send(DeclineMessage(DeclineCheckpoint{ack.attempt, ack.id, ack.process, status}));
        }
      }
    });
    gate_.leave();
  });
}

void Worker::task_failed(int64_t attempt, std::string task, Status status) {
  TaskFailedMessage failed;
  failed.attempt = attempt;
  failed.task = std::move(task);
  failed.status = std::move(status);
  send(std::move(failed));
}

void Worker::task_reached_end(int64_t attempt, bool finished) {
  size_t& count = finished ? attempt_->finished : attempt_->ended;
  if (++count < attempt_->execution->task_count()) return;
  EndedMessage ended;
  ended.attempt = attempt;
  ended.finished = finished;
  send(std::move(ended));
}

void Worker::on_snapshot(TaskSnapshot snapshot) {
  post_for_attempt([this, shared = std::make_shared<TaskSnapshot>(std::move(snapshot))] {
    take_snapshot_part(attempt_->number, std::move(*shared));
  });
}

void Worker::on_task_failure(std::string task, Status status) {
  post_for_attempt([this, task = std::move(task), status = std::move(status)] { task_failed(attempt_->number, task, status); });
}

void Worker::on_task_ended() {
  post_for_attempt([this] { task_reached_end(attempt_->number, false); });
}

void Worker::on_task_finished() {
  post_for_attempt([this] { task_reached_end(attempt_->number, true); });
}

void Worker::on_progress(int shard, int64_t source_records, Timestamp watermark) {
  post_for_attempt([this, shard, source_records, watermark] {
    attempt_->records[shard] = source_records;
    attempt_->watermarks[shard] = watermark;
    ProgressMessage progress;
    progress.attempt = attempt_->number;
    for (const int64_t records : attempt_->records) progress.source_records += records;
    progress.watermark = *std::min_element(attempt_->watermarks.begin(), attempt_->watermarks.end());
    send(std::move(progress));
  });
}

}  // namespace weir
