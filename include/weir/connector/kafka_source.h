#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/kafka_message.h"
#include "weir/connector/source.h"
#include "weir/detail/connector/kafka_reader.h"
#include "weir/detail/connector/pacer.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/format/schema.h"

namespace weir {

/// The treatment of a partition that has no offset to start from.
enum class OffsetResetStrategy { kNone, kEarliest, kLatest };  ///< kNone: the job is refused

/// Where a KafkaSource starts to read a partition, or where it stops. Found once, when the job
/// first starts; from then on the offsets are part of the checkpoints.
class OffsetsInitializer {
 public:
  static OffsetsInitializer earliest() { return OffsetsInitializer(Kind::kEarliest); }
  static OffsetsInitializer latest() { return OffsetsInitializer(Kind::kLatest); }
  /// The offsets that the source's group has committed.
  static OffsetsInitializer committed_offsets(
      OffsetResetStrategy otherwise = OffsetResetStrategy::kNone) {
    OffsetsInitializer made(Kind::kCommitted);
    made.set_otherwise(otherwise);
    return made;
  }
  /// The first message whose timestamp is at least this one (ms since 1970); the end of the
  /// partition if there is none.
  static OffsetsInitializer timestamp(Timestamp at_least) {
    OffsetsInitializer made(Kind::kTimestamp);
    made.rule_.timestamp = at_least;
    return made;
  }
  /// An offset for each partition, given as topic and number.
  static OffsetsInitializer offsets(std::map<std::pair<std::string, int32_t>, int64_t> offsets,
                                    OffsetResetStrategy otherwise = OffsetResetStrategy::kNone) {
    OffsetsInitializer made(Kind::kExplicit);
    made.rule_.offsets = std::move(offsets);
    made.set_otherwise(otherwise);
    return made;
  }

  const detail::KafkaOffsetRule& rule() const { return rule_; }

 private:
  using Kind = detail::KafkaOffsetRule::Kind;
  explicit OffsetsInitializer(Kind kind) { rule_.kind = kind; }
  void set_otherwise(OffsetResetStrategy strategy) {
    using enum detail::KafkaOffsetRule::Otherwise;
    rule_.otherwise = strategy == OffsetResetStrategy::kNone       ? kFail
                      : strategy == OffsetResetStrategy::kEarliest ? kEarliest
                                                                   : kLatest;
  }

  detail::KafkaOffsetRule rule_;
};

/// The treatment of a message that cannot be deserialized.
enum class PoisonMessage {
  kFail,  ///< the job fails with a sentence that names topic, partition and offset
  kSkip,  ///< it is skipped and counted (numRecordsInErrors); the log names the first ones
};

/// Reads topics of Kafka. Each message is read exactly once across restarts: the offsets are in the
/// checkpoints, never those that the group has committed. Messages of open and aborted transactions
/// are not read. A subtask reads its partitions in turns, each in the order of its offsets.
///
///   KafkaSource<std::string>::builder()
///       .bootstrap_servers("broker:9092")
///       .topics("clicks")
///       .group_id("dashboard")
///       .starting_offsets(OffsetsInitializer::earliest())
///       .build()
///
/// docs/kafka.md is the guide.
template <class T>
class KafkaSource final : public Source<T, detail::KafkaSplit> {
 public:
  using Split = detail::KafkaSplit;
  class Builder;
  static Builder builder() { return Builder(); }

  std::unique_ptr<SplitEnumerator<Split>> create_enumerator(int) const override {
    return detail::make_kafka_enumerator(options_);
  }
  std::unique_ptr<SourceReader<T, Split>> create_reader() const override {
    return std::make_unique<Reader>(*this);
  }
  bool bounded() const override { return options_.stop.has_value(); }
  std::string setup_problem() const {
    if (!deserialize_ && !value_schema_)
      return "a KafkaSource needs a value_format() or a deserializer(); one is null, or missing";
    if (value_schema_) {
      if (Status checked = value_schema_()->check(); !checked.ok())
        return std::string(checked.message());
    }
    if (Status rate = rate_.check(); !rate.ok()) return std::string(rate.message());
    return options_.problem();
  }

 private:
  using Deserialize = std::function<void(const KafkaMessage&, KafkaCollector<T>&)>;
  using PoisonRecord = std::function<T(const KafkaMessage&, std::string_view problem)>;
  class Reader;

  KafkaSource() = default;

  detail::KafkaSourceOptions options_;
  detail::SourceRate rate_;
  // One of the two.
  Deserialize deserialize_;
  DeserializationSchemaFactory<T> value_schema_;
  detail::KafkaPoison on_poison_ = detail::KafkaPoison::kFail;
  PoisonRecord poison_record_;  ///< for kCollect
};

template <class T>
class KafkaSource<T>::Builder {
 public:
  /// `host:port`, or several of them separated by commas.
  Builder& bootstrap_servers(std::string servers) {
    return property("bootstrap.servers", std::move(servers));
  }
  template <class... Names>
  Builder& topics(std::string first, Names... more) {
    source_.options_.topics = {std::move(first), std::string(std::move(more))...};
    return *this;
  }
  Builder& topics(std::vector<std::string> names) {
    source_.options_.topics = std::move(names);
    return *this;
  }
  /// Reads all topics whose whole name matches this regular expression (ECMAScript), also those
  /// that are made later.
  Builder& topic_pattern(std::string pattern) {
    source_.options_.pattern = std::move(pattern);
    return *this;
  }
  /// The group under which the offsets of completed checkpoints are committed, for monitoring.
  Builder& group_id(std::string id) { return property("group.id", std::move(id)); }
  /// Only used when the job first starts. Default: earliest().
  Builder& starting_offsets(const OffsetsInitializer& offsets) {
    source_.options_.start = offsets.rule();
    return *this;
  }
  /// The source ends at these offsets, which are found when the job first starts.
  Builder& bounded(const OffsetsInitializer& stop) {
    source_.options_.stop = stop.rule();
    return *this;
  }
  /// How often to look for new partitions, which are read from their beginning. 0: never. Default:
  /// 5 minutes.
  Builder& partition_discovery_interval(std::chrono::milliseconds interval) {
    source_.options_.discovery = interval;
    return *this;
  }
  /// Sets the maximum rate in messages per second, over all subtasks. Default: no limit.
  Builder& rate(double messages_per_second) {
    source_.rate_.set(messages_per_second);
    return *this;
  }
  /// Sets a property of librdkafka by its name, such as `security.protocol`.
  Builder& property(std::string name, std::string value) {
    source_.options_.properties[std::move(name)] = std::move(value);
    return *this;
  }
  /// Makes a record of a message's value, such as with JsonFormat<T>(). Messages without a value
  /// are skipped.
  template <DeserializationSchemaOf<T> Schema>
  Builder& value_format(Schema schema) {
    source_.deserialize_ = nullptr;
    source_.value_schema_ = deserialization_schema_factory<T>(std::move(schema));
    return *this;
  }
  /// Makes records of a message. It may throw, which makes it a poison message; records of that
  /// message that were collected before are dropped.
  Builder& deserializer(Deserialize deserialize) {
    source_.deserialize_ = std::move(deserialize);
    source_.value_schema_ = nullptr;
    return *this;
  }
  /// Makes a record of a message's value. Messages without a value are skipped.
  Builder& value_only_deserializer(std::function<T(std::string_view)> deserialize) {
    if (!deserialize) return deserializer(nullptr);
    return deserializer([deserialize = std::move(deserialize)](const KafkaMessage& message,
                                                               KafkaCollector<T>& out) {
      if (message.value) out.collect(deserialize(*message.value));
    });
  }
  Builder& on_poison_message(PoisonMessage policy) {
    source_.on_poison_ =
        policy == PoisonMessage::kSkip ? detail::KafkaPoison::kSkip : detail::KafkaPoison::kFail;
    return *this;
  }
  /// Makes a record of each message that cannot be deserialized, and of the reason. A later
  /// function can send it to a side output, for dead letters. They are counted too
  /// (numRecordsInErrors).
  Builder& on_poison_message(PoisonRecord make) {
    source_.on_poison_ = make ? detail::KafkaPoison::kCollect : detail::KafkaPoison::kFail;
    source_.poison_record_ = std::move(make);
    return *this;
  }
  KafkaSource build() const { return source_; }

 private:
  friend class KafkaSource<T>;
  Builder() {
    if constexpr (std::constructible_from<T, std::string_view>)
      value_only_deserializer([](std::string_view value) { return T(value); });
  }

  KafkaSource source_;
};

template <class T>
class KafkaSource<T>::Reader final : public SourceReader<T, Split> {
 public:
  explicit Reader(const KafkaSource& source)
      : deserialize_(source.deserialize_),
        value_schema_(source.value_schema_ ? source.value_schema_() : nullptr),
        poison_record_(source.poison_record_),
        pacer_(source.rate_),
        reader_(detail::make_kafka_reader(source.options_, source.on_poison_)) {}

  void track_splits(SplitTracker& tracker) override { reader_->track_splits(tracker); }
  void pause_or_resume_splits(const std::vector<std::string>& pause,
                              const std::vector<std::string>& resume) override {
    reader_->pause_or_resume_splits(pause, resume);
  }
  Status open(OperatorContext& context) override {
    context_ = &context;
    pacer_.open(context.parallelism());
    return reader_->open(context);
  }
  void add_splits(std::vector<Split> splits) override {
    if (!splits.empty()) pacer_.set_reading(true);
    reader_->add_splits(std::move(splits));
  }
  std::vector<Split> snapshot() override { return reader_->snapshot(); }
  void checkpoint_taken(int64_t id) override { reader_->checkpoint_taken(id); }
  void checkpoint_completed(int64_t id) override { reader_->checkpoint_completed(id); }

  PollResult poll(BatchOf<T>& out, size_t max_records) override {
    const int64_t now_ms = pacer_.limited() ? context_->processing_time_ms() : 0;
    const size_t allowed = pacer_.allowed(now_ms, max_records);
    if (allowed == 0) return {PollResult::Status::kNothingNow, pacer_.next_ms(now_ms)};
    std::span<const KafkaMessage> messages;
    const PollResult result = reader_->take(allowed, &messages);
    pacer_.emitted(messages.size());
    if (result.status == PollResult::Status::kEnd) pacer_.set_reading(false);
    for (const KafkaMessage& message : messages) {
      const size_t before = out.size();
      Status read;
      try {
        read = deserialize(message, out);
      } catch (const std::exception& e) { read = invalid_argument(e.what()); }
      if (read.ok()) continue;
      if (read.code() == StatusCode::kUnavailable) {  // says nothing about the message
        context_->fail(std::move(read));
        return {PollResult::Status::kNothingNow};
      }
      out.records.erase(out.records.begin() + static_cast<std::ptrdiff_t>(before),
                        out.records.end());
      if (out.timestamps.size() > before) out.timestamps.resize(before);
      if (!reader_->malformed(message, read.message())) return {PollResult::Status::kNothingNow};
      if (poison_record_) out.add(poison_record_(message, read.message()), message.timestamp);
    }
    return result;
  }

 private:
  Status deserialize(const KafkaMessage& message, BatchOf<T>& out) {
    if (value_schema_ == nullptr) {
      KafkaCollector<T> collector(out, message.timestamp);
      deserialize_(message, collector);
      return {};
    }
    if (!message.value) return {};
    StatusOr<T> record = value_schema_->deserialize(*message.value);
    if (!record.ok()) return record.status();
    out.add(*std::move(record), message.timestamp);
    return {};
  }

  const Deserialize deserialize_;
  const std::unique_ptr<DeserializationSchema<T>> value_schema_;
  const PoisonRecord poison_record_;
  detail::Pacer pacer_;
  const std::unique_ptr<detail::KafkaReader> reader_;
  OperatorContext* context_ = nullptr;
};

}  // namespace weir
