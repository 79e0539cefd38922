#include "kafka/transaction_admin.h"

#include <charconv>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::kafka {
namespace {

constexpr int kTries = 40;
/// Of connections; each may take as long as the timeout of a connection.
constexpr int kConnectionTries = 3;
constexpr int32_t kFencingTimeoutMs = 1000;

bool is_transient(int16_t code) {
  return code == error::kLoading || code == error::kNotAvailable ||
         code == error::kNotCoordinator || code == error::kConcurrent;
}

bool is_denied(int16_t code) {
  return code == error::kTransactionalIdDenied || code == 29 || code == 31;
}

Status refused(const char* what, const std::string& id, int16_t code) {
  const std::string text =
      cat("cannot ", what, " the transaction of '", id, "': ", error_text(code));
  return is_transient(code) ? unavailable(text) : permission_denied(text);
}

std::vector<BrokerAddress> addresses_of(const std::string& bootstrap) {
  std::vector<BrokerAddress> addresses;
  for (std::string_view server : split(bootstrap, ',')) {
    server = trim(server);
    if (const size_t scheme = server.find("://"); scheme != std::string_view::npos)
      server.remove_prefix(scheme + 3);
    BrokerAddress address{std::string(server), 9092};
    if (const size_t colon = server.rfind(':'); colon != std::string_view::npos) {
      address.host = std::string(server.substr(0, colon));
      std::from_chars(server.data() + colon + 1, server.data() + server.size(), address.port);
    }
    if (!address.host.empty()) addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace

std::optional<Fate> fate_of(const TransactionHandle& handle, const TransactionState& state) {
  if (state.error == error::kUnknownTransactionalId) return Fate::kUnknown;
  if (state.producer_id != handle.producer_id) return Fate::kUnknown;
  if (state.epoch == handle.epoch && state.state == "Ongoing") return std::nullopt;
  // The epoch moves when the coordinator aborts, and with newer protocols when it commits.
  if (state.epoch != handle.epoch && state.epoch != handle.epoch + 1) return Fate::kUnknown;
  if (state.state == "PrepareCommit" || state.state == "CompleteCommit") return Fate::kCommitted;
  if (state.state == "PrepareAbort" || state.state == "CompleteAbort" ||
      state.state == "PrepareEpochFence") {
    return Fate::kAborted;
  }
  return Fate::kUnknown;
}

TransactionAdmin::TransactionAdmin(std::string bootstrap, std::unique_ptr<BrokerDialer> dialer,
                                   std::function<void()> pause)
    : bootstrap_(std::move(bootstrap)), dialer_(std::move(dialer)), pause_(std::move(pause)) {}

StatusOr<BrokerConnection*> TransactionAdmin::connection_to(const BrokerAddress& address) {
  auto& connection = connections_[cat(address.host, ":", address.port)];
  if (connection == nullptr) { WEIR_ASSIGN_OR_RETURN(connection, dialer_->dial(address)); }
  return connection.get();
}

StatusOr<std::string> TransactionAdmin::call_any(const Request& request) {
  Status last = unavailable(cat("'", bootstrap_, "' names no broker"));
  for (const BrokerAddress& address : addresses_of(bootstrap_)) {
    const auto connection = connection_to(address);
    if (!connection.ok()) {
      last = connection.status();
      continue;
    }
    auto answer = (*connection)->call(request);
    if (answer.ok()) return answer;
    connections_.erase(cat(address.host, ":", address.port));
    last = answer.status();
  }
  return last;
}

StatusOr<BrokerAddress> TransactionAdmin::coordinator_of(const std::string& id) {
  int16_t code = error::kNone;
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) pause_();
    WEIR_ASSIGN_OR_RETURN(const std::string found, call_any(find_coordinator(id)));
    WEIR_ASSIGN_OR_RETURN(const Coordinator coordinator, read_coordinator(found));
    code = coordinator.error;
    if (code == error::kNone) return coordinator.address;
    if (!is_transient(code)) break;
  }
  const std::string text =
      cat("cannot find the coordinator of the transactional id '", id, "': ", error_text(code));
  return is_transient(code) ? unavailable(text) : permission_denied(text);
}

StatusOr<std::string> TransactionAdmin::call_coordinator(const std::string& id,
                                                         const Request& request) {
  WEIR_ASSIGN_OR_RETURN(const BrokerAddress coordinator, coordinator_of(id));
  WEIR_ASSIGN_OR_RETURN(BrokerConnection * connection, connection_to(coordinator));
  auto answer = connection->call(request);
  if (!answer.ok()) connections_.erase(cat(coordinator.host, ":", coordinator.port));
  return answer;
}

StatusOr<int16_t> TransactionAdmin::repeat(const std::function<StatusOr<int16_t>()>& call) {
  int broken = 0;
  StatusOr<int16_t> code = error::kNone;
  for (int i = 0; i < kTries && broken < kConnectionTries; ++i) {
    if (i > 0) pause_();
    code = call();
    if (code.ok() ? !is_transient(*code) : code.status().code() != StatusCode::kUnavailable) break;
    if (!code.ok()) ++broken;
  }
  return code;
}

StatusOr<TransactionState> TransactionAdmin::describe(const std::string& id) {
  TransactionState state;
  const auto code = repeat([&]() -> StatusOr<int16_t> {
    WEIR_ASSIGN_OR_RETURN(const std::string answer, call_coordinator(id, describe_transaction(id)));
    WEIR_ASSIGN_OR_RETURN(state, read_transaction(answer, id));
    return state.error;
  });
  if (!code.ok()) return code.status();
  if (*code == error::kNone || *code == error::kUnknownTransactionalId) return state;
  return refused("look at", id, *code);
}

StatusOr<Fate> TransactionAdmin::commit(const TransactionHandle& handle) {
  // An answer alone does not tell committed from aborted: the state is looked at before the first
  // request and after each one.
  std::optional<Fate> fate;
  const auto code = repeat([&]() -> StatusOr<int16_t> {
    WEIR_ASSIGN_OR_RETURN(const TransactionState before, describe(handle.id));
    fate = fate_of(handle, before);
    if (fate) return error::kNone;
    WEIR_ASSIGN_OR_RETURN(const std::string answer,
                          call_coordinator(handle.id, end_transaction(handle.id, handle.producer_id,
                                                                      handle.epoch, true)));
    WEIR_ASSIGN_OR_RETURN(const int16_t ended, read_end(answer));
    if (is_denied(ended)) return ended;
    WEIR_ASSIGN_OR_RETURN(const TransactionState after, describe(handle.id));
    fate = fate_of(handle, after);
    return fate ? error::kNone : error::kConcurrent;
  });
  if (fate) return *fate;
  if (!code.ok()) return code.status();
  return refused("commit", handle.id, *code);
}

Status TransactionAdmin::fence(const std::string& id) {
  const auto code = repeat([&]() -> StatusOr<int16_t> {
    WEIR_ASSIGN_OR_RETURN(const std::string answer,
                          call_coordinator(id, init_producer(id, kFencingTimeoutMs)));
    return read_init(answer);
  });
  if (!code.ok()) return code.status();
  return *code == error::kNone ? Status() : refused("abort", id, *code);
}

StatusOr<std::vector<std::string>> TransactionAdmin::ongoing(const std::string& scope) {
  WEIR_ASSIGN_OR_RETURN(const std::string brokers_answer, call_any(list_brokers()));
  WEIR_ASSIGN_OR_RETURN(const std::vector<BrokerAddress> brokers, read_brokers(brokers_answer));
  std::vector<std::string> ids;
  for (const BrokerAddress& broker : brokers) {
    WEIR_ASSIGN_OR_RETURN(BrokerConnection * connection, connection_to(broker));
    const auto answer = connection->call(list_ongoing());
    if (!answer.ok()) {
      connections_.erase(cat(broker.host, ":", broker.port));
      return answer.status();
    }
    WEIR_ASSIGN_OR_RETURN(const Listing listing, read_listing(*answer));
    if (listing.error != error::kNone)
      return unavailable(cat("cannot list the open transactions: ", error_text(listing.error)));
    for (const std::string& id : listing.ids) {
      if (id.starts_with(scope)) ids.push_back(id);
    }
  }
  return ids;
}

}  // namespace weir::kafka
