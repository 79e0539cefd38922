#include "cluster/job_master/job_termination.h"

#include <utility>

#include "base/log.h"

namespace weir {
namespace {

constexpr MonotonicTime kGoodbyeTime = std::chrono::seconds(5);
constexpr MonotonicTime kRecordAgain = std::chrono::milliseconds(200);

JobOutcome outcome_of(JobState state) {
  switch (state) {
    case JobState::kFinished: return JobOutcome::kFinished;
    case JobState::kCanceled: return JobOutcome::kCanceled;
    default: return JobOutcome::kFailed;
  }
}

}  // namespace

JobTermination::JobTermination(const Clock& clock, std::shared_ptr<LeaderStore> store,
                               TerminationHost& host, std::function<void()> on_end)
    : clock_(clock), store_(std::move(store)), host_(host), on_end_(std::move(on_end)) {}

void JobTermination::begin(JobEnd end) {
  if (stage_ != Stage::kNotBegun) return;
  end_ = std::move(end);
  if (end_.refused) return terminate();
  if (store_ == nullptr) return clean_up();
  record();
}

void JobTermination::begin_known(JobEnd end) {
  end_ = std::move(end);
  known_ = true;
  terminate();
}

void JobTermination::record() {
  stage_ = Stage::kRecording;
  const RecordedResult result{to_string(end_.state), end_.message};
  host_.run_blocking([this, result, store = store_]() -> std::function<void()> {
    const Status status = store->set_result(result);
    return [this, status] { on_recorded(status); };
  });
}

void JobTermination::on_recorded(const Status& status) {
  if (status.ok()) return clean_up();
  if (status.code() == StatusCode::kAborted) {
    // A deposed leader notifies no worker and deletes nothing: the next leader ends the job, with
    // these workers. The election will destroy this job master.
    WEIR_LOG(kWarning) << "how the job ended is not recorded: " << status.message();
    return;
  }
  if (status.code() != StatusCode::kUnavailable) return terminate();
  WEIR_LOG(kWarning) << "how the job ended is not recorded yet: " << status.message();
  stage_ = Stage::kRecordAgain;
  record_again_at_ = clock_.now() + kRecordAgain;
}

void JobTermination::clean_up() {
  stage_ = Stage::kCleaningUp;
  host_.clean_up(outcome_of(end_.state), [this] { terminate(); });
}

void JobTermination::terminate() {
  stage_ = Stage::kTerminal;
  goodbye_deadline_ = clock_.now() + kGoodbyeTime;
  host_.on_terminal(end_);
}

std::optional<Shutdown> JobTermination::farewell() const {
  if (!is_terminal()) return std::nullopt;
  return Shutdown{end_.state == JobState::kFailed && !end_.unwanted, end_.message};
}

MonotonicTime JobTermination::poll(MonotonicTime now, bool workers_gone) {
  if (stage_ == Stage::kRecordAgain) {
    if (now < record_again_at_) return record_again_at_;
    record();
  }
  if (!is_terminal() || !on_end_) return MonotonicTime::max();
  if (now < goodbye_deadline_ && (!workers_gone || known_)) return goodbye_deadline_;
  std::exchange(on_end_, nullptr)();
  return MonotonicTime::max();
}

}  // namespace weir
