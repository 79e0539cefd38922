#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kafka/client_config.h"
#include "weir/status.h"

namespace weir::kafka {

using detail::KafkaOffsetRule;
using detail::KafkaPartition;
using Offsets = std::map<KafkaPartition, int64_t>;

/// Asks the brokers for partitions and offsets. Errors are sentences. All calls block.
class TopicCatalog {
 public:
  explicit TopicCatalog(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  /// The partitions of a topic. NOT_FOUND: there is none of this name.
  StatusOr<std::vector<KafkaPartition>> partitions_of(const std::string& topic);
  /// The partitions of all topics whose names are accepted.
  StatusOr<std::vector<KafkaPartition>> partitions_of_all(
      const std::function<bool(const std::string&)>& accept);
  /// The offset of each partition by the rule.
  StatusOr<Offsets> offsets_of(const std::vector<KafkaPartition>& partitions,
                               const KafkaOffsetRule& rule);

 private:
  enum class End { kFirst, kLast };

  StatusOr<int64_t> end_of(const KafkaPartition& partition, End end);
  StatusOr<int64_t> otherwise(const KafkaPartition& partition, const KafkaOffsetRule& rule,
                              const std::string& missing);
  StatusOr<Offsets> offsets_at(const std::vector<KafkaPartition>& partitions, int64_t timestamp);
  StatusOr<Offsets> committed(const std::vector<KafkaPartition>& partitions,
                              const KafkaOffsetRule& rule);

  const std::shared_ptr<Client> client_;
};

std::string to_string(const KafkaPartition& partition);

}  // namespace weir::kafka
