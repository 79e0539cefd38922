// The job master and its workers: who comes, what they say, who is lost.

#include <algorithm>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "cluster/job_master.h"

namespace weir {
namespace {

constexpr MonotonicTime kRegistrationTime =
    std::chrono::seconds(10);  ///< from connecting to saying who one is
constexpr MonotonicTime kLookInterval = std::chrono::milliseconds(
    100);  ///< at the workers' silence: not at each message of each of them

}  // namespace

Endpoint JobMaster::accept(std::unique_ptr<Connection> connection) {
  const int64_t session = next_session_.fetch_add(1);
  auto box =
      std::make_shared<std::unique_ptr<Connection>>(std::move(connection));  // std::function copies
  mailbox_->post([this, session, box] {
    if (phase_ == Phase::kTerminal)
      box->get()->send(encode(
          Shutdown{current_.state == JobState::kFailed, std::string(current_.failure.message())}));
    pool_.add(session, std::move(*box), platform_.clock.now());
  });
  Endpoint endpoint;
  endpoint.on_frame = [this, mailbox = mailbox_, session](std::string frame) {
    mailbox->post([this, session, frame = std::move(frame)] { on_frame(session, frame); });
  };
  endpoint.on_break = [this, mailbox = mailbox_, session](Status reason) {
    mailbox->post([this, session, reason = std::move(reason)] { lose_worker(session, reason); });
  };
  return endpoint;
}

std::unique_ptr<Connection> JobMaster::connect_from_here(Endpoint worker) {
  // The connection to the worker exists only when both endpoints are known.
  struct Late final : Connection {
    std::shared_ptr<std::unique_ptr<Connection>> to =
        std::make_shared<std::unique_ptr<Connection>>();
    void send(std::string frame) override { (*to)->send(std::move(frame)); }
  };
  auto late = std::make_unique<Late>();
  const auto to = late->to;
  Endpoint own = accept(std::move(late));
  auto [to_worker, to_master] = platform_.transport.connect(std::move(own), std::move(worker));
  *to = std::move(to_worker);
  return std::move(to_master);
}

void JobMaster::on_frame(int64_t session, const std::string& frame) {
  PooledWorker* worker = pool_.find(session);
  if (worker == nullptr) return;
  worker->last_heard = platform_.clock.now();
  auto message = decode_from_worker(frame);
  if (!message.ok()) {
    const auto protocol = protocol_of_registration(frame);
    if (!protocol || worker->registered) return lose_worker(session, message.status());
    RegisterWorker hello;  // of another version: nothing more is known of it
    hello.protocol = *protocol;
    return on_register(session, std::move(hello));
  }
  if (auto* hello = std::get_if<RegisterWorker>(&*message))
    return on_register(session, std::move(*hello));
  if (worker->registered) on_message(*worker, *std::move(message));
}

void JobMaster::on_register(int64_t session, RegisterWorker message) {
  PooledWorker& worker = *pool_.find(session);
  std::string reason;
  if (message.protocol != kProtocolVersion) {
    reason =
        cat("it speaks version ", message.protocol, " of the protocol and the coordinator version ",
            kProtocolVersion, ": start both from the same build");
  } else if (message.fingerprint != graph_.fingerprint.to_hex()) {
    reason = cat("it was started with another job graph ('", message.job_name, "', ",
                 message.fingerprint, ") than the coordinator's ('", graph_.name, "', ",
                 graph_.fingerprint.to_hex(),
                 "): start both from the same executable with the same arguments");
  } else if (message.build != options_.worker.build) {
    reason =
        cat("it runs another build of the program (", message.build, ") than the coordinator (",
            options_.worker.build, "): start both from the same executable");
  } else if (message.slots < 1) {
    reason = "it has no slot: taskmanager.numberOfTaskSlots must be at least 1";
  }
  if (!reason.empty()) {
    WEIR_LOG(kWarning) << "refused a worker on host " << message.host << ": " << reason;
    worker.send(Refused{reason});
    pool_.remove(session);
    return;
  }
  std::vector<int64_t> before;
  pool_.for_each([&](const PooledWorker& other) {
    if (other.registered && other.offer.worker == message.worker && other.session != session)
      before.push_back(other.session);
  });
  for (const int64_t other : before) lose_worker(other, unavailable("it has registered anew"));
  pool_.enroll(worker, std::move(message));
  worker.send(Registered{epoch_});
  if (options_.workers_apart) {
    WEIR_LOG(kInfo) << worker.name() << " has registered with " << worker.offer.slots << " slots; "
                    << pool_.slots() << " of " << current_.slots_wanted << " wanted";
  }
}

void JobMaster::on_message(PooledWorker& worker, FromWorker message) {
  if (auto* ack = std::get_if<AcknowledgeCheckpoint>(&message)) {
    if (coordinator_ && worker.index == ack->process)
      coordinator_->acknowledge(*ack);  // which knows what to do with those of other attempts
    return;
  }
  if (auto* decline = std::get_if<DeclineCheckpoint>(&message)) {
    if (coordinator_ && worker.index == decline->process) coordinator_->decline(*decline);
    return;
  }
  if (worker.index < 0) return;
  const auto current = [&](AttemptId attempt) {
    return attempt == attempt_ || bug_enabled(Bug::kLateMessageOfEarlierAttempt);
  };
  if (auto* canceled = std::get_if<Canceled>(&message)) {
    if (!current(canceled->attempt)) return;
    worker.left = true;
    if (phase_ == Phase::kTearingDown) torn_down_if_all_left();
    return;
  }
  if (phase_ != Phase::kDeploying && phase_ != Phase::kRunning) return;
  if (auto* deployed = std::get_if<Deployed>(&message)) {
    if (!current(deployed->attempt) || phase_ != Phase::kDeploying) return;
    worker.deployed = true;
    if (bug_enabled(Bug::kStartBeforeAllDeployed)) worker.send(Start{attempt_});
    if (pool_.all_of_attempt(&PooledWorker::deployed)) on_running();
  } else if (auto* failed = std::get_if<TaskFailed>(&message)) {
    if (!current(failed->attempt)) return;
    const std::string task = cat("task ", failed->task);
    attempt_failed(failed->status, options_.workers_apart ? cat(worker.name(), ": ", task) : task);
  } else if (auto* ended = std::get_if<TasksEnded>(&message)) {
    if (!current(ended->attempt)) return;
    bool PooledWorker::* const what =
        ended->finished ? &PooledWorker::finished : &PooledWorker::ended;
    worker.*what = true;
    if (pool_.all_of_attempt(what)) on_ended(ended->finished);
  } else if (auto* report = std::get_if<ProgressReport>(&message)) {
    if (current(report->attempt)) on_progress(worker, *report);
  }
}

void JobMaster::on_progress(PooledWorker& worker, const ProgressReport& report) {
  const int64_t emitted =
      report.source_records - std::exchange(worker.records, report.source_records);
  pool_.set_watermark(worker, report.watermark);
  records_of_attempt_ += emitted;
  current_.late_records +=
      report.late_records - std::exchange(worker.late_records, report.late_records);
  current_.watermark = pool_.least_watermark();
  if (coordinator_ && emitted > 0) coordinator_->on_source_events(emitted);
}

void JobMaster::lose_worker(int64_t session, const Status& reason) {
  PooledWorker* worker = pool_.find(session);
  if (worker == nullptr) return;
  const std::string name = worker->name();
  const bool takes_part = worker->index >= 0;
  if (worker->registered && options_.workers_apart && phase_ != Phase::kTerminal) {
    WEIR_LOG(kWarning) << "lost " << name << ": " << reason.message();
  }
  pool_.remove(session);
  if (!takes_part) return;
  if (phase_ == Phase::kTearingDown) {
    torn_down_if_all_left();
  } else {
    attempt_failed(unavailable(std::string(reason.message())), cat("lost ", name));
  }
}

MonotonicTime JobMaster::tend_workers(MonotonicTime now) {
  const MonotonicTime stood_still = now - std::exchange(last_step_, now);
  if (stood_still >= options_.heartbeat_timeout) {
    // Whoever stood still itself cannot blame the others' silence: what they said meanwhile waits
    // in the mailbox or the sockets.
    pool_.for_each([&](PooledWorker& worker) {
      worker.last_heard = std::max(worker.last_heard, now - options_.heartbeat_timeout / 2);
    });
  }
  if (now >= next_heartbeat_) {
    next_heartbeat_ = now + options_.heartbeat_interval;
    pool_.for_each([](PooledWorker& worker) {
      if (worker.registered) worker.send(Heartbeat{});
    });
  }
  if (now >= next_look_) {
    next_look_ =
        std::min(now + std::min(options_.heartbeat_timeout / 20, kLookInterval), next_heartbeat_);
    give_up_silent_workers(now);
  }
  if (phase_ == Phase::kTearingDown && now >= teardown_deadline_) {
    for (PooledWorker* worker : pool_.of_attempt()) {
      if (worker->left) continue;
      lose_worker(worker->session, deadline_exceeded(cat("its tasks do not end within ",
                                                         whole_ms(options_.cancellation_timeout),
                                                         " ms (task.cancellation.timeout)")));
    }
  }
  return pool_.empty() ? kIdle : next_heartbeat_;
}

void JobMaster::give_up_silent_workers(MonotonicTime now) {
  for (const int64_t session : pool_.silent_since(now - options_.heartbeat_timeout)) {
    lose_worker(session,
                unavailable(cat("nothing was heard from it for ",
                                whole_ms(options_.heartbeat_timeout), " ms (heartbeat.timeout)")));
  }
  std::vector<int64_t> strangers;
  pool_.for_each([&](const PooledWorker& worker) {
    if (!worker.registered && now >= worker.connected_at + kRegistrationTime)
      strangers.push_back(worker.session);
  });
  for (const int64_t session : strangers) pool_.remove(session);
}

}  // namespace weir
