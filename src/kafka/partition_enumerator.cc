// Finds the partitions of a KafkaSource, and the offsets to read them from.

#include <algorithm>
#include <regex>
#include <set>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "kafka/topic_catalog.h"
#include "weir/types/bytes.h"

namespace weir::detail {
namespace {

using kafka::Client;
using kafka::Offsets;
using kafka::TopicCatalog;

/// A partition is known by topic and number for ever. Offsets are found once, before a reader gets
/// the partition, and are then in the checkpoints: "latest" must not move when a job restarts.
class PartitionEnumerator final : public SplitEnumerator<KafkaSplit> {
 public:
  explicit PartitionEnumerator(KafkaSourceOptions options) : options_(std::move(options)) {}

  Status restore(std::string_view state) override {
    first_ = false;
    BinaryReader in(state);
    for (int32_t n = in.get_i32(); n > 0 && in.ok(); --n) {
      std::string topic(in.get_bytes());
      known_.emplace(std::move(topic), in.get_i32());
    }
    return in.end("the list of the partitions that were found");
  }

  StatusOr<Discovery<KafkaSplit>> discover(FileSystemRegistry&) override {
    WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<Client> client,
                          Client::create(Client::Kind::kConsumer, options_.properties, {}));
    TopicCatalog catalog(client);
    WEIR_ASSIGN_OR_RETURN(const std::vector<KafkaPartition> partitions, list(catalog));
    WEIR_ASSIGN_OR_RETURN(Discovery<KafkaSplit> discovery, find_new(catalog, partitions));
    if (continuous()) discovery.again = options_.discovery;
    return discovery;
  }

  std::string snapshot() const override {
    BinaryWriter out;
    out.put_i32(static_cast<int32_t>(known_.size()));
    for (const auto& [topic, partition] : known_) {
      out.put_bytes(topic);
      out.put_i32(partition);
    }
    return out.take();
  }

  bool continuous() const override { return !options_.stop && options_.discovery.count() > 0; }
  bool assigns_at_once() const override { return true; }

 private:
  StatusOr<std::vector<KafkaPartition>> list(TopicCatalog& catalog) const {
    if (options_.pattern) {
      const std::regex pattern(*options_.pattern);
      return catalog.partitions_of_all(
          [&](const std::string& name) { return std::regex_match(name, pattern); });
    }
    std::vector<KafkaPartition> all;
    for (const std::string& topic : options_.topics) {
      WEIR_ASSIGN_OR_RETURN(const std::vector<KafkaPartition> some, catalog.partitions_of(topic));
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  StatusOr<Discovery<KafkaSplit>> find_new(TopicCatalog& catalog,
                                           const std::vector<KafkaPartition>& partitions) {
    std::vector<KafkaPartition> fresh;
    for (const KafkaPartition& partition : partitions) {
      if (!known_.contains(partition)) fresh.push_back(partition);
    }
    // Partitions that appear later are read from their beginning, or records would be missed.
    const KafkaOffsetRule rule = first_ ? options_.start : KafkaOffsetRule();
    WEIR_ASSIGN_OR_RETURN(const Offsets starts, catalog.offsets_of(fresh, rule));
    Offsets stops;
    if (options_.stop) { WEIR_ASSIGN_OR_RETURN(stops, catalog.offsets_of(fresh, *options_.stop)); }
    Discovery<KafkaSplit> discovery;
    for (const KafkaPartition& partition : fresh) {
      const int64_t stop = options_.stop ? stops.at(partition) : kKafkaNoStop;
      discovery.splits.push_back({partition.first, partition.second, starts.at(partition), stop});
      if (!first_) {
        WEIR_LOG(kInfo) << "Kafka: found the partition " << kafka::to_string(partition);
      }
      known_.insert(partition);
    }
    first_ = false;
    return discovery;
  }

  const KafkaSourceOptions options_;
  std::set<KafkaPartition> known_;
  bool first_ = true;
};

std::string problem_of(const KafkaOffsetRule& rule, const KafkaProperties& properties) {
  if (rule.kind == KafkaOffsetRule::Kind::kCommitted && !properties.contains("group.id"))
    return "a KafkaSource is to use the offsets that its group has committed, but has no "
           "group_id()";
  for (const auto& [partition, offset] : rule.offsets) {
    if (offset < 0)
      return cat("a KafkaSource is given the offset ", offset, " for ", kafka::to_string(partition),
                 ": offsets are not negative");
  }
  return "";
}

}  // namespace

std::string KafkaSourceOptions::problem() const {
  if (Status checked = kafka::check_properties(Client::Kind::kConsumer, properties); !checked.ok())
    return std::string(checked.message());
  if (topics.empty() == !pattern) return "a KafkaSource needs either topics() or a topic_pattern()";
  if (std::find(topics.begin(), topics.end(), "") != topics.end())
    return "a KafkaSource is given a topic with an empty name";
  if (std::set<std::string>(topics.begin(), topics.end()).size() != topics.size())
    return "a KafkaSource is given a topic twice";
  if (pattern) {
    try {
      const std::regex compiled(*pattern);
    } catch (const std::regex_error& e) {
      return cat("'", *pattern, "' is no pattern for the topics of a KafkaSource: ", e.what());
    }
  }
  if (discovery.count() < 0)
    return cat("a KafkaSource is to look for new partitions every ", discovery.count(),
               " ms: the interval must not be negative");
  if (std::string found = problem_of(start, properties); !found.empty()) return found;
  return stop ? problem_of(*stop, properties) : "";
}

std::unique_ptr<SplitEnumerator<KafkaSplit>> make_kafka_enumerator(KafkaSourceOptions options) {
  return std::make_unique<PartitionEnumerator>(std::move(options));
}

}  // namespace weir::detail
