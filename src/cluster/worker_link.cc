// How a worker finds its job master, registers, and notices the loss of the connection.

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "cluster/worker.h"

namespace weir {

namespace {

constexpr MonotonicTime kFirstRedial = std::chrono::milliseconds(20);
constexpr MonotonicTime kLastRedial = std::chrono::seconds(1);
/// A little less than a second, so that a heartbeat each second gets a report each second.
constexpr MonotonicTime kReportInterval = std::chrono::milliseconds(900);

}  // namespace

MonotonicTime Worker::tend_link(MonotonicTime now) {
  if (current_.ended) return kIdle;
  const MonotonicTime stood_still = now - std::exchange(last_step_, now);
  if (link_) {
    // If this process was paused, the coordinator's messages may be unread in the mailbox or the
    // socket: don't count the pause.
    if (stood_still >= options_.heartbeat_timeout)
      last_heard_ = std::max(last_heard_, now - options_.heartbeat_timeout / 2);
    if (now >= last_heard_ + options_.heartbeat_timeout) {
      lose_link(unavailable(cat("nothing was heard from the coordinator for ",
                                whole_ms(options_.heartbeat_timeout), " ms (heartbeat.timeout)")));
    } else {
      return last_heard_ + options_.heartbeat_timeout;
    }
  }
  if (!searching_since_) searching_since_ = now;
  if (now >= *searching_since_ + options_.registration_timeout) {
    end(unavailable(
        cat("no coordinator took this worker for ",
            std::chrono::duration_cast<std::chrono::seconds>(options_.registration_timeout).count(),
            " s (taskmanager.registration.timeout): ", last_link_failure_.message())));
    return kIdle;
  }
  // The attempt is being left; register again afterwards.
  if (attempt_) return *searching_since_ + options_.registration_timeout;
  if (now < dial_at_) return dial_at_;
  dial(now);
  return link_ ? last_heard_ + options_.heartbeat_timeout : dial_at_;
}

void Worker::dial(MonotonicTime now) {
  const int64_t number = ++link_number_;
  Endpoint endpoint;
  endpoint.on_frame = [this, number](std::string frame) {
    mailbox_.post([this, number, frame = std::move(frame)] {
      if (number == link_number_ && link_) on_frame(frame);
    });
  };
  endpoint.on_break = [this, number](Status reason) {
    mailbox_.post([this, number, reason = std::move(reason)] {
      if (number == link_number_ && link_) lose_link(reason);
    });
  };
  dial_delay_ =
      std::min(dial_delay_ == MonotonicTime(0) ? kFirstRedial : dial_delay_ * 2, kLastRedial);
  dial_at_ = now + dial_delay_;
  auto link = dial_(std::move(endpoint));
  if (!link.ok()) {
    last_link_failure_ = link.status();
    return;
  }
  link_ = *std::move(link);
  last_heard_ = now;
  RegisterWorker hello;
  hello.fingerprint = graph_.fingerprint.to_hex();
  hello.job_name = graph_.name;
  hello.build = options_.build;
  hello.worker = id_;
  hello.host = options_.host;
  hello.slots = options_.slots;
  hello.data_address = options_.data_address;
  send(std::move(hello));
}

void Worker::lose_link(const Status& reason) {
  if (current_.registered || reason.message() != last_link_failure_.message()) {
    WEIR_LOG(kInfo) << "worker " << id_
                    << (current_.registered ? " has lost its coordinator: "
                                            : " has no coordinator yet: ")
                    << reason.message();
  }
  last_link_failure_ = reason;
  link_.reset();
  current_.registered = false;
  dial_at_ = platform_.clock.now() + dial_delay_;
  cancel();
}

void Worker::leader_changed() {
  mailbox_.post([this] {
    dial_delay_ = MonotonicTime(0);
    dial_at_ = MonotonicTime(0);
    if (link_) lose_link(unavailable("another coordinator leads now"));
  });
}

void Worker::leave() {
  mailbox_.post([this] {
    if (!current_.ended) end(cancelled("the worker was told to leave"));
  });
}

void Worker::report_crash(std::string report, std::function<void()> heard) {
  mailbox_.post([this, report = std::move(report), heard = std::move(heard)] {
    if (!attempt_ || !link_) return heard();
    crash_heard_ = heard;
    task_failed(attempt_->number, "that crashed", aborted(report));
  });
}

void Worker::on_registered(const Registered& message) {
  if (message.epoch < epoch_ && !bug_enabled(Bug::kDeposedLeaderObeyed)) {
    lose_link(unavailable(cat("the coordinator is of epoch ", message.epoch, "; one of epoch ",
                              epoch_, " has led since")));
    return;
  }
  epoch_ = message.epoch;
  current_.epoch = epoch_;
  current_.registered = true;
  searching_since_.reset();
  dial_delay_ = MonotonicTime(0);
}

void Worker::on_frame(const std::string& frame) {
  last_heard_ = platform_.clock.now();
  auto decoded = decode_from_master(frame);
  if (!decoded.ok()) {
    lose_link(decoded.status());
    return;
  }
  FromMaster& message = *decoded;
  if (auto* registered = std::get_if<Registered>(&message)) return on_registered(*registered);
  if (auto* refused = std::get_if<Refused>(&message))
    return end(failed_precondition(cat("the coordinator refuses this worker: ", refused->reason)));
  if (auto* shutdown = std::get_if<Shutdown>(&message)) {
    return end(shutdown->failed ? failed_precondition(cat("the job failed: ", shutdown->message))
                                : Status());
  }
  if (std::get_if<Heartbeat>(&message) != nullptr) {
    send(HeartbeatReply{});
    if (!attempt_ || last_heard_ < report_at_) return;
    report_at_ = last_heard_ + kReportInterval;
    return report_metrics();
  }
  if (const auto* request = std::get_if<RequestText>(&message)) {
    return send(TextOfProcess{request->request,
                              options_.process_text ? options_.process_text(request->what) : ""});
  }
  if (!current_.registered) return;
  if (auto* deploy_message = std::get_if<Deploy>(&message))
    return deploy(std::make_shared<const Deploy>(std::move(*deploy_message)));
  if (auto* start = std::get_if<Start>(&message)) {
    if (!attempt_ || attempt_->number != start->attempt || attempt_->cancelling) return;
    if (start->stopped) attempt_->execution->post_to_all(Shard::StartStopped{});
    attempt_->execution->start(options_.pin_shards);
  } else if (auto* cancel_message = std::get_if<Cancel>(&message)) {
    if (crash_heard_) std::exchange(crash_heard_, nullptr)();
    if (attempt_ && attempt_->number == cancel_message->attempt) {
      cancel();
    } else {
      send(Canceled{cancel_message->attempt});
    }
  } else if (auto* trigger = std::get_if<TriggerCheckpoint>(&message)) {
    if (runs(trigger->attempt)) trigger_checkpoint(*trigger);
  } else if (auto* completed = std::get_if<NotifyCheckpointComplete>(&message)) {
    if (!runs(completed->attempt)) return;
    if (attempt_->incremental) attempt_->incremental->completed(completed->id);
    attempt_->execution->post_to_all(
        Shard::CheckpointCompleted{completed->id, completed->ends_job});
    if (local_)
      platform_.scheduler.run_blocking(
          executors::kSnapshots, [local = local_, id = completed->id] { local->keep_from(id); });
  } else if (auto* commit = std::get_if<CommitWithoutCheckpoint>(&message)) {
    if (runs(commit->attempt)) attempt_->execution->post_to_all(Shard::CommitWithoutCheckpoint{});
  } else if (auto* assigned = std::get_if<AssignSplits>(&message)) {
    if (!runs(assigned->attempt)) return;
    SubtaskSplits& to = assigned->to;
    attempt_->execution->post_to(
        to.subtask, Shard::AssignSplits{to.vertex, std::move(to.splits), to.more_follow});
  } else if (const auto* align = std::get_if<AlignWatermark>(&message)) {
    if (runs(align->attempt))
      attempt_->execution->post_to_all(Shard::AlignWatermark{align->vertex, align->max_allowed});
  } else if (auto* aborted = std::get_if<NotifyCheckpointAborted>(&message)) {
    if (!runs(aborted->attempt)) return;
    abort_checkpoint(aborted->id);
    attempt_->execution->post_to_all(Shard::CheckpointAborted{aborted->id});
  }
}

void Worker::end(Status status) {
  current_.ended = true;
  current_.status = std::move(status);
  current_.registered = false;
  link_.reset();
  cancel();
}

void Worker::send(const FromWorker& message) {
  if (link_) link_->send(encode(message));
}

}  // namespace weir
