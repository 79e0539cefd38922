// Commits the transactions of completed checkpoints, and aborts those that earlier starts left.

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "kafka/open_transaction.h"
#include "kafka/topic_catalog.h"

namespace weir::detail {
namespace {

using kafka::Client;
using kafka::Fate;
using kafka::TransactionHandle;

StatusOr<std::vector<TransactionHandle>> decode_all(const std::vector<std::string>& committables) {
  std::vector<TransactionHandle> handles;
  for (const std::string& bytes : committables) {
    WEIR_ASSIGN_OR_RETURN(handles.emplace_back(), TransactionHandle::decode(bytes));
  }
  return handles;
}

/// An id is used by one start of one subtask only, so a late call meets no transaction of a later
/// start.
class TransactionCommitter final : public Committer {
 public:
  explicit TransactionCommitter(KafkaSinkOptions options)
      : options_(std::move(options)), properties_(kafka::producer_properties(options_)) {}

  /// Tries all before it gives up, so that one broker that is away does not hold back the others.
  Status commit(const std::vector<std::string>& committables) override {
    WEIR_ASSIGN_OR_RETURN(const auto handles, decode_all(committables));
    WEIR_ASSIGN_OR_RETURN(const auto admin, kafka::make_transaction_admin(properties_));
    Status result;
    for (const TransactionHandle& handle : handles) {
      const auto fate = admin->commit(handle);
      const Status status = !fate.ok()                  ? fate.status()
                            : *fate == Fate::kCommitted ? Status()
                                                        : lost(handle, *fate);
      const bool worse = result.ok() || result.code() == StatusCode::kUnavailable;
      if (!status.ok() && worse) result = status;
    }
    return result;
  }

  StatusOr<std::vector<std::string>> find_orphans(const SinkStart& start) override {
    if (!start.continues_run) return std::vector<std::string>();
    WEIR_ASSIGN_OR_RETURN(const auto pending, decode_all(start.pending));
    WEIR_ASSIGN_OR_RETURN(const auto admin, kafka::make_transaction_admin(properties_));
    WEIR_ASSIGN_OR_RETURN(
        std::vector<std::string> ids,
        admin->ongoing(kafka::transactional_id_scope(options_.id_prefix, start.uid)));
    std::erase_if(ids, [&](const std::string& id) {
      return std::any_of(pending.begin(), pending.end(),
                         [&](const TransactionHandle& handle) { return handle.id == id; });
    });
    return ids;
  }

  Status remove_orphans(const std::vector<std::string>& ids) override {
    WEIR_ASSIGN_OR_RETURN(const auto admin, kafka::make_transaction_admin(properties_));
    for (const std::string& id : ids) { WEIR_RETURN_IF_ERROR(admin->fence(id)); }
    return {};
  }

 private:
  Status lost(const TransactionHandle& handle, Fate fate) const {
    const std::string text =
        cat("the transaction '", handle.id, "' with ", handle.records,
            " records of a completed checkpoint ",
            fate == Fate::kAborted ? "was aborted by the broker" : "is unknown to the broker",
            " (prepared ", handle.prepared_at_ms,
            " ms after 1970, transaction.timeout.ms = ", handle.timeout_ms, ")");
    if (options_.on_lost == LostTransactions::kAccept) {
      WEIR_LOG(kError) << text << ": its records may be missing, as on_lost_transaction() accepts";
      return {};
    }
    return data_loss(
        cat(text,
            ": its records are not visible to readers. Was the job down for longer than the "
            "timeout? Restore an older checkpoint, or accept the loss with "
            "on_lost_transaction(LostTransactions::kAccept)"));
  }

  const KafkaSinkOptions options_;
  const KafkaProperties properties_;
};

/// Proves that the user may use transactions, and that their timeout is acceptable.
Status probe_transactions(const KafkaSinkOptions& options) {
  return kafka::OpenTransaction::begin(options, options.id_prefix + "-probe", 0).status();
}

}  // namespace

std::string KafkaSinkOptions::problem() const {
  if (Status checked = kafka::check_properties(Client::Kind::kProducer, properties); !checked.ok())
    return std::string(checked.message());
  if (guarantee != DeliveryGuarantee::kExactlyOnce) return "";
  if (id_prefix.empty())
    return "a KafkaSink with DeliveryGuarantee::kExactlyOnce needs a transactional_id_prefix()";
  const auto security = kafka::BrokerSecurity::from(properties);
  return security.ok() ? "" : std::string(security.status().message());
}

std::unique_ptr<Committer> make_kafka_committer(const KafkaSinkOptions& options) {
  if (options.guarantee != DeliveryGuarantee::kExactlyOnce) return nullptr;
  return std::make_unique<TransactionCommitter>(options);
}

Status probe_kafka_sink(const KafkaSinkOptions& options) {
  const KafkaProperties properties = kafka::producer_properties(options);
  if (!options.topic.empty()) {
    WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<Client> client,
                          Client::create(Client::Kind::kProducer, properties, {}));
    WEIR_RETURN_IF_ERROR(kafka::TopicCatalog(client).partitions_of(options.topic).status());
  }
  if (options.guarantee != DeliveryGuarantee::kExactlyOnce) return {};
  return probe_transactions(options);
}

}  // namespace weir::detail
