#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/sink.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// The committables of one subtask of a sink, from the barrier until they are committed. Commits
/// run on the I/O pool, one at a time. Thread: the operator's.
///
/// Invariants: only committables of completed checkpoints are committed. A committable leaves the
/// state only after its commit succeeded. Subtask 0 owns the restored committables and the orphans
/// to remove. It commits and removes them before its first record and its first acknowledgment, so
/// before any checkpoint of the attempt can complete.
class PendingCommits {
 public:
  /// `on_committed` gets the committables that this subtask prepared, once they are committed and
  /// have left the state. It is not called after close.
  using OnCommitted = std::function<void(const std::vector<std::string>&)>;
  PendingCommits(std::shared_ptr<Committer> committer, OperatorContext& context,
                 OnCommitted on_committed);

  /// Declares the state and restores it. In subtask 0, also finds the orphans of earlier attempts.
  /// Blocks.
  Status open();
  /// Returns false while no record may be written. The first call in a running attempt starts the
  /// recovery.
  bool recovered();
  /// Adds `prepared` to the pending committables, and puts all of them into the snapshot.
  void snapshot(SnapshotContext& context, std::vector<std::string> prepared);
  /// Commits the committables of checkpoints up to `id`.
  void completed(int64_t id);
  /// Commits everything at the end of a job without checkpoints. `make_durable` runs first, on the
  /// I/O pool.
  void commit_final(std::vector<std::string> prepared,
                    std::vector<std::function<Status()>> make_durable);
  int64_t next_processing_time() const;
  void advance_processing_time(int64_t now_ms);
  /// False while a recovery or a commit is in progress or waits for a retry.
  bool quiescent() const;

 private:
  struct Entry {
    int64_t checkpoint_id;
    int32_t subtask;
    std::string bytes;
  };
  class Recovery;

  void recover();
  void start_commit();
  void on_recovered(const Status& status);
  void on_committed(int64_t up_to, const Status& status);
  bool retry_is_due(int64_t now_ms) const;
  /// Returns true if it will be retried, false if the task has failed.
  bool retry_later(const Status& status, const char* what);

  const std::shared_ptr<Committer> committer_;
  OperatorContext& context_;
  const OnCommitted notify_committed_;
  std::shared_ptr<Recovery> recovery_;
  std::vector<Entry> pending_;
  std::vector<std::function<Status()>> make_durable_;
  int64_t completed_ = -1;
  bool recovered_ = false;
  bool recovering_ = false;
  bool committing_ = false;
  int attempts_ = 0;
  int64_t retry_at_ms_ = INT64_MAX;
};

/// Replaces the final checkpoint in a job without checkpoints.
class FinalSnapshotContext final : public SnapshotContext {
 public:
  int64_t checkpoint_id() const override { return INT64_MAX; }
  void put_list(const std::string&, std::vector<std::string>) override {}
  void before_ack(std::function<Status()> work) override { work_.push_back(std::move(work)); }
  std::vector<std::function<Status()>> take_work() { return std::move(work_); }

 private:
  std::vector<std::function<Status()>> work_;
};

/// Runs a sink's writer and committer.
template <class T, class SinkT>
class SinkOperator final : public Operator {
 public:
  explicit SinkOperator(std::shared_ptr<const SinkT> sink) : sink_(std::move(sink)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    writer_ = sink_->create_writer();
    if (writer_ == nullptr) return failed_precondition("the sink's create_writer() gave none");
    if (std::shared_ptr<Committer> committer = sink_->create_committer(context.files())) {
      commits_ = std::make_unique<PendingCommits>(
          std::move(committer), context,
          [this](const std::vector<std::string>& committed) { writer_->committed(committed); });
      if (Status opened = commits_->open(); !opened.ok()) return opened;
    }
    return writer_->open(context);
  }
  void process(Batch& batch, Output&) override { writer_->write(static_cast<BatchOf<T>&>(batch)); }
  bool can_accept() override {
    return (!commits_ || commits_->recovered()) && writer_->can_accept();
  }
  Progress advance_processing_time(int64_t now_ms, Output&) override {
    if (commits_) commits_->advance_processing_time(now_ms);
    return Progress::kDone;
  }
  int64_t next_processing_time() override {
    return commits_ ? commits_->next_processing_time() : INT64_MAX;
  }
  Status snapshot(SnapshotContext& context) override {
    std::vector<std::string> prepared = writer_->prepare_commit(context);
    if (commits_) commits_->snapshot(context, std::move(prepared));
    return {};
  }
  void checkpoint_completed(int64_t id) override {
    writer_->checkpoint_completed(id);
    if (commits_) commits_->completed(id);
  }
  void commit_without_checkpoint() override {
    FinalSnapshotContext last;
    std::vector<std::string> prepared = writer_->prepare_commit(last);
    if (commits_) commits_->commit_final(std::move(prepared), last.take_work());
    else write_out(last.take_work());
  }
  bool quiescent() override { return !writing_out_ && (!commits_ || commits_->quiescent()); }
  void close() override {
    if (writer_) writer_->close();
  }

 private:
  /// Does the work that otherwise precedes an acknowledgment.
  void write_out(std::vector<std::function<Status()>> work) {
    if (work.empty()) return;
    writing_out_ = true;
    context_->run_blocking([this, work = std::move(work)]() -> std::function<void()> {
      Status status;
      for (const auto& part : work) {
        if (status.ok()) status = part();
      }
      return [this, status = std::move(status)] {
        writing_out_ = false;
        if (!status.ok()) context_->fail(status);
      };
    });
  }

  const std::shared_ptr<const SinkT> sink_;
  OperatorContext* context_ = nullptr;
  bool writing_out_ = false;
  std::unique_ptr<SinkWriter<T>> writer_;
  std::unique_ptr<PendingCommits> commits_;
};

}  // namespace weir::detail
