#include "kafka/topic_catalog.h"

#include <librdkafka/rdkafka.h>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::kafka {
namespace {

constexpr int kTimeoutMs = 15'000;
constexpr int kFirstWaitMs = 1000;  ///< doubled; in all as long as kTimeoutMs
/// Kafka's own topics, such as __consumer_offsets.
constexpr std::string_view kInternal = "__";

using Topic = std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                             decltype(&rd_kafka_topic_partition_list_destroy)>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, decltype(&rd_kafka_metadata_destroy)>;

List list_of(const std::vector<KafkaPartition>& partitions, int64_t offset) {
  List list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())),
            &rd_kafka_topic_partition_list_destroy);
  for (const auto& [topic, partition] : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  return list;
}

StatusOr<Metadata> metadata_of(Client& client, rd_kafka_topic_t* topic, const std::string& what) {
  const rd_kafka_metadata_t* found = nullptr;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  // Not in one piece: a broker that refuses the user does not accept it later.
  for (int wait_ms = kFirstWaitMs; wait_ms < kTimeoutMs; wait_ms *= 2) {
    error = rd_kafka_metadata(client.get(), topic == nullptr, topic, &found, wait_ms);
    client.serve();
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || client.refused() || client.distrusted()) break;
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return status_of(client, error, what);
  return Metadata(found, &rd_kafka_metadata_destroy);
}

void append(const rd_kafka_metadata_topic_t& topic, std::vector<KafkaPartition>& out) {
  for (int i = 0; i < topic.partition_cnt; ++i)
    out.emplace_back(topic.topic, topic.partitions[i].id);
}

}  // namespace

std::string to_string(const KafkaPartition& partition) {
  return cat(partition.first, "-", partition.second);
}

StatusOr<std::vector<KafkaPartition>> TopicCatalog::partitions_of(const std::string& name) {
  const std::string what = cat("cannot look up the topic '", name, "'");
  const Topic topic(rd_kafka_topic_new(client_->get(), name.c_str(), nullptr),
                    &rd_kafka_topic_destroy);
  if (topic == nullptr) return invalid_argument(cat(what, ": is it a valid name?"));
  WEIR_ASSIGN_OR_RETURN(const Metadata metadata, metadata_of(*client_, topic.get(), what));
  if (metadata->topic_cnt != 1) return internal_error(cat(what, ": the broker left it out"));
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      found.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
    return not_found(cat("there is no topic '", name, "' at ", client_->servers(),
                         ": create it, or correct its name"));
  }
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return status_of(*client_, found.err, what);
  std::vector<KafkaPartition> partitions;
  append(found, partitions);
  return partitions;
}

StatusOr<std::vector<KafkaPartition>> TopicCatalog::partitions_of_all(
    const std::function<bool(const std::string&)>& accept) {
  WEIR_ASSIGN_OR_RETURN(const Metadata metadata,
                        metadata_of(*client_, nullptr, "cannot list the topics"));
  std::vector<KafkaPartition> partitions;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    const std::string name = topic.topic;
    if (name.starts_with(kInternal) || !accept(name)) continue;
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return status_of(*client_, topic.err, cat("cannot look up the topic '", name, "'"));
    append(topic, partitions);
  }
  return partitions;
}

StatusOr<int64_t> TopicCatalog::end_of(const KafkaPartition& partition, End end) {
  int64_t low = 0;
  int64_t high = 0;
  const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
      client_->get(), partition.first.c_str(), partition.second, &low, &high, kTimeoutMs);
  client_->serve();
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return status_of(*client_, error, cat("cannot ask for the offsets of ", to_string(partition)));
  return end == End::kFirst ? low : high;
}

StatusOr<int64_t> TopicCatalog::otherwise(const KafkaPartition& partition,
                                          const KafkaOffsetRule& rule, const std::string& missing) {
  switch (rule.otherwise) {
    case KafkaOffsetRule::Otherwise::kEarliest: return end_of(partition, End::kFirst);
    case KafkaOffsetRule::Otherwise::kLatest: return end_of(partition, End::kLast);
    case KafkaOffsetRule::Otherwise::kFail: break;
  }
  return failed_precondition(
      cat("there is no offset to start ", to_string(partition), " from: ", missing,
          ". Name an OffsetResetStrategy, or start from earliest() or latest()"));
}

StatusOr<Offsets> TopicCatalog::offsets_at(const std::vector<KafkaPartition>& partitions,
                                           int64_t timestamp) {
  const List list = list_of(partitions, timestamp);
  const rd_kafka_resp_err_t error =
      rd_kafka_offsets_for_times(client_->get(), list.get(), kTimeoutMs);
  client_->serve();
  const std::string what = "cannot ask for the offsets of a time";
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return status_of(*client_, error, what);
  Offsets offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    const KafkaPartition partition(found.topic, found.partition);
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return status_of(*client_, found.err, cat(what, " in ", to_string(partition)));
    // Negative: no message is that new.
    offsets[partition] = found.offset;
    if (found.offset < 0) {
      WEIR_ASSIGN_OR_RETURN(offsets[partition], end_of(partition, End::kLast));
    }
  }
  return offsets;
}

StatusOr<Offsets> TopicCatalog::committed(const std::vector<KafkaPartition>& partitions,
                                          const KafkaOffsetRule& rule) {
  const List list = list_of(partitions, RD_KAFKA_OFFSET_INVALID);
  const rd_kafka_resp_err_t error = rd_kafka_committed(client_->get(), list.get(), kTimeoutMs);
  client_->serve();
  const std::string what = "cannot ask for the committed offsets of the group";
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return status_of(*client_, error, what);
  Offsets offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    const KafkaPartition partition(found.topic, found.partition);
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return status_of(*client_, found.err, cat(what, " in ", to_string(partition)));
    offsets[partition] = found.offset;
    if (found.offset < 0) {
      WEIR_ASSIGN_OR_RETURN(offsets[partition],
                            otherwise(partition, rule, "the group has committed none"));
    }
  }
  return offsets;
}

StatusOr<Offsets> TopicCatalog::offsets_of(const std::vector<KafkaPartition>& partitions,
                                           const KafkaOffsetRule& rule) {
  using Kind = KafkaOffsetRule::Kind;
  if (partitions.empty()) return Offsets();
  if (rule.kind == Kind::kTimestamp) return offsets_at(partitions, rule.timestamp);
  if (rule.kind == Kind::kCommitted) return committed(partitions, rule);
  Offsets offsets;
  for (const KafkaPartition& partition : partitions) {
    StatusOr<int64_t> offset = int64_t{0};
    if (rule.kind == Kind::kExplicit) {
      const auto given = rule.offsets.find(partition);
      offset = given != rule.offsets.end() ? StatusOr<int64_t>(given->second)
                                           : otherwise(partition, rule, "none was given");
    } else {
      offset = end_of(partition, rule.kind == Kind::kEarliest ? End::kFirst : End::kLast);
    }
    if (!offset.ok()) return offset.status();
    offsets[partition] = *offset;
  }
  return offsets;
}

}  // namespace weir::kafka
