// The job master's connections to its workers: registration, messages, and losses.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "cluster/job_master/job_master.h"
#include "cluster/job_master/registration.h"

namespace weir {

Endpoint JobMaster::accept(std::unique_ptr<Connection> connection) {
  const int64_t session = next_session_.fetch_add(1);
  add_connection(session, std::move(connection));
  return endpoint_of(session);
}

std::unique_ptr<Connection> JobMaster::connect_from_here(Endpoint worker) {
  const int64_t session = next_session_.fetch_add(1);
  auto [to_worker, to_master] =
      platform_.transport.connect(endpoint_of(session), std::move(worker));
  add_connection(session, std::move(to_worker));
  return std::move(to_master);
}

void JobMaster::add_connection(int64_t session, std::unique_ptr<Connection> connection) {
  // Shared, because std::function requires copyable captures.
  auto box = std::make_shared<std::unique_ptr<Connection>>(std::move(connection));
  mailbox_->post([this, session, box] {
    if (const auto farewell = termination_.farewell()) box->get()->send(encode(*farewell));
    pool_.add(session, std::move(*box), platform_.clock.now());
  });
}

Endpoint JobMaster::endpoint_of(int64_t session) {
  Endpoint endpoint;
  endpoint.on_frame = [this, mailbox = mailbox_, session](std::string frame) {
    mailbox->post([this, session, frame = std::move(frame)] { on_frame(session, frame); });
  };
  endpoint.on_break = [this, mailbox = mailbox_, session](Status reason) {
    mailbox->post([this, session, reason = std::move(reason)] { lose_worker(session, reason); });
  };
  return endpoint;
}

void JobMaster::on_frame(int64_t session, const std::string& frame) {
  PooledWorker* worker = pool_.find(session);
  if (worker == nullptr) return;
  worker->last_heard = platform_.clock.now();
  auto message = decode_from_worker(frame);
  if (!message.ok()) {
    const auto protocol = protocol_of_registration(frame);
    if (!protocol || worker->registered) return lose_worker(session, message.status());
    RegisterWorker hello;  // it has another version, so nothing more is known
    hello.protocol = *protocol;
    return on_register(session, std::move(hello));
  }
  if (auto* hello = std::get_if<RegisterWorker>(&*message))
    return on_register(session, std::move(*hello));
  if (worker->registered) on_message(*worker, *message);
}

void JobMaster::on_register(int64_t session, RegisterWorker message) {
  PooledWorker& worker = *pool_.find(session);
  if (std::string reason = reason_to_refuse(message, graph_, options_.worker.build);
      !reason.empty()) {
    WEIR_LOG(kWarning) << "refused a worker on host " << message.host << ": " << reason;
    worker.send(Refused{std::move(reason)});
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
  detail_changed_ = true;
  worker.send(Registered{epoch_});
  if (options_.workers_apart) {
    WEIR_LOG(kInfo) << worker.name() << " has registered with " << worker.offer.slots << " slots; "
                    << pool_.slots() << " of " << status_.current().slots_wanted << " wanted";
  }
}

void JobMaster::take_metrics(const PooledWorker& worker, MetricsOfWorker message) {
  if (worker.index < 0 || message.attempt != attempt_.number()) return;
  metrics_.take(worker.index, std::move(message.report));
  figures_changed_ = true;
}

void JobMaster::read_text(std::string worker, ProcessText what, TextRequests::Done done) {
  mailbox_->post([this, worker = std::move(worker), what, done = std::move(done)] {
    PooledWorker* found = nullptr;
    pool_.for_each([&](PooledWorker& each) {
      if (each.registered && each.offer.worker == worker) found = &each;
    });
    if (found == nullptr) return done(not_found(cat("there is no worker ", worker)));
    const auto request = text_requests_.begin(found->session, platform_.clock.now(), done);
    if (!request.ok()) return done(request.status());
    found->send(RequestText{*request, what});
  });
}

void JobMaster::on_message(PooledWorker& worker, FromWorker& message) {
  if (auto* metrics = std::get_if<MetricsOfWorker>(&message))
    return take_metrics(worker, std::move(*metrics));
  if (auto* text = std::get_if<TextOfProcess>(&message))
    return text_requests_.answer(worker.session, text->request, std::move(text->text));
  // The coordinator handles acknowledgements of other attempts itself.
  if (const auto* ack = std::get_if<AcknowledgeCheckpoint>(&message)) {
    if (coordinator_ && worker.index == ack->process) coordinator_->acknowledge(*ack);
  } else if (const auto* decline = std::get_if<DeclineCheckpoint>(&message)) {
    if (coordinator_ && worker.index == decline->process) coordinator_->decline(*decline);
  } else if (const auto* request = std::get_if<RequestSplit>(&message)) {
    if (attempt_.is_of(worker, request->attempt, request->subtask)) splits_.on_request(*request);
  } else if (const auto* report = std::get_if<ReportWatermark>(&message)) {
    if (attempt_.is_of(worker, report->attempt, report->subtask))
      aligner_.on_report(report->vertex, report->subtask, report->watermark);
  } else {
    on_event(worker, attempt_.on_message(worker, message));
  }
}

void JobMaster::on_event(const PooledWorker& worker, const JobAttempt::Event& event) {
  using Kind = JobAttempt::Event::Kind;
  switch (event.kind) {
    case Kind::kNone: return;
    case Kind::kDeployed: return on_deployed();
    case Kind::kFailed: {
      const std::string task = cat("task ", event.task);
      return attempt_failed(event.failure,
                            options_.workers_apart ? cat(worker.name(), ": ", task) : task);
    }
    case Kind::kEnded: return on_ended();
    case Kind::kFinished: return tear_down([this] { end(JobState::kFinished); });
    case Kind::kProgress: {
      JobView& view = status_.current();
      view.source_records += event.source_records;
      view.late_records += event.late_records;
      view.watermark = pool_.least_watermark();
      if (coordinator_ && event.source_records > 0)
        coordinator_->on_source_events(event.source_records);
      return;
    }
    case Kind::kLeft: return go_on_if_all_left();
  }
}

void JobMaster::lose_worker(int64_t session, const Status& reason) {
  PooledWorker* worker = pool_.find(session);
  if (worker == nullptr) return;
  const std::string name = worker->name();
  const bool takes_part = worker->index >= 0;
  if (worker->registered && options_.workers_apart && !termination_.is_terminal()) {
    WEIR_LOG(kWarning) << "lost " << name << ": " << reason.message();
  }
  pool_.remove(session);
  text_requests_.lose(session);
  detail_changed_ = true;
  if (!takes_part) return;
  attempt_failed(unavailable(std::string(reason.message())), cat("lost ", name));
  go_on_if_all_left();
}

MonotonicTime JobMaster::tend_workers(MonotonicTime now) {
  if (observed_until_ != MonotonicTime(0) && now >= observed_until_) {
    observed_until_ = MonotonicTime(0);
    liveness_.set_interval(options_.heartbeat_interval, now);
  }
  const WorkerLiveness::Finding finding = liveness_.tend(pool_, now);
  for (const int64_t session : finding.silent) {
    lose_worker(session,
                unavailable(cat("nothing was heard from it for ",
                                whole_ms(options_.heartbeat_timeout), " ms (heartbeat.timeout)")));
  }
  for (const int64_t session : finding.strangers) pool_.remove(session);
  for (const int64_t session : attempt_.overdue(now)) {
    lose_worker(session, deadline_exceeded(cat("its tasks do not end within ",
                                               whole_ms(options_.cancellation_timeout),
                                               " ms (task.cancellation.timeout)")));
  }
  return pool_.empty() ? kIdle : liveness_.next();
}

}  // namespace weir
