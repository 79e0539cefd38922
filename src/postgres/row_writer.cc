// Writes the rows of one subtask: at once, or into the checkpoint for the committer.

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/real_clock.h"
#include "postgres/connection.h"
#include "weir/detail/connector/jdbc_writer.h"

namespace weir::detail {
namespace {

using postgres::Connection;
using postgres::RowReader;
using postgres::Rows;

/// Most batches that wait for the server.
constexpr size_t kMaxBatches = 4;
constexpr size_t kMaxBatchBytes = size_t{4} << 20;
/// The pause grows with the number of the retry, as in Flink.
constexpr std::chrono::milliseconds kRetryPause{500};

/// Rows on their way to the server, in order. Thread: any.
class RowQueue {
 public:
  explicit RowQueue(JdbcSinkOptions options) : options_(std::move(options)) {}

  void add(const JdbcStatement& row) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || full(waiting_.back())) waiting_.emplace_back();
    waiting_.back().add(row);
    ++added_;
  }
  bool has_room() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size() < kMaxBatches;
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty();
  }
  int64_t added() const {
    const std::lock_guard lock(mutex_);
    return added_;
  }
  /// Blocks until the first `rows` rows are written, or some cannot be. Does not wait for later
  /// ones, of which there may always be more.
  Status write_up_to(int64_t rows) {
    const std::lock_guard lock(writing_);
    while (failure_.ok() && written_ < rows && take()) {
      failure_ = write_with_retries();
      if (failure_.ok()) written_ += current_.count();
    }
    return failure_;
  }
  /// Gives up between two tries.
  void stop() { stopped_ = true; }

 private:
  bool full(const Rows& batch) const {
    return batch.count() >= static_cast<int64_t>(options_.batch_size) ||
           batch.bytes() >= kMaxBatchBytes;
  }
  bool take() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
  }
  Status write_with_retries() {
    for (int retry = 1;; ++retry) {
      Status status = write_once();
      if (status.ok()) return status;
      connection_.reset();
      if (status.code() != StatusCode::kUnavailable || retry > options_.max_retries || stopped_)
        return status;
      WEIR_LOG(kWarning) << "a JdbcSink repeats " << current_.count()
                         << " rows: " << status.to_string();
      sleep_for(kRetryPause * retry);
    }
  }
  Status write_once() {
    if (connection_ == nullptr) {
      WEIR_ASSIGN_OR_RETURN(connection_, Connection::open(options_.connection, options_.timeout));
      WEIR_RETURN_IF_ERROR(connection_->prepare(options_.statement));
    }
    RowReader rows(current_.buffer());
    return connection_->write(rows, static_cast<size_t>(current_.count()));
  }

  const JdbcSinkOptions options_;
  std::atomic<bool> stopped_ = false;
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::deque<Rows> waiting_;
  int64_t added_ = 0;

  std::mutex writing_;
  // guarded by writing_
  Rows current_;
  int64_t written_ = 0;
  std::unique_ptr<Connection> connection_;
  Status failure_;
};

/// Always writes what there is, so batches grow with the load, and no row waits for others.
class PlainWriter final : public JdbcWriter {
 public:
  explicit PlainWriter(JdbcSinkOptions options)
      : safe_(options.guarantee == DeliveryGuarantee::kAtLeastOnce),
        queue_(std::make_shared<RowQueue>(std::move(options))) {}
  ~PlainWriter() override { queue_->stop(); }

  Status open(OperatorContext& context) override {
    context_ = &context;
    sent_ = &context.metrics().counter("numRecordsSend");
    return {};
  }
  void write(const JdbcStatement& row) override {
    queue_->add(row);
    sent_->inc();
  }
  void end_of_batch() override { write_out(); }
  bool can_accept() override { return queue_->has_room(); }
  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    if (safe_)
      context.before_ack(
          [queue = queue_, rows = queue_->added()] { return queue->write_up_to(rows); });
    return {};
  }
  void close() override { queue_->stop(); }

 private:
  void write_out() {
    if (writing_ || queue_->empty()) return;
    writing_ = true;
    context_->run_blocking([this, queue = queue_]() -> std::function<void()> {
      Status status = queue->write_up_to(queue->added());
      return [this, status = std::move(status)] {
        writing_ = false;
        if (!status.ok()) return context_->fail(status);
        write_out();
      };
    });
  }

  const bool safe_;
  const std::shared_ptr<RowQueue> queue_;
  OperatorContext* context_ = nullptr;
  Counter* sent_ = nullptr;
  bool writing_ = false;
};

/// Keeps the rows until the barrier.
class EpochWriter final : public JdbcWriter {
 public:
  explicit EpochWriter(JdbcSinkOptions options) : options_(std::move(options)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    sent_ = &context.metrics().counter("numRecordsSend");
    return {};
  }
  void write(const JdbcStatement& row) override {
    if (rows_.count() == 0) first_ = row;
    rows_.add(row);
    sent_->inc();
  }
  void end_of_batch() override {
    if (rows_.bytes() <= options_.max_epoch_bytes) return;
    context_->fail(resource_exhausted(
        cat(rows_.count(), " rows since the last checkpoint have ", rows_.bytes(),
            " bytes, more than max_epoch_bytes() = ", options_.max_epoch_bytes,
            ": take checkpoints more often, use more subtasks, or raise it")));
  }
  bool can_accept() override { return true; }
  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    if (rows_.count() == 0) return {};
    if (!std::exchange(tried_, true)) context.before_ack(trial());
    postgres::EpochRows epoch;
    epoch.sink = context_->uid();
    epoch.run = postgres::name_of_nonce(context_->run_nonce());
    epoch.writer = postgres::name_of_writer(context_->attempt_nonce(), context_->subtask());
    epoch.epoch = context.checkpoint_id();
    epoch.statement = options_.statement;
    epoch.count = rows_.count();
    epoch.rows = rows_.buffer();
    rows_.clear();
    return {epoch.encode()};
  }
  void close() override {}

 private:
  /// Writes the first row and takes it back: a function that sets wrong parameters is noticed
  /// before a checkpoint has its rows.
  std::function<Status()> trial() const {
    Rows row;
    row.add(first_);
    return [options = options_, bytes = row.buffer()]() -> Status {
      WEIR_ASSIGN_OR_RETURN(const auto connection,
                            Connection::open(options.connection, options.timeout));
      WEIR_RETURN_IF_ERROR(connection->prepare(options.statement));
      WEIR_RETURN_IF_ERROR(connection->run("BEGIN", {}, "try a row").status());
      RowReader rows(bytes);
      WEIR_RETURN_IF_ERROR(connection->write(rows, 1));
      return connection->run("ROLLBACK", {}, "try a row").status();
    };
  }

  const JdbcSinkOptions options_;
  OperatorContext* context_ = nullptr;
  Counter* sent_ = nullptr;
  Rows rows_;
  JdbcStatement first_;
  bool tried_ = false;
};

}  // namespace

std::unique_ptr<JdbcWriter> make_jdbc_writer(const JdbcSinkOptions& options) {
  if (options.guarantee == DeliveryGuarantee::kExactlyOnce)
    return std::make_unique<EpochWriter>(options);
  return std::make_unique<PlainWriter>(options);
}

}  // namespace weir::detail
