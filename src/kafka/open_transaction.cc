#include "kafka/open_transaction.h"

#include <librdkafka/rdkafka.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::kafka {
namespace {

constexpr int kInitTimeoutMs = 30'000;
constexpr int kMetadataTimeoutMs = 10'000;
constexpr int kAbortTimeoutMs = 3'000;
constexpr std::chrono::milliseconds kPause{50};

using Error = std::unique_ptr<rd_kafka_error_t, decltype(&rd_kafka_error_destroy)>;
Error owned(rd_kafka_error_t* error) { return Error(error, &rd_kafka_error_destroy); }

Status status_of_error(const Client& client, const rd_kafka_error_t* error,
                       const std::string& what) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  if (code == RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT)
    return invalid_argument(cat(what,
                                ": transaction.timeout.ms is larger than the broker's "
                                "transaction.max.timeout.ms; lower it, or raise that"));
  return status_of(client, code, what, rd_kafka_error_string(error));
}

/// Without it the first flush of a new producer takes a second.
void fetch_metadata(Client& client, const std::string& topic) {
  if (topic.empty()) return;
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client.get(), topic.c_str(), nullptr);
  if (handle == nullptr) return;
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client.get(), 0, handle, &metadata, kMetadataTimeoutMs) ==
      RD_KAFKA_RESP_ERR_NO_ERROR)
    rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
}

}  // namespace

StatusOr<std::unique_ptr<TransactionAdmin>> make_transaction_admin(
    const KafkaProperties& properties) {
  WEIR_ASSIGN_OR_RETURN(BrokerSecurity security, BrokerSecurity::from(properties));
  const auto servers = properties.find("bootstrap.servers");
  return std::make_unique<TransactionAdmin>(
      servers != properties.end() ? servers->second : properties.at("metadata.broker.list"),
      make_broker_dialer(std::move(security)), [] { std::this_thread::sleep_for(kPause); });
}

StatusOr<std::shared_ptr<OpenTransaction>> OpenTransaction::begin(
    const detail::KafkaSinkOptions& options, const std::string& id, int slot) {
  const KafkaProperties properties = producer_properties(options);
  WEIR_ASSIGN_OR_RETURN(auto producer, Producer::create(properties, {{"transactional.id", id}}));
  Client& client = producer->client();
  const std::string what = cat("cannot begin the transaction '", id, "'");
  if (const Error error = owned(rd_kafka_init_transactions(client.get(), kInitTimeoutMs)))
    return status_of_error(client, error.get(), what);
  fetch_metadata(client, options.topic);
  if (const Error error = owned(rd_kafka_begin_transaction(client.get())))
    return status_of_error(client, error.get(), what);
  // The identity comes from the broker: librdkafka does not tell it.
  WEIR_ASSIGN_OR_RETURN(const auto admin, make_transaction_admin(properties));
  WEIR_ASSIGN_OR_RETURN(const TransactionState state, admin->describe(id));
  if (state.error != error::kNone || state.producer_id < 0)
    return unavailable(cat(what, ": ", error_text(state.error)));
  std::shared_ptr<OpenTransaction> begun(new OpenTransaction(slot, std::move(producer)));
  begun->handle_.id = id;
  begun->handle_.producer_id = state.producer_id;
  begun->handle_.epoch = state.epoch;
  begun->handle_.timeout_ms = state.timeout_ms;
  return begun;
}

void OpenTransaction::abort() {
  if (handle_.records == 0) return;
  const Error error = owned(rd_kafka_abort_transaction(producer_->client().get(), kAbortTimeoutMs));
  if (error) {
    WEIR_LOG(kInfo) << "Kafka: the open transaction '" << handle_.id
                    << "' was not aborted, which the next start does: "
                    << rd_kafka_error_string(error.get());
  }
}

Status OpenTransaction::finish(const detail::KafkaSinkOptions& options) {
  const std::lock_guard lock(finishing_);
  if (finished_) return {};
  WEIR_RETURN_IF_ERROR(failure());
  const Status written = write_out(options);
  finished_ = written.ok();
  if (finished_) producer_.reset();  // which aborts nothing
  return written;
}

Status OpenTransaction::write_out(const detail::KafkaSinkOptions& options) {
  const auto fail = [this](Status status) {
    const std::lock_guard lock(mutex_);
    failure_ = status;
    return status;
  };
  if (Status flushed = producer_->flush(); !flushed.ok()) return fail(std::move(flushed));
  WEIR_ASSIGN_OR_RETURN(const auto admin, make_transaction_admin(producer_properties(options)));
  WEIR_ASSIGN_OR_RETURN(const TransactionState state, admin->describe(handle_.id));
  if (fate_of(handle_, state).has_value())
    return fail(aborted(cat("the transaction '", handle_.id, "' of ", handle_.records,
                            " records is not open any more (", state.state,
                            "): the broker aborts it after transaction.timeout.ms = ",
                            handle_.timeout_ms, ", and an earlier start does not")));
  return {};
}

Status OpenTransaction::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace weir::kafka
