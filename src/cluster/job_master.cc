#include "cluster/job_master.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "graph/scale.h"

namespace weir {

const char* to_string(JobState state) {
  switch (state) {
    case JobState::kPreparing: return "PREPARING";
    case JobState::kWaitingForSlots: return "WAITING_FOR_SLOTS";
    case JobState::kRunning: return "RUNNING";
    case JobState::kRestarting: return "RESTARTING";
    case JobState::kCancelling: return "CANCELLING";
    case JobState::kFinished: return "FINISHED";
    case JobState::kFailed: return "FAILED";
    case JobState::kCanceled: return "CANCELED";
  }
  return "";
}

namespace {

constexpr MonotonicTime kRegistrationTime = std::chrono::seconds(10);  ///< from connecting to saying who one is
constexpr MonotonicTime kLookInterval = std::chrono::milliseconds(100);  ///< at the workers' silence: not at each message of each of them
constexpr MonotonicTime kGoodbyeTime = std::chrono::seconds(5);
constexpr MonotonicTime kSayWaitingEach = std::chrono::seconds(10);
constexpr MonotonicTime kRecordAgain = std::chrono::milliseconds(200);

JobState state_of(const JobResult& result) {
  for (const JobState state : {JobState::kFinished, JobState::kCanceled}) {
    if (result.state == to_string(state)) return state;
  }
  return JobState::kFailed;
}

int64_t ms(MonotonicTime t) { return std::chrono::duration_cast<std::chrono::milliseconds>(t).count(); }

}  // namespace

JobMaster::JobMaster(const JobGraph& graph, JobOptions options, Platform& platform, int64_t epoch, std::shared_ptr<LeaderStore> store,
                     std::function<void()> on_end)
    : graph_(graph),
      shared_options_(std::make_shared<const JobOptions>(std::move(options))),
      platform_(platform),
      epoch_(epoch),
      store_(std::move(store)),
      on_end_(std::move(on_end)),
      attempt_(first_attempt_of(epoch)),
      backoff_(options_.restart),
      last_step_(platform.clock.now()) {
  current_.slots_wanted = slots_wanted(graph);
}

JobMaster::~JobMaster() = default;

JobView JobMaster::view() const {
  std::lock_guard lock(view_mutex_);
  return view_;
}

void JobMaster::publish_view() {
  if (coordinator_) current_.checkpoints = coordinator_->statistics();
  current_.source_records = records_of_earlier_attempts_ + records_of_attempt_;
  current_.workers = pool_.registered();
  current_.slots = pool_.slots();
  current_.shards = shards_;
  current_.attempt = attempt_;
  std::lock_guard lock(view_mutex_);
  view_ = current_;
}

void JobMaster::cancel() {
  mailbox_->post([this] {
    if (phase_ == Phase::kTerminal || cancel_requested_) return;
    cancel_requested_ = true;
    current_.state = JobState::kCancelling;
    switch (phase_) {
      case Phase::kPreparing: return;  // on_prepared() sees it
      case Phase::kDeploying:
      case Phase::kRunning: tear_down([this] { end(JobState::kCanceled, JobOutcome::kCancelled); }); return;
      case Phase::kTearingDown:
        after_ = [this] { end(JobState::kCanceled, JobOutcome::kCancelled); };
        if (waiting_for_storage_) go_on();
        return;
      case Phase::kWaitingForSlots:
      case Phase::kWaitingToRestart: end(JobState::kCanceled, JobOutcome::kCancelled); return;
      case Phase::kTerminal: return;
    }
  });
}

MonotonicTime JobMaster::step() {
  if (!begun_) {
    begun_ = true;
    prepare();
  }
  if (mailbox_->take(actions_)) {
    for (const auto& action : actions_) action();
    actions_.clear();
  }
  const MonotonicTime now = platform_.clock.now();
  MonotonicTime next = tend_workers(now);
  if (phase_ == Phase::kWaitingToRestart) {
    if (now >= restart_at_) {
      prepare();
    } else {
      next = std::min(next, restart_at_);
    }
  }
  if (phase_ == Phase::kWaitingForSlots) next = std::min(next, wait_for_slots(now));
  if (record_again_) {
    if (now >= record_again_at_) {
      const auto [state, outcome] = *std::exchange(record_again_, std::nullopt);
      record_result(state, outcome);
    } else {
      next = std::min(next, record_again_at_);
    }
  }
  if (coordinator_) next = std::min(next, coordinator_->poll(now));
  publish_view();
  if (phase_ == Phase::kTerminal && on_end_) {
    if ((pool_.empty() && !found_ended_) || now >= goodbye_deadline_) {
      std::exchange(on_end_, nullptr)();
    } else {
      next = std::min(next, goodbye_deadline_);
    }
  }
  return next;
}

// --- workers ---

Endpoint JobMaster::accept(std::unique_ptr<Connection> connection) {
  const int64_t session = next_session_.fetch_add(1);
  auto box = std::make_shared<std::unique_ptr<Connection>>(std::move(connection));  // std::function copies
  mailbox_->post([this, session, box] {
    if (phase_ == Phase::kTerminal) box->get()->send(encode(Shutdown{current_.state == JobState::kFailed, std::string(current_.failure.message())}));
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
    std::shared_ptr<std::unique_ptr<Connection>> to = std::make_shared<std::unique_ptr<Connection>>();
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
  if (!message.ok()) return lose_worker(session, message.status());
  if (auto* hello = std::get_if<RegisterWorker>(&*message)) return on_register(session, std::move(*hello));
  if (worker->registered) on_message(*worker, *std::move(message));
}

void JobMaster::on_register(int64_t session, RegisterWorker message) {
  PooledWorker& worker = *pool_.find(session);
  std::string reason;
  if (message.protocol != kProtocolVersion) {
    reason = cat("it speaks version ", message.protocol, " of the protocol and the coordinator version ", kProtocolVersion,
                 ": start both from the same build");
  } else if (message.fingerprint != graph_.fingerprint.to_hex()) {
    reason = cat("it was started with another job graph ('", message.job_name, "', ", message.fingerprint, ") than the coordinator's ('",
                 graph_.name, "', ", graph_.fingerprint.to_hex(), "): start both from the same executable with the same arguments");
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
    if (other.registered && other.offer.worker == message.worker && other.session != session) before.push_back(other.session);
  });
  for (const int64_t other : before) lose_worker(other, unavailable("it has registered anew"));
  pool_.enroll(worker, std::move(message));
  worker.send(Registered{epoch_});
  if (options_.workers_apart) {
    WEIR_LOG(kInfo) << worker.name() << " has registered with " << worker.offer.slots << " slots; " << pool_.slots() << " of "
                    << current_.slots_wanted << " wanted";
  }
}

void JobMaster::on_message(PooledWorker& worker, FromWorker message) {
  if (auto* ack = std::get_if<AcknowledgeCheckpoint>(&message)) {
    if (coordinator_ && worker.index == ack->process) coordinator_->acknowledge(*ack);  // which knows what to do with those of other attempts
    return;
  }
  if (auto* decline = std::get_if<DeclineCheckpoint>(&message)) {
    if (coordinator_ && worker.index == decline->process) coordinator_->decline(*decline);
    return;
  }
  if (worker.index < 0) return;
  const auto current = [&](AttemptId attempt) { return attempt == attempt_ || bug_enabled(Bug::kLateMessageOfEarlierAttempt); };
  if (auto* cancelled = std::get_if<Cancelled>(&message)) {
    if (!current(cancelled->attempt)) return;
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
    Status status = failed->status.with_context(cat("task ", failed->task));
    if (options_.workers_apart) status = status.with_context(worker.name());
    attempt_failed(status);
  } else if (auto* ended = std::get_if<TasksEnded>(&message)) {
    if (!current(ended->attempt)) return;
    bool PooledWorker::* const what = ended->finished ? &PooledWorker::finished : &PooledWorker::ended;
    worker.*what = true;
    if (pool_.all_of_attempt(what)) on_ended(ended->finished);
  } else if (auto* report = std::get_if<ProgressReport>(&message)) {
    if (current(report->attempt)) on_progress(worker, *report);
  }
}

void JobMaster::on_progress(PooledWorker& worker, const ProgressReport& report) {
  const int64_t emitted = report.source_records - std::exchange(worker.records, report.source_records);
  pool_.set_watermark(worker, report.watermark);
  records_of_attempt_ += emitted;
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
    attempt_failed(reason.with_context(cat("lost ", name)));
  }
}

MonotonicTime JobMaster::tend_workers(MonotonicTime now) {
  const MonotonicTime stood_still = now - std::exchange(last_step_, now);
  if (stood_still >= options_.heartbeat_timeout) {
    // Whoever stood still itself cannot blame the others' silence: what they said meanwhile waits in the mailbox or the sockets.
    pool_.for_each([&](PooledWorker& worker) { worker.last_heard = std::max(worker.last_heard, now - options_.heartbeat_timeout / 2); });
  }
  if (now >= next_heartbeat_) {
    next_heartbeat_ = now + options_.heartbeat_interval;
    pool_.for_each([](PooledWorker& worker) {
      if (worker.registered) worker.send(Heartbeat{});
    });
  }
  if (now >= next_look_) {
    next_look_ = std::min(now + std::min(options_.heartbeat_timeout / 20, kLookInterval), next_heartbeat_);
    give_up_silent_workers(now);
  }
  if (phase_ == Phase::kTearingDown && now >= teardown_deadline_) {
    for (PooledWorker* worker : pool_.of_attempt()) {
      if (worker->left) continue;
      lose_worker(worker->session, deadline_exceeded(cat("its tasks do not end within ", ms(options_.cancellation_timeout),
                                                         " ms (task.cancellation.timeout)")));
    }
  }
  return pool_.empty() ? kIdle : next_heartbeat_;
}

void JobMaster::give_up_silent_workers(MonotonicTime now) {
  for (const int64_t session : pool_.silent_since(now - options_.heartbeat_timeout)) {
    lose_worker(session, unavailable(cat("nothing was heard from it for ", ms(options_.heartbeat_timeout), " ms (heartbeat.timeout)")));
  }
  std::vector<int64_t> strangers;
  pool_.for_each([&](const PooledWorker& worker) {
    if (!worker.registered && now >= worker.connected_at + kRegistrationTime) strangers.push_back(worker.session);
  });
  for (const int64_t session : strangers) pool_.remove(session);
}

// --- an attempt ---

void JobMaster::prepare() {
  phase_ = Phase::kPreparing;
  std::optional<CheckpointId> newest;
  if (coordinator_) newest = coordinator_->newest_completed();
  const uint64_t nonce = platform_.random.next();
  // The graph and the files are the process's; the rest may outlive this actor.
  run_blocking([this, &graph = graph_, options = shared_options_, &files = platform_.files, nonce, newest, before = prepared_,
                store = store_]() -> std::function<void()> {
    auto result = std::make_shared<StatusOr<PreparedJob>>(before ? prepare_restart(graph, *options, files, *before, newest)
                                                                 : prepare_job(graph, *options, files, store.get(), nonce));
    return [this, result] { on_prepared(std::move(*result)); };
  });
}

void JobMaster::on_prepared(StatusOr<PreparedJob> prepared) {
  if (prepared.ok() && prepared->result) {
    current_.failure = Status(prepared->result->message.empty() ? StatusCode::kOk : StatusCode::kFailedPrecondition,
                              prepared->result->message);
    WEIR_LOG(kWarning) << "the job has ended before, as ZooKeeper has it: " << prepared->result->state
                       << ". To run it again give it another --name or --job-id, or remove that record";
    found_ended_ = true;  // workers that missed it are on their way here
    return terminate(state_of(*prepared->result));
  }
  if (cancel_requested_) {
    end(JobState::kCanceled, JobOutcome::kCancelled);
    return;
  }
  if (!prepared.ok()) {
    current_.failure = prepared.status();
    // What does not work at the start is not mended by trying again; but when a leader takes over, it is storage that has to be waited for.
    const bool taken_over = store_ != nullptr && epoch_ > 1 && prepared.status().code() == StatusCode::kUnavailable;
    if (!prepared_ && !taken_over) {
      current_.refused = true;
      end(JobState::kFailed, JobOutcome::kFailed);
    } else {
      schedule_restart();
    }
    return;
  }
  if (!prepared_ && options_.checkpoints_enabled) {
    CoordinatorOptions options = coordinator_options(graph_, options_, *prepared);
    options.store = store_;
    coordinator_ = std::make_unique<CheckpointCoordinator>(platform_.clock, platform_.random, std::move(options),
                                                           static_cast<CheckpointHost&>(*this));
  }
  prepared_ = std::move(*prepared);
  current_.restored_checkpoint = prepared_->start->restored_checkpoint;
  phase_ = Phase::kWaitingForSlots;
  waiting_since_ = said_waiting_at_ = platform_.clock.now();
}

MonotonicTime JobMaster::wait_for_slots(MonotonicTime now) {
  const int wanted = current_.slots_wanted;
  const int slots = pool_.slots();
  const bool taken_over = store_ != nullptr && epoch_ > 1;
  const bool first = attempt_ == first_attempt_of(epoch_) && !taken_over;
  const MonotonicTime narrower_at = waiting_since_ + (first ? options_.first_slot_wait : options_.restart_slot_wait);
  if (slots >= wanted || (options_.adaptive && slots > 0 && now >= narrower_at)) {
    deploy(std::min(slots, wanted));
    return kIdle;
  }
  if (current_.state == JobState::kPreparing) current_.state = JobState::kWaitingForSlots;
  if (now >= said_waiting_at_ + kSayWaitingEach) {
    said_waiting_at_ = now;
    WEIR_LOG(kInfo) << "waiting for workers: " << slots << " of " << wanted << " slots have registered";
  }
  const MonotonicTime say_at = said_waiting_at_ + kSayWaitingEach;
  return options_.adaptive && slots > 0 ? std::min(narrower_at, say_at) : say_at;
}

void JobMaster::deploy(int shards) {
  ++attempt_;
  phase_ = Phase::kDeploying;
  records_of_earlier_attempts_ += std::exchange(records_of_attempt_, 0);
  shards_ = shards;
  attempt_graph_ = limit_parallelism(graph_, shards);
  Deploy message;
  message.attempt = attempt_;
  message.parallelism_limit = shards;
  message.worker_of_shard = pool_.place(shards);
  const StartingPoint& start = *prepared_->start;
  const auto plan = restore_plan(attempt_graph_, options_, start);
  if (!plan.ok()) {
    pool_.forget_attempt();  // nobody has been told of it
    return attempt_failed(plan.status());
  }
  message.restored_checkpoint = start.restored_checkpoint;
  message.restored_directory = start.restored_directory;
  message.sidecar = start.sidecar;
  message.splits = start.splits;
  const std::vector<PooledWorker*> workers = pool_.of_attempt();
  for (const PooledWorker* worker : workers) message.data_addresses.push_back(worker->offer.data_address);
  if (shards < current_.slots_wanted) {
    WEIR_LOG(kWarning) << "running on " << shards << " of the " << current_.slots_wanted << " slots wanted, from the last checkpoint";
  }
  for (PooledWorker* worker : workers) {
    message.own = worker->index;
    message.plan = *plan ? part_of_plan(**plan, message.worker_of_shard, worker->index) : nullptr;
    worker->send(message);
  }
  worker_of_shard_ = std::move(message.worker_of_shard);
}

void JobMaster::on_running() {
  phase_ = Phase::kRunning;
  current_.state = JobState::kRunning;
  send_to_attempt(Start{attempt_});
  if (coordinator_) coordinator_->start(attempt_, participants_of(attempt_graph_, worker_of_shard_), prepared_->start->restored_checkpoint);
}

void JobMaster::on_ended(bool finished) {
  if (finished) {
    tear_down([this] { end(JobState::kFinished, JobOutcome::kFinished); });
  } else if (coordinator_) {
    finish_by_checkpoint();
  } else {
    send_to_attempt(NotifyCheckpointComplete{attempt_, INT64_MAX});
  }
}

/// The last results become visible only with a checkpoint that is taken after the end of all input.
void JobMaster::finish_by_checkpoint() {
  coordinator_->request_final([this, attempt = attempt_](Status status) {
    if (status.ok() || attempt != attempt_ || phase_ != Phase::kRunning) return;
    WEIR_LOG(kWarning) << "the final checkpoint failed and is taken again: " << status.message();
    finish_by_checkpoint();
  });
}

void JobMaster::attempt_failed(Status status) {
  if (phase_ != Phase::kDeploying && phase_ != Phase::kRunning) return;
  WEIR_LOG(kWarning) << "attempt " << attempt_text(attempt_) << " failed: " << status.message();
  current_.failure = status;
  tear_down([this] { schedule_restart(); });
}

/// More slots than the attempt runs on: from the checkpoint that has just been completed nothing is done twice.
void JobMaster::widen_if_possible() {
  if (phase_ != Phase::kRunning || !options_.adaptive || shards_ >= current_.slots_wanted || pool_.slots() <= shards_) return;
  if (pool_.all_of_attempt(&PooledWorker::ended)) return;
  WEIR_LOG(kInfo) << "there are " << pool_.slots() << " slots now: widening from " << shards_;
  current_.state = JobState::kRestarting;
  tear_down([this] { prepare(); });
}

void JobMaster::tear_down(std::function<void()> after) {
  if (coordinator_) coordinator_->stop(attempt_);
  phase_ = Phase::kTearingDown;
  after_ = std::move(after);
  teardown_deadline_ = platform_.clock.now() + options_.cancellation_timeout;
  send_to_attempt(Cancel{attempt_});
  torn_down_if_all_left();
}

void JobMaster::torn_down_if_all_left() {
  if (waiting_for_storage_ || !after_) return;
  for (const PooledWorker* worker : pool_.of_attempt()) {
    if (!worker->left && !bug_enabled(Bug::kRestartBeforeAllLeft)) return;
  }
  pool_.forget_attempt();
  // A checkpoint whose `_metadata` is being written right now may become complete: a restart must know. A cancellation does not wait
  // for storage that does not answer; it deletes nothing whose outcome is open.
  if (coordinator_ && !cancel_requested_) {
    waiting_for_storage_ = true;
    coordinator_->when_idle([this] { go_on(); });
    return;
  }
  go_on();
}

void JobMaster::go_on() {
  waiting_for_storage_ = false;
  if (after_) std::exchange(after_, nullptr)();
}

void JobMaster::schedule_restart() {
  const MonotonicTime now = platform_.clock.now();
  const double random = static_cast<double>(platform_.random.next() >> 11) * 0x1.0p-53;
  const auto delay = backoff_.on_failure(now, random);
  if (!delay) {
    current_.failure = current_.failure.with_context(cat("the restart strategy (", backoff_.name(), ") allows no further restart"));
    end(JobState::kFailed, JobOutcome::kFailed);
    return;
  }
  ++current_.restarts;
  current_.state = JobState::kRestarting;
  WEIR_LOG(kInfo) << "restarting in " << ms(*delay) << " ms";
  restart_at_ = now + *delay;
  phase_ = Phase::kWaitingToRestart;
}

// --- the end ---

void JobMaster::end(JobState state, JobOutcome outcome) {
  phase_ = Phase::kTearingDown;
  after_ = nullptr;
  teardown_deadline_ = MonotonicTime::max();
  // A job that was refused before its first record may be started again when what was wrong is mended.
  if (store_ == nullptr || current_.refused) return clean_up(state, outcome);
  record_result(state, outcome);
}

/// Before anything is deleted: a leader that takes over in between must not look for checkpoints that are gone.
void JobMaster::record_result(JobState state, JobOutcome outcome) {
  JobResult result{to_string(state), state == JobState::kFailed ? std::string(current_.failure.message()) : std::string()};
  run_blocking([this, state, outcome, result, store = store_]() -> std::function<void()> {
    const Status status = store->set_result(result);
    return [this, state, outcome, status] {
      if (status.ok()) return clean_up(state, outcome);
      if (status.code() == StatusCode::kAborted) {
        // One that was deposed says nothing and deletes nothing: whoever leads now will end the job, with these workers. The election takes
        // this job master away.
        WEIR_LOG(kWarning) << "how the job ended is not recorded: " << status.message();
        return;
      }
      if (status.code() != StatusCode::kUnavailable) return terminate(state);
      WEIR_LOG(kWarning) << "how the job ended is not recorded yet: " << status.message();
      record_again_ = {state, outcome};
      record_again_at_ = platform_.clock.now() + kRecordAgain;
    };
  });
}

void JobMaster::clean_up(JobState state, JobOutcome outcome) {
  if (coordinator_) {
    coordinator_->shut_down(outcome, [this, state] { terminate(state); });
  } else {
    terminate(state);
  }
}

void JobMaster::terminate(JobState state) {
  phase_ = Phase::kTerminal;
  current_.state = state;
  goodbye_deadline_ = platform_.clock.now() + kGoodbyeTime;
  pool_.for_each([&](PooledWorker& worker) { worker.send(Shutdown{state == JobState::kFailed, std::string(current_.failure.message())}); });
}

// --- what the checkpoint coordinator wants ---

void JobMaster::send_to_attempt(const FromMaster& message) {
  const std::string frame = encode(message);
  for (PooledWorker* worker : pool_.of_attempt()) worker->connection->send(frame);
}

void JobMaster::send_trigger(const TriggerCheckpoint& message) { send_to_attempt(message); }
void JobMaster::send_complete(const NotifyCheckpointComplete& message) { send_to_attempt(message); }
void JobMaster::send_aborted(const NotifyCheckpointAborted& message) { send_to_attempt(message); }

void JobMaster::run_blocking(std::function<std::function<void()>()> work) {
  // The mailbox may outlive this actor: storage that does not answer is not waited for at the end.
  platform_.scheduler.run_blocking([mailbox = mailbox_, work = std::move(work)] {
    if (auto continuation = work()) mailbox->post(std::move(continuation));
  });
}

void JobMaster::on_checkpoint_failure_beyond_tolerance(const Status& status) {
  mailbox_->post([this, status, attempt = attempt_] {  // not from within the coordinator's own call
    if (attempt == attempt_) attempt_failed(status);
  });
}

void JobMaster::on_completed(const CompletedCheckpoint&) {
  mailbox_->post([this] { widen_if_possible(); });  // likewise
}

}  // namespace weir
