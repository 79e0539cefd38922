#include <algorithm>
#include <mutex>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/detail/connector/sink_operator.h"
#include "weir/types/bytes.h"

namespace weir::detail {
namespace {

constexpr char kStateName[] = "committables";
constexpr int kMaxAttempts = 20;
constexpr int64_t kFirstRetryMs = 100;
constexpr int64_t kMaxRetryMs = 5000;

}  // namespace

/// The work before the first record. It is done once, by the first thread of the I/O pool that gets
/// to it.
class PendingCommits::Recovery {
 public:
  Recovery(std::shared_ptr<Committer> committer, SinkStart start)
      : committer_(std::move(committer)), start_(std::move(start)) {}

  /// Called before the attempt runs.
  Status find() {
    auto found = committer_->find_orphans(start_);
    if (!found.ok()) return found.status();
    orphans_ = *std::move(found);
    return {};
  }

  Status run() {
    const std::lock_guard lock(mutex_);
    if (done_) return {};
    if (!orphans_.empty()) WEIR_RETURN_IF_ERROR(committer_->remove_orphans(orphans_));
    if (!start_.pending.empty()) { WEIR_RETURN_IF_ERROR(committer_->commit(start_.pending)); }
    done_ = true;
    return {};
  }

 private:
  std::mutex mutex_;
  const std::shared_ptr<Committer> committer_;
  const SinkStart start_;
  std::vector<std::string> orphans_;  ///< set before run()
  bool done_ = false;
};

PendingCommits::PendingCommits(std::shared_ptr<Committer> committer, OperatorContext& context,
                               OnCommitted on_committed)
    : committer_(std::move(committer)),
      context_(context),
      notify_committed_(std::move(on_committed)) {}

Status PendingCommits::open() {
  TypeDescription bytes;
  bytes.kind = TypeKind::kBytes;
  WEIR_ASSIGN_OR_RETURN(
      const std::vector<std::string> restored,
      context_.operator_state().declare(kStateName, ListStateMode::kUnion, std::move(bytes)));
  SinkStart start{.pending = {},
                  .restored_checkpoint = context_.restored_checkpoint(),
                  .uid = context_.uid(),
                  .run_nonce = context_.run_nonce(),
                  .continues_run = context_.continues_run()};
  for (const std::string& element : restored) {
    BinaryReader outer(element);
    BinaryReader in(outer.get_bytes());
    Entry entry{.checkpoint_id = in.get_i64(),
                .subtask = in.get_i32(),
                .bytes = std::string(in.get_bytes())};
    if (!outer.ok()) return outer.status("a restored committable");
    if (!in.ok()) return in.status("a restored committable");
    if (context_.subtask() != 0) continue;
    start.pending.push_back(entry.bytes);
    pending_.push_back(std::move(entry));
  }
  if (bug_enabled(Bug::kDropPendingCommittablesOnRestore)) {
    start.pending.clear();
    pending_.clear();
  }
  recovery_ = std::make_shared<Recovery>(committer_, std::move(start));
  if (context_.subtask() != 0) return {};
  if (bug_enabled(Bug::kOrphansRemovedAtOpen)) {
    WEIR_RETURN_IF_ERROR(recovery_->find());
    return recovery_->run();
  }
  return recovery_->find().with_context("cannot look for what earlier attempts left");
}

bool PendingCommits::recovered() {
  if (!recovered_ && !recovering_ && retry_at_ms_ == INT64_MAX) recover();
  return recovered_;
}

/// Only the running attempt calls this, so all orphans that find() saw belong to earlier attempts.
void PendingCommits::recover() {
  recovering_ = true;
  context_.run_blocking([this, recovery = recovery_]() -> std::function<void()> {
    Status status = recovery->run();
    return [this, status = std::move(status)] { on_recovered(status); };
  });
}

void PendingCommits::on_recovered(const Status& status) {
  recovering_ = false;
  if (!status.ok()) {
    retry_later(status, "cannot take up where the restored checkpoint left off");
    return;
  }
  recovered_ = true;
  attempts_ = 0;
  std::erase_if(pending_, [this](const Entry& e) {
    return e.checkpoint_id <= context_.restored_checkpoint();
  });
  start_commit();
}

void PendingCommits::snapshot(SnapshotContext& context, std::vector<std::string> prepared) {
  if (bug_enabled(Bug::kCommitBeforeComplete))
    context.before_ack([committer = committer_, prepared] { return committer->commit(prepared); });
  for (std::string& bytes : prepared)
    pending_.push_back({context.checkpoint_id(), context_.subtask(), std::move(bytes)});
  std::vector<std::string> elements;
  elements.reserve(pending_.size());
  for (const Entry& entry : pending_) {
    BinaryWriter inner;
    inner.put_i64(entry.checkpoint_id);
    inner.put_i32(entry.subtask);
    inner.put_bytes(entry.bytes);
    BinaryWriter out;
    out.put_bytes(inner.buffer());
    elements.push_back(out.take());
  }
  context.put_list(kStateName, std::move(elements));
  // When this checkpoint completes, it may be the next one to be restored. By then, orphans of
  // earlier attempts must be removed, and pending committables committed.
  if (!recovered_) context.before_ack([recovery = recovery_] { return recovery->run(); });
}

void PendingCommits::completed(int64_t id) {
  completed_ = std::max(completed_, id);
  start_commit();
}

void PendingCommits::commit_final(std::vector<std::string> prepared,
                                  std::vector<std::function<Status()>> make_durable) {
  for (std::string& bytes : prepared)
    pending_.push_back({INT64_MAX, context_.subtask(), std::move(bytes)});
  std::move(make_durable.begin(), make_durable.end(), std::back_inserter(make_durable_));
  completed(INT64_MAX);
}

void PendingCommits::start_commit() {
  if (!recovered_ || committing_ || retry_at_ms_ != INT64_MAX) return;
  std::vector<std::string> committables;
  for (const Entry& entry : pending_) {
    if (entry.checkpoint_id <= completed_) committables.push_back(entry.bytes);
  }
  if (committables.empty()) return;
  committing_ = true;
  std::vector<std::function<Status()>> first;
  if (completed_ == INT64_MAX) first = make_durable_;
  context_.run_blocking([this, committer = committer_, committables = std::move(committables),
                         first = std::move(first), up_to = completed_]() -> std::function<void()> {
    Status status;
    for (const auto& work : first) {
      if (status.ok()) status = work();
    }
    if (status.ok()) status = committer->commit(committables);
    return [this, up_to, status = std::move(status)] { on_committed(up_to, status); };
  });
}

void PendingCommits::on_committed(int64_t up_to, const Status& status) {
  committing_ = false;
  if (!status.ok()) {
    retry_later(status, "cannot commit");
    return;
  }
  attempts_ = 0;
  std::vector<std::string> committed;
  std::erase_if(pending_, [&](Entry& e) {
    if (e.checkpoint_id > up_to) return false;
    committed.push_back(std::move(e.bytes));
    return true;
  });
  notify_committed_(committed);
  if (up_to == INT64_MAX) make_durable_.clear();
  start_commit();
}

bool PendingCommits::retry_later(const Status& status, const char* what) {
  if (status.code() != StatusCode::kUnavailable || ++attempts_ >= kMaxAttempts) {
    context_.fail(status.with_context(what));
    return false;
  }
  const int64_t delay_ms = std::min(kMaxRetryMs, kFirstRetryMs << std::min(attempts_ - 1, 10));
  retry_at_ms_ = context_.processing_time_ms() + delay_ms;
  WEIR_LOG(kWarning) << context_.operator_name() << " (subtask " << context_.subtask() << ") "
                     << what << ", tries again in " << delay_ms << " ms: " << status.to_string();
  return true;
}

bool PendingCommits::retry_is_due(int64_t now_ms) const {
  if (retry_at_ms_ == INT64_MAX) return false;
  // A wall clock that was set back must not delay it.
  return now_ms >= retry_at_ms_ || retry_at_ms_ - now_ms > kMaxRetryMs;
}

int64_t PendingCommits::next_processing_time() const {
  const int64_t now_ms = context_.processing_time_ms();
  const bool not_begun = !recovered_ && !recovering_ && retry_at_ms_ == INT64_MAX;
  return not_begun || retry_is_due(now_ms) ? now_ms : retry_at_ms_;
}

void PendingCommits::advance_processing_time(int64_t now_ms) {
  if (retry_is_due(now_ms)) {
    retry_at_ms_ = INT64_MAX;
    start_commit();
  }
  (void)recovered();
}

bool PendingCommits::quiescent() const {
  if (!recovered_ || committing_ || retry_at_ms_ != INT64_MAX) return false;
  return std::none_of(pending_.begin(), pending_.end(),
                      [this](const Entry& e) { return e.checkpoint_id <= completed_; });
}

}  // namespace weir::detail
