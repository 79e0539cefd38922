#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connector/sink.h"
#include "weir/detail/connector/kafka_writer.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/format/schema.h"

namespace weir {

/// Writes each record to a topic of Kafka.
///
///   KafkaSink<std::string>::builder()
///       .bootstrap_servers("broker:9092")
///       .topic("totals")
///       .delivery_guarantee(DeliveryGuarantee::kExactlyOnce)
///       .transactional_id_prefix("dashboard")
///       .build()
///
/// With kExactlyOnce the records between two checkpoints are in one transaction for each subtask,
/// which is committed when the checkpoint is complete. docs/kafka.md is the guide.
template <class T>
class KafkaSink final : public Sink<T> {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  class Builder;
  static Builder builder() { return Builder(); }

  std::unique_ptr<SinkWriter<T>> create_writer() const override {
    return std::make_unique<Writer>(*this);
  }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry&) const override {
    return detail::make_kafka_committer(options_);
  }
  Status probe(FileSystemRegistry&) const override { return detail::probe_kafka_sink(options_); }
  std::string setup_problem() const {
    if (!value_ && !value_schema_)
      return "a KafkaSink needs a value_format() or a value_serializer(); one is null, or missing";
    for (const auto& make : {key_schema_, value_schema_}) {
      const Status checked = make ? make()->check() : Status();
      if (!checked.ok()) return std::string(checked.message());
    }
    if (options_.topic.empty() && !choose_topic_)
      return "a KafkaSink needs a topic() or a topic_selector()";
    return options_.problem();
  }

 private:
  class Writer;
  KafkaSink() = default;

  detail::KafkaSinkOptions options_;
  // All may be null, but one of the last two is not.
  std::function<std::string(const T&)> choose_topic_;
  std::function<Headers(const T&)> headers_;
  std::function<int32_t(const T&)> partition_;
  std::function<std::optional<std::string>(const T&)> key_;
  SerializationSchemaFactory<T> key_schema_;
  std::function<std::optional<std::string>(const T&)> value_;
  SerializationSchemaFactory<T> value_schema_;
};

template <class T>
class KafkaSink<T>::Builder {
 public:
  /// `host:port`, or several of them separated by commas.
  Builder& bootstrap_servers(std::string servers) {
    return property("bootstrap.servers", std::move(servers));
  }
  Builder& topic(std::string name) {
    sink_.options_.topic = std::move(name);
    return *this;
  }
  /// Chooses the topic of each record, instead of topic().
  Builder& topic_selector(std::function<std::string(const T&)> choose) {
    sink_.choose_topic_ = std::move(choose);
    return *this;
  }
  /// Makes the value of a record, such as with JsonFormat<T>().
  template <SerializationSchemaOf<T> Schema>
  Builder& value_format(Schema schema) {
    sink_.value_ = nullptr;
    value_schema_ = schema_for("value", std::move(schema));
    return *this;
  }
  /// Nothing: a tombstone, which deletes the key in a compacted topic.
  Builder& value_serializer(std::function<std::optional<std::string>(const T&)> serialize) {
    sink_.value_ = std::move(serialize);
    value_schema_ = nullptr;
    return *this;
  }
  /// Records with the same key are in the same partition, in order.
  template <SerializationSchemaOf<T> Schema>
  Builder& key_format(Schema schema) {
    sink_.key_ = nullptr;
    key_schema_ = schema_for("key", std::move(schema));
    return *this;
  }
  /// Nothing: no key.
  Builder& key_serializer(std::function<std::optional<std::string>(const T&)> serialize) {
    sink_.key_ = std::move(serialize);
    key_schema_ = nullptr;
    return *this;
  }
  Builder& headers(std::function<Headers(const T&)> make) {
    sink_.headers_ = std::move(make);
    return *this;
  }
  /// Chooses the partition of each record; -1: by the key, as Kafka's Java clients do.
  Builder& partitioner(std::function<int32_t(const T&)> choose) {
    sink_.partition_ = std::move(choose);
    return *this;
  }
  /// Default: kAtLeastOnce.
  Builder& delivery_guarantee(DeliveryGuarantee guarantee) {
    sink_.options_.guarantee = guarantee;
    return *this;
  }
  /// Needed for kExactlyOnce. No other sink or job that uses the same brokers may have it: each
  /// start of the job aborts the open transactions whose ids begin with it and with the sink's uid.
  Builder& transactional_id_prefix(std::string prefix) {
    sink_.options_.id_prefix = std::move(prefix);
    return *this;
  }
  Builder& on_lost_transaction(LostTransactions policy) {
    sink_.options_.on_lost = policy;
    return *this;
  }
  /// Sets a property of librdkafka by its name, such as `compression.type`.
  Builder& property(std::string name, std::string value) {
    sink_.options_.properties[std::move(name)] = std::move(value);
    return *this;
  }
  KafkaSink build() const {
    KafkaSink built = sink_;
    const std::string& topic = sink_.options_.topic;
    if (key_schema_) built.key_schema_ = key_schema_(topic);
    if (value_schema_) built.value_schema_ = value_schema_(topic);
    return built;
  }

 private:
  friend class KafkaSink<T>;
  /// A schema, once the topic is known. It is empty if the topic is chosen for each record.
  using SchemaForTopic = std::function<SerializationSchemaFactory<T>(const std::string& topic)>;
  template <class Schema>
  static SchemaForTopic schema_for(const char* part, Schema schema) {
    return [part, schema = std::move(schema)](const std::string& topic) {
      Schema copy(schema);
      if constexpr (requires { copy.write_to_topic(topic, part); })
        copy.write_to_topic(topic, part);
      return serialization_schema_factory<T>(std::move(copy));
    };
  }
  Builder() {
    if constexpr (std::convertible_to<const T&, std::string_view>)
      value_serializer([](const T& record) { return std::string(std::string_view(record)); });
  }

  KafkaSink sink_;
  SchemaForTopic key_schema_;    ///< may be null
  SchemaForTopic value_schema_;  ///< may be null
};

template <class T>
class KafkaSink<T>::Writer final : public SinkWriter<T> {
 public:
  explicit Writer(const KafkaSink& sink)
      : sink_(sink),
        key_schema_(sink.key_schema_ ? sink.key_schema_() : nullptr),
        value_schema_(sink.value_schema_ ? sink.value_schema_() : nullptr),
        writer_(detail::make_kafka_writer(sink.options_)) {}

  Status open(OperatorContext& context) override { return writer_->open(context); }
  void write(BatchOf<T>& batch) override {
    for (size_t i = 0; i < batch.size(); ++i) write_one(batch.records[i], batch.timestamp(i));
  }
  bool can_accept() override { return writer_->can_accept(); }
  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    return writer_->prepare_commit(context);
  }
  void committed(const std::vector<std::string>& committables) override {
    writer_->committed(committables);
  }
  void checkpoint_completed(int64_t id) override { writer_->checkpoint_completed(id); }
  void close() override { writer_->close(); }

 private:
  void write_one(const T& record, Timestamp timestamp) {
    std::string chosen;
    if (sink_.choose_topic_) chosen = sink_.choose_topic_(record);
    const auto key = bytes_of(record, sink_.key_, key_schema_.get(), key_bytes_);
    const auto value = bytes_of(record, sink_.value_, value_schema_.get(), value_bytes_);
    const Headers headers = sink_.headers_ ? sink_.headers_(record) : Headers();
    detail::KafkaOutput out;
    out.topic = sink_.choose_topic_ ? chosen : sink_.options_.topic;
    out.timestamp = timestamp;
    out.key = key;
    out.value = value;
    if (!headers.empty()) out.headers = &headers;
    if (sink_.partition_) out.partition = sink_.partition_(record);
    writer_->write(out);
  }

  /// In `buffer`, if there are any.
  static std::optional<std::string_view> bytes_of(
      const T& record, const std::function<std::optional<std::string>(const T&)>& serialize,
      SerializationSchema<T>* schema, std::string& buffer) {
    buffer.clear();
    if (schema != nullptr) {
      const Status done = schema->serialize(record, buffer);
      if (!done.ok()) throw std::runtime_error(std::string(done.message()));
      return buffer;
    }
    if (!serialize) return std::nullopt;
    auto bytes = serialize(record);
    if (!bytes) return std::nullopt;
    buffer = *std::move(bytes);
    return buffer;
  }

  const KafkaSink sink_;
  const std::unique_ptr<SerializationSchema<T>> key_schema_;
  const std::unique_ptr<SerializationSchema<T>> value_schema_;
  std::string key_bytes_;
  std::string value_bytes_;
  const std::unique_ptr<detail::KafkaWriter> writer_;
};

}  // namespace weir
