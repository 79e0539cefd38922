// Writes the records of one subtask: with transactions, or without.

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "base/log.h"
#include "base/strings.h"
#include "kafka/open_transaction.h"
#include "kafka/slot_book.h"

namespace weir::detail {
namespace {

using kafka::OpenTransaction;
using kafka::Producer;

/// How long one wait for room may occupy a thread of the I/O pool.
constexpr int kRoomWaitMs = 10;
/// Each checkpoint that does not complete keeps a transaction.
constexpr size_t kMaxTransactions = 16;
constexpr int kBeginTries = 5;

/// Figures of a sink, by Flink's names. Thread: the operator's.
class SendFigures {
 public:
  explicit SendFigures(OperatorContext& context)
      : records_(context.metrics().counter("numRecordsSend")),
        bytes_(context.metrics().counter("numBytesSend")) {}
  void count(const KafkaOutput& record) {
    records_.inc();
    const size_t bytes =
        (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    bytes_.inc(static_cast<int64_t>(bytes));
  }

 private:
  Counter& records_;
  Counter& bytes_;
};

/// Waits on the I/O pool until a producer has room again. Thread: the operator's.
class RoomWait {
 public:
  explicit RoomWait(OperatorContext& context) : context_(context) {}
  /// True if the producer has room now.
  bool has_room(const std::shared_ptr<Producer>& producer) {
    if (waiting_) return false;
    producer->make_room(0);
    if (!producer->full()) return true;
    waiting_ = true;
    context_.run_blocking([this, producer]() -> std::function<void()> {
      producer->make_room(kRoomWaitMs);
      return [this] { waiting_ = false; };
    });
    return false;
  }

 private:
  OperatorContext& context_;
  bool waiting_ = false;
};

/// One flush, by the first thread that gets to it.
class Flush {
 public:
  explicit Flush(std::shared_ptr<Producer> producer) : producer_(std::move(producer)) {}
  Status run() {
    const std::lock_guard lock(mutex_);
    if (!result_) result_ = producer_->flush();
    return *result_;
  }

 private:
  const std::shared_ptr<Producer> producer_;
  std::mutex mutex_;
  std::optional<Status> result_;
};

/// After a barrier no record is written until all earlier ones are: librdkafka can only wait for
/// all records.
class PlainWriter final : public KafkaWriter {
 public:
  explicit PlainWriter(KafkaSinkOptions options) : options_(std::move(options)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    const bool safe = options_.guarantee == DeliveryGuarantee::kAtLeastOnce;
    auto producer = Producer::create(kafka::producer_properties(options_),
                                     {{"enable.idempotence", safe ? "true" : "false"}});
    if (!producer.ok()) return producer.status();
    producer_ = *std::move(producer);
    room_ = std::make_unique<RoomWait>(context);
    figures_.emplace(context);
    return {};
  }
  void write(const KafkaOutput& record) override {
    figures_->count(record);
    producer_->send(record);
  }
  bool can_accept() override {
    if (Status failure = producer_->failure(); !failure.ok()) context_->fail(std::move(failure));
    return flushing_ == 0 && room_->has_room(producer_);
  }
  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    if (options_.guarantee != DeliveryGuarantee::kAtLeastOnce) return {};
    const auto flush = std::make_shared<Flush>(producer_);
    context.before_ack([flush] { return flush->run(); });
    ++flushing_;
    // Also if the checkpoint is aborted, when nothing runs before an acknowledgment.
    context_->run_blocking([this, flush]() -> std::function<void()> {
      (void)flush->run();
      return [this] { --flushing_; };
    });
    return {};
  }
  void committed(const std::vector<std::string>&) override {}
  void checkpoint_completed(int64_t) override {}
  void close() override { producer_.reset(); }

 private:
  const KafkaSinkOptions options_;
  OperatorContext* context_ = nullptr;
  std::shared_ptr<Producer> producer_;
  std::unique_ptr<RoomWait> room_;
  std::optional<SendFigures> figures_;
  int flushing_ = 0;
};

/// Normally two transactions have a producer: the open one, and a spare one that is made while
/// records flow, so that a barrier waits for no broker.
class TransactionalWriter final : public KafkaWriter {
 public:
  explicit TransactionalWriter(KafkaSinkOptions options)
      : options_(std::make_shared<const KafkaSinkOptions>(std::move(options))) {}
  ~TransactionalWriter() override { close(); }

  Status open(OperatorContext& context) override {
    context_ = &context;
    room_ = std::make_unique<RoomWait>(context);
    figures_.emplace(context);
    open_transactions_ = &context.metrics().gauge("openTransactions");
    oldest_ms_ = &context.metrics().gauge("oldestOpenTransactionMs");
    return {};
  }

  void write(const KafkaOutput& record) override {
    figures_->count(record);
    if (open_->handle().records++ == 0) begun_ms_ = context_->processing_time_ms();
    open_->producer()->send(record);
  }

  bool can_accept() override {
    if (!report_failures()) return false;
    if (open_ == nullptr) open_ = std::move(spare_);
    if (spare_ == nullptr && !beginning_) begin_spare();
    if (open_ == nullptr || finishing_ > 0) return false;
    if (Status failure = open_->producer()->failure(); !failure.ok()) {
      context_->fail(std::move(failure));
      return false;
    }
    return room_->has_room(open_->producer());
  }

  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    book_.on_snapshot(context.checkpoint_id());
    std::erase_if(unfinished_, [](const auto& transaction) { return transaction->finished(); });
    std::vector<std::string> committables;
    if (open_ != nullptr && open_->handle().records > 0) {
      open_->handle().prepared_at_ms = context_->processing_time_ms();
      prepared_[open_->handle().id] = {open_->slot(), begun_ms_, open_->handle().timeout_ms};
      committables.push_back(open_->handle().encode());
      finish(open_);
      unfinished_.push_back(std::move(open_));
      open_ = nullptr;
    }
    open_transactions_->set(static_cast<int64_t>(prepared_.size()));
    warn_of_old_ones();
    // A transaction whose checkpoint failed is committed with this one, so it must be complete too.
    for (const auto& transaction : unfinished_) {
      context.before_ack(
          [transaction, options = options_] { return transaction->finish(*options); });
    }
    return committables;
  }

  void committed(const std::vector<std::string>& committables) override {
    for (const std::string& bytes : committables) {
      const auto handle = kafka::TransactionHandle::decode(bytes);
      const auto prepared = handle.ok() ? prepared_.find(handle->id) : prepared_.end();
      if (prepared == prepared_.end()) continue;  // of an earlier start
      book_.on_committed(prepared->second.slot);
      std::erase_if(unfinished_, [&](const auto& transaction) {
        return transaction->handle().id == handle->id;
      });
      prepared_.erase(prepared);
    }
    open_transactions_->set(static_cast<int64_t>(prepared_.size()));
  }
  void checkpoint_completed(int64_t id) override { book_.on_complete(id); }

  /// Prepared transactions stay open at the broker: their checkpoint may be complete.
  void close() override {
    if (open_ != nullptr) open_->abort();
    open_.reset();
    spare_.reset();
    unfinished_.clear();
  }

 private:
  /// No record of the next transaction is sent before all of this one are written: the records of
  /// a key stay in order.
  void finish(const std::shared_ptr<OpenTransaction>& transaction) {
    ++finishing_;
    context_->run_blocking([this, transaction, options = options_]() -> std::function<void()> {
      (void)transaction->finish(*options);  // failure() has the reason, or it is tried again
      return [this] { --finishing_; };
    });
  }

  bool report_failures() {
    for (const auto& transaction : unfinished_) {
      if (Status failure = transaction->failure(); !failure.ok()) {
        context_->fail(std::move(failure));
        return false;
      }
    }
    return true;
  }

  void begin_spare() {
    if (book_.in_use() >= kMaxTransactions) {
      context_->fail(too_many());
      return;
    }
    beginning_ = true;
    begin(book_.take(), kBeginTries);
  }

  void begin(int slot, int tries) {
    const std::string id = kafka::transactional_id(
        options_->id_prefix, context_->uid(), context_->attempt_nonce(), context_->subtask(), slot);
    context_->run_blocking([this, options = options_, id, slot, tries]() -> std::function<void()> {
      auto begun = std::make_shared<StatusOr<std::shared_ptr<OpenTransaction>>>(
          OpenTransaction::begin(*options, id, slot));
      return [this, begun, slot, tries] {
        // librdkafka has waited for the broker already.
        if (begun->status().code() == StatusCode::kUnavailable && tries > 1)
          return begin(slot, tries - 1);
        beginning_ = false;
        if (!begun->ok()) return context_->fail(begun->status());
        spare_ = **begun;
      };
    });
  }

  /// The broker's time runs from the first record.
  void warn_of_old_ones() const {
    int64_t oldest_ms = 0;
    for (const auto& [id, prepared] : prepared_) {
      const int64_t age_ms = context_->processing_time_ms() - prepared.begun_ms;
      oldest_ms = std::max(oldest_ms, age_ms);
      if (age_ms > prepared.timeout_ms / 2) {
        WEIR_LOG(kWarning) << "the transaction '" << id << "' is open for " << age_ms
                           << " ms, and the broker aborts it after " << prepared.timeout_ms
                           << " ms: take checkpoints more often, or raise transaction.timeout.ms";
      }
    }
    oldest_ms_->set(oldest_ms);
  }

  static Status too_many() {
    return failed_precondition(
        cat(kMaxTransactions,
            " transactions of checkpoints that did not complete are open: are "
            "checkpoints failing?"));
  }

  struct Prepared {
    int slot = 0;
    int64_t begun_ms = 0;
    int32_t timeout_ms = 0;
  };

  const std::shared_ptr<const KafkaSinkOptions> options_;
  OperatorContext* context_ = nullptr;
  kafka::SlotBook book_;
  std::map<std::string, Prepared> prepared_;  ///< not known to be committed, by id
  int64_t begun_ms_ = 0;                      ///< the first record of the open one
  std::optional<SendFigures> figures_;
  Gauge* open_transactions_ = nullptr;
  Gauge* oldest_ms_ = nullptr;
  std::shared_ptr<OpenTransaction> open_;
  std::shared_ptr<OpenTransaction> spare_;
  std::vector<std::shared_ptr<OpenTransaction>> unfinished_;  ///< prepared, maybe not written out
  bool beginning_ = false;
  int finishing_ = 0;
  std::unique_ptr<RoomWait> room_;
};

}  // namespace

std::unique_ptr<KafkaWriter> make_kafka_writer(const KafkaSinkOptions& options) {
  if (options.guarantee == DeliveryGuarantee::kExactlyOnce)
    return std::make_unique<TransactionalWriter>(options);
  return std::make_unique<PlainWriter>(options);
}

}  // namespace weir::detail
