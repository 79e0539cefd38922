#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "kafka/producer.h"
#include "kafka/transaction_admin.h"

namespace weir::kafka {

/// One transaction with its own producer, from its first record until all are written. Then the
/// broker has everything: to commit it takes only the handle.
class OpenTransaction {
 public:
  /// Aborts and fences what an earlier producer left under this id. Blocks.
  static StatusOr<std::shared_ptr<OpenTransaction>> begin(const detail::KafkaSinkOptions& options,
                                                          const std::string& id, int slot);
  /// Aborts nothing: see abort().
  ~OpenTransaction() = default;

  int slot() const { return slot_; }
  // Thread of these: the operator's, until the transaction is prepared.
  const std::shared_ptr<Producer>& producer() { return producer_; }
  TransactionHandle& handle() { return handle_; }
  /// Only for a transaction that was never prepared. Blocks for at most some seconds.
  void abort();

  /// Writes everything out. Idempotent, and any thread. Blocks. OK: the records of the handle are
  /// at the broker, in an open transaction. After another result the transaction must not be
  /// committed, unless a later call succeeds.
  Status finish(const detail::KafkaSinkOptions& options);
  /// The reason why finish() can never succeed.
  Status failure() const;
  bool finished() const { return finished_; }

 private:
  OpenTransaction(int slot, std::shared_ptr<Producer> producer)
      : slot_(slot), producer_(std::move(producer)) {}
  Status write_out(const detail::KafkaSinkOptions& options);

  const int slot_;
  TransactionHandle handle_;
  std::shared_ptr<Producer> producer_;
  std::mutex finishing_;
  std::atomic<bool> finished_ = false;
  mutable std::mutex mutex_;
  Status failure_;  ///< guarded by mutex_
};

/// A client for the brokers of a sink. Blocks.
StatusOr<std::unique_ptr<TransactionAdmin>> make_transaction_admin(
    const KafkaProperties& properties);

}  // namespace weir::kafka
