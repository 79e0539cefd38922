// An attempt, from its preparation to the next.

#include <algorithm>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "cluster/deployment.h"
#include "cluster/job_master.h"
#include "graph/scale.h"

namespace weir {
namespace {

constexpr MonotonicTime kSayWaitingEach = std::chrono::seconds(10);

JobState state_of(const JobResult& result) {
  for (const JobState state : {JobState::kFinished, JobState::kCanceled}) {
    if (result.state == to_string(state)) return state;
  }
  return JobState::kFailed;
}

}  // namespace

void JobMaster::prepare() {
  phase_ = Phase::kPreparing;
  RestartFrom from;
  if (coordinator_) from.completed = coordinator_->completed();
  from.read_all = damage_met_;
  from.may_fall_back =
      store_ == nullptr;  // else the pointer says where to go on, and nothing older will do
  from.set_aside = set_aside_;
  // At the start of a job damage is to be found before the first record. Afterwards whoever reads
  // the state finds it.
  const bool read_all = damage_met_ || !has_taken_over();
  const uint64_t nonce = from.nonce = platform_.random.next();
  // The graph and the files are the process's; the rest may outlive this actor.
  run_blocking([this, &graph = graph_, options = shared_options_, &files = platform_.files, nonce,
                from, read_all, before = prepared_, store = store_,
                epoch = epoch_]() -> std::function<void()> {
    auto result = std::make_shared<StatusOr<PreparedJob>>(
        before ? prepare_restart(graph, *options, files, *before, from)
               : prepare_job(
                     graph, *options, files,
                     {.store = store.get(), .epoch = epoch, .nonce = nonce, .read_all = read_all}));
    return [this, result] { on_prepared(std::move(*result)); };
  });
}

void JobMaster::on_prepared(StatusOr<PreparedJob> prepared) {
  if (prepared.ok() && prepared->result) {
    current_.failure = Status(
        prepared->result->message.empty() ? StatusCode::kOk : StatusCode::kFailedPrecondition,
        prepared->result->message);
    WEIR_LOG(kWarning)
        << "the job has ended before, as ZooKeeper has it: " << prepared->result->state
        << ". To run it again give it another --name or --job-id, or remove that record";
    found_ended_ = true;  // workers that missed it are on their way here
    return terminate(state_of(*prepared->result));
  }
  if (cancel_requested_) {
    end(JobState::kCanceled, JobOutcome::kCanceled);
    return;
  }
  if (store_ != nullptr && (prepared.status().code() == StatusCode::kAborted ||
                            prepared.status().code() == StatusCode::kCancelled)) {
    // Deposed meanwhile: that is not the job's failure, and whoever leads now needs these workers.
    // The election takes this job master away.
    WEIR_LOG(kWarning) << "the job is not prepared any further: " << prepared.status().message();
    return;
  }
  if (!prepared.ok()) {
    current_.failure = prepared.status();
    // What does not work at the start is not mended by trying again; but when a leader takes over,
    // it is storage that has to be waited for.
    const bool wait_for_storage =
        (has_taken_over() || damage_met_) && prepared.status().code() == StatusCode::kUnavailable;
    if (!prepared_ && !wait_for_storage) {
      current_.refused = true;
      end(JobState::kFailed, JobOutcome::kFailed);
    } else if (!preparation_may_pass(prepared.status())) {
      fail_for_good(prepared.status());
    } else {
      WEIR_LOG(kWarning) << "no start can be prepared now: " << current_.failure.message();
      schedule_restart();
    }
    return;
  }
  if (!coordinator_ && options_.checkpoints_enabled) {
    CoordinatorOptions options = coordinator_options(graph_, options_, *prepared);
    options.store = store_;
    coordinator_ = std::make_unique<CheckpointCoordinator>(
        platform_.clock, platform_.random, std::move(options), static_cast<CheckpointHost&>(*this));
  }
  if (coordinator_) coordinator_->begin_start(prepared->lineage.newest);
  prepared_ = std::move(*prepared);
  current_.restored_checkpoint = prepared_->start->restored_checkpoint;
  phase_ = Phase::kWaitingForSlots;
  waiting_since_ = said_waiting_at_ = platform_.clock.now();
}

MonotonicTime JobMaster::wait_for_slots(MonotonicTime now) {
  const int wanted = current_.slots_wanted;
  const int slots = pool_.slots();
  const bool first = attempt_ == first_attempt_of(epoch_) && !has_taken_over();
  const MonotonicTime narrower_at =
      waiting_since_ + (first ? options_.first_slot_wait : options_.restart_slot_wait);
  if (slots >= wanted || (options_.adaptive && slots > 0 && now >= narrower_at)) {
    deploy(std::min(slots, wanted));
    return kIdle;
  }
  if (current_.state == JobState::kPreparing) current_.state = JobState::kWaitingForSlots;
  if (now >= said_waiting_at_ + kSayWaitingEach) {
    said_waiting_at_ = now;
    WEIR_LOG(kInfo) << "waiting for workers: " << slots << " of " << wanted
                    << " slots have registered";
  }
  const MonotonicTime say_at = said_waiting_at_ + kSayWaitingEach;
  return options_.adaptive && slots > 0 ? std::min(narrower_at, say_at) : say_at;
}

void JobMaster::deploy(int shards) {
  ++attempt_;
  phase_ = Phase::kDeploying;
  records_of_earlier_attempts_ += std::exchange(records_of_attempt_, 0);
  const StartingPoint& start = *prepared_->start;
  auto fitting = with_max_parallelisms(limit_parallelism(graph_, shards), start.max_parallelisms);
  if (!fitting.ok()) return attempt_failed(fitting.status());
  attempt_graph_ = *std::move(fitting);
  std::vector<int32_t> worker_of_shard = pool_.place(shards);
  const auto plan = restore_plan(attempt_graph_, options_, start);
  if (!plan.ok()) {
    pool_.forget_attempt();  // nobody has been told of it
    return attempt_failed(plan.status());
  }
  const std::vector<PooledWorker*> workers = pool_.of_attempt();
  std::vector<std::string> addresses;
  for (const PooledWorker* worker : workers) addresses.push_back(worker->offer.data_address);
  if (shards < current_.slots_wanted) {
    WEIR_LOG(kWarning) << "running on " << shards << " of the " << current_.slots_wanted
                       << " slots wanted, from the last checkpoint";
  }
  worker_of_shard_ = std::move(worker_of_shard);
  Deployment deployment(attempt_graph_, attempt_, start, plan->get(), worker_of_shard_,
                        std::move(addresses));
  for (PooledWorker* worker : workers) worker->send(deployment.of_worker(worker->index));
}

void JobMaster::on_running() {
  phase_ = Phase::kRunning;
  has_run_ = true;
  current_.state = JobState::kRunning;
  send_to_attempt(Start{attempt_});
  if (coordinator_)
    coordinator_->start(attempt_, participants_of(attempt_graph_, worker_of_shard_),
                        prepared_->start->restored_checkpoint);
}

void JobMaster::on_ended(bool finished) {
  if (finished) {
    tear_down([this] { end(JobState::kFinished, JobOutcome::kFinished); });
  } else if (coordinator_) {
    finish_by_checkpoint();
  } else {
    send_to_attempt(CommitWithoutCheckpoint{attempt_});
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

void JobMaster::attempt_failed(const Status& failure, const std::string& where) {
  if (phase_ != Phase::kDeploying && phase_ != Phase::kRunning) return;
  constexpr int kSayThatItIsTheSame = 3;
  const Status status = where.empty() ? failure : failure.with_context(where);
  WEIR_LOG(kWarning) << "attempt " << attempt_text(attempt_) << " failed: " << status.message();
  if (const int count = failures_.count(failure); count >= kSayThatItIsTheSame) {
    WEIR_LOG(kWarning) << "it is the same failure for the " << count
                       << "th time in a row, and no checkpoint was completed in between: restarts "
                       << "alone do not mend it";
  }
  current_.failure = status;
  const bool deploying = phase_ == Phase::kDeploying;
  if (!may_pass(failure)) return tear_down([this, status] { fail_for_good(status); });
  const CheckpointId restored = prepared_->start->restored_checkpoint;
  if (deploying && restored >= 0 && failures_.restore_failed_again(restored, failure)) {
    return tear_down([this, status] { set_restored_aside(status); });
  }
  if (deploying && failure.code() == StatusCode::kDataLoss) {
    const bool known = std::exchange(damage_met_, true);
    if (!has_run_) {
      prepared_.reset();  // it is the start that is not good: it is refused, or falls back, when
                          // everything has been read
      if (!known) return tear_down([this] { prepare(); });
    }
  }
  tear_down([this] { schedule_restart(); });
}

void JobMaster::fail_for_good(const Status& failure) {
  current_.failure = failure;
  current_.refused = !has_run_;
  if (has_run_)
    current_.failure = failure.with_context("the job has failed, and restarting would not mend it");
  end(JobState::kFailed, JobOutcome::kFailed);
}

void JobMaster::set_restored_aside(const Status& failure) {
  const CheckpointId restored = prepared_->start->restored_checkpoint;
  const bool of_this_job =
      coordinator_ && std::binary_search(coordinator_->completed().begin(),
                                         coordinator_->completed().end(), restored);
  const bool has_older = of_this_job && coordinator_->completed().front() < restored;
  const bool chosen = !has_run_ && options_.restore_from != kFromLatest;  // by its path
  if (store_ != nullptr || !has_older || chosen) {
    return fail_for_good(failure.with_context(cat("checkpoint ", restored, " in ",
                                                  prepared_->start->restored_directory,
                                                  " could not be restored twice")));
  }
  WEIR_LOG(kWarning)
      << "checkpoint " << restored << " in " << prepared_->start->restored_directory
      << " could not be restored twice: it is set aside, and the one before is taken";
  set_aside_.insert(restored);
  prepare();
}

/// More slots than the attempt runs on: from the checkpoint that has just been completed nothing is
/// done twice.
void JobMaster::widen_if_possible() {
  if (phase_ != Phase::kRunning || !options_.adaptive || shards() >= current_.slots_wanted ||
      pool_.slots() <= shards())
    return;
  if (pool_.all_of_attempt(&PooledWorker::ended)) return;
  WEIR_LOG(kInfo) << "there are " << pool_.slots() << " slots now: widening from " << shards();
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
  // A checkpoint whose `_metadata` is being written right now may become complete: a restart must
  // know. A cancellation does not wait for storage that does not answer; it deletes nothing whose
  // outcome is open.
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
    current_.failure = current_.failure.with_context(
        cat("the restart strategy (", backoff_.name(), ") allows no further restart"));
    end(JobState::kFailed, JobOutcome::kFailed);
    return;
  }
  ++current_.restarts;
  current_.state = JobState::kRestarting;
  WEIR_LOG(kInfo) << "restarting in " << whole_ms(*delay) << " ms";
  restart_at_ = now + *delay;
  phase_ = Phase::kWaitingToRestart;
}

}  // namespace weir
