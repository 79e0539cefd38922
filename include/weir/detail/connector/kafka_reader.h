#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/kafka_message.h"
#include "weir/connector/source.h"
#include "weir/types/fields.h"

namespace weir::detail {

using KafkaProperties = std::map<std::string, std::string>;  ///< names of librdkafka
using KafkaPartition = std::pair<std::string, int32_t>;

/// Where to read a partition, or where to stop: a rule that the enumerator makes an offset of.
struct KafkaOffsetRule {
  enum class Kind { kEarliest, kLatest, kCommitted, kTimestamp, kExplicit };
  enum class Otherwise { kFail, kEarliest, kLatest };  ///< for a partition without an offset

  Kind kind = Kind::kEarliest;
  Otherwise otherwise = Otherwise::kFail;
  Timestamp timestamp = 0;
  std::map<KafkaPartition, int64_t> offsets;
};

struct KafkaSourceOptions {
  KafkaProperties properties;
  std::vector<std::string> topics;
  std::optional<std::string> pattern;  ///< instead of `topics`: all whose whole name matches
  KafkaOffsetRule start;
  std::optional<KafkaOffsetRule> stop;                           ///< nothing: unbounded
  std::chrono::milliseconds discovery{std::chrono::minutes(5)};  ///< 0: once

  /// The first fault in the options, or nothing.
  std::string problem() const;
};

inline constexpr int64_t kKafkaNoStop = INT64_MAX;

/// A partition and the offset of the next message to emit.
struct KafkaSplit {
  std::string topic;
  int32_t partition = 0;
  int64_t next = 0;
  int64_t stop = kKafkaNoStop;  ///< the first offset not to read

  WEIR_FIELDS(KafkaSplit, topic, partition, next, stop)
};

std::unique_ptr<SplitEnumerator<KafkaSplit>> make_kafka_enumerator(KafkaSourceOptions options);

/// The policy for a message that cannot be deserialized.
enum class KafkaPoison { kFail, kSkip, kCollect };

/// Fetches the messages of one subtask. Thread: the operator's.
class KafkaReader {
 public:
  virtual ~KafkaReader() = default;
  virtual void track_splits(SplitTracker& tracker) = 0;
  virtual void pause_or_resume_splits(const std::vector<std::string>& pause,
                                      const std::vector<std::string>& resume) = 0;
  virtual Status open(OperatorContext& context) = 0;
  virtual void add_splits(std::vector<KafkaSplit> splits) = 0;
  /// Up to `max` next messages, all of one partition; valid until the next call. The position of
  /// the partition is then behind them.
  virtual PollResult take(size_t max, std::span<const KafkaMessage>* messages) = 0;
  virtual std::vector<KafkaSplit> snapshot() = 0;
  virtual void checkpoint_taken(int64_t id) = 0;
  virtual void checkpoint_completed(int64_t id) = 0;
  /// Counts a message that could not be deserialized. True: it is skipped, or the caller makes a
  /// record of it. False: the task has failed.
  virtual bool malformed(const KafkaMessage& message, std::string_view problem) = 0;
};

std::unique_ptr<KafkaReader> make_kafka_reader(const KafkaSourceOptions& options,
                                               KafkaPoison poison);

}  // namespace weir::detail
