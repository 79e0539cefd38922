#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/broker_connection.h"
#include "kafka/transaction_handle.h"

namespace weir::kafka {

/// What became of a transaction.
enum class Fate {
  kCommitted,
  kAborted,  ///< surely: its timeout has passed, or somebody aborted it
  kUnknown,  ///< the broker has forgotten it
};

/// Looks at transactions and ends them, from any process. Repeats requests until the broker has
/// decided. Every call is idempotent. Thread: one at a time; blocks.
class TransactionAdmin {
 public:
  /// `bootstrap`: "host:port,…". `pause` waits a moment between two tries; the attempts bound the
  /// time.
  TransactionAdmin(std::string bootstrap, std::unique_ptr<BrokerDialer> dialer,
                   std::function<void()> pause);

  /// UNAVAILABLE: no broker has answered yet.
  StatusOr<TransactionState> describe(const std::string& id);
  /// Commits it if that is still possible. UNAVAILABLE: not decided yet.
  StatusOr<Fate> commit(const TransactionHandle& handle);
  /// Aborts what is open under the id, and fences its producer for good.
  Status fence(const std::string& id);
  /// The ids of open transactions that begin with `scope`, at all brokers.
  StatusOr<std::vector<std::string>> ongoing(const std::string& scope);

 private:
  StatusOr<std::string> call_any(const Request& request);
  StatusOr<std::string> call_coordinator(const std::string& id, const Request& request);
  StatusOr<BrokerConnection*> connection_to(const BrokerAddress& address);
  StatusOr<BrokerAddress> coordinator_of(const std::string& id);
  /// Calls until the result is neither UNAVAILABLE nor a code that passes by itself.
  StatusOr<int16_t> repeat(const std::function<StatusOr<int16_t>()>& call);

  const std::string bootstrap_;
  const std::unique_ptr<BrokerDialer> dialer_;
  const std::function<void()> pause_;
  std::map<std::string, std::unique_ptr<BrokerConnection>> connections_;  ///< by address
};

/// What the state says about the handle's transaction. Nothing: it is still open.
std::optional<Fate> fate_of(const TransactionHandle& handle, const TransactionState& state);

}  // namespace weir::kafka
