#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connector/delivery_guarantee.h"
#include "weir/connector/sink.h"
#include "weir/detail/connector/kafka_reader.h"

namespace weir {

/// What to do if the broker has aborted the transaction of a completed checkpoint, because the job
/// was down for longer than the transaction timeout, or no longer knows it.
enum class LostTransactions {
  kFail,    ///< the job ends with a sentence that names it and its number of records
  kAccept,  ///< an error in the log; the records may be missing
};

namespace detail {

struct KafkaSinkOptions {
  KafkaProperties properties;
  DeliveryGuarantee guarantee = DeliveryGuarantee::kAtLeastOnce;
  std::string id_prefix;
  LostTransactions on_lost = LostTransactions::kFail;
  std::string topic;  ///< for the probe; empty: chosen for each record

  std::string problem() const;
};

/// One record for Kafka. Valid during the call.
struct KafkaOutput {
  std::string_view topic;
  int32_t partition = -1;  ///< -1: chosen by the key
  Timestamp timestamp = kNoTimestamp;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  const std::vector<std::pair<std::string, std::string>>* headers = nullptr;
};

/// The records of one subtask. Thread: the operator's.
class KafkaWriter {
 public:
  virtual ~KafkaWriter() = default;
  virtual Status open(OperatorContext& context) = 0;
  virtual void write(const KafkaOutput& record) = 0;
  virtual bool can_accept() = 0;
  virtual std::vector<std::string> prepare_commit(SnapshotContext& context) = 0;
  virtual void committed(const std::vector<std::string>& committables) = 0;
  virtual void checkpoint_completed(int64_t id) = 0;
  virtual void close() = 0;
};

std::unique_ptr<KafkaWriter> make_kafka_writer(const KafkaSinkOptions& options);
/// Null unless the sink is exactly-once.
std::unique_ptr<Committer> make_kafka_committer(const KafkaSinkOptions& options);
Status probe_kafka_sink(const KafkaSinkOptions& options);

}  // namespace detail
}  // namespace weir
