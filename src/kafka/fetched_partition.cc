#include "kafka/fetched_partition.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "kafka/topic_catalog.h"

namespace weir::kafka {
namespace {

/// Errors that librdkafka reports and retries by itself.
bool is_transient(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR: return true;
    default: return false;
  }
}

void on_messages(rd_kafka_t*, void* wake_up) { static_cast<WakeUp*>(wake_up)->notify(); }

std::optional<std::string_view> bytes_of(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

WakeUp::WakeUp(std::shared_ptr<Client> client)
    : client_(std::move(client)), queue_(rd_kafka_queue_new(client_->get())) {}
WakeUp::~WakeUp() { rd_kafka_queue_destroy(queue_); }
void WakeUp::wait(int timeout_ms) {
  if (rd_kafka_event_t* event = rd_kafka_queue_poll(queue_, timeout_ms))
    rd_kafka_event_destroy(event);
}
void WakeUp::notify() { rd_kafka_queue_yield(queue_); }

FetchedPartition::FetchedPartition(std::shared_ptr<Client> client, std::shared_ptr<WakeUp> wake_up,
                                   KafkaSplit split)
    : client_(std::move(client)),
      wake_up_(std::move(wake_up)),
      split_(std::move(split)),
      id_(to_string({split_.topic, split_.partition})) {}

StatusOr<std::unique_ptr<FetchedPartition>> FetchedPartition::start(std::shared_ptr<Client> client,
                                                                    std::shared_ptr<WakeUp> wake_up,
                                                                    KafkaSplit split) {
  std::unique_ptr<FetchedPartition> made(
      new FetchedPartition(std::move(client), std::move(wake_up), std::move(split)));
  const KafkaSplit& it = made->split_;
  rd_kafka_t* const consumer = made->client_->get();
  const std::string what = cat("cannot read ", it.topic, "-", it.partition);
  made->topic_ = rd_kafka_topic_new(consumer, it.topic.c_str(), nullptr);
  if (made->topic_ == nullptr) return status_of(*made->client_, rd_kafka_last_error(), what);
  made->queue_ = rd_kafka_queue_new(consumer);
  rd_kafka_queue_cb_event_enable(made->queue_, on_messages, made->wake_up_.get());
  if (rd_kafka_consume_start_queue(made->topic_, it.partition, it.next, made->queue_) != 0)
    return status_of(*made->client_, rd_kafka_last_error(), what);
  made->started_ = true;
  return made;
}

FetchedPartition::~FetchedPartition() {
  release();
  if (queue_ != nullptr) rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr);
  if (started_) rd_kafka_consume_stop(topic_, split_.partition);
  if (queue_ != nullptr) rd_kafka_queue_destroy(queue_);
  if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
}

void FetchedPartition::release() {
  for (rd_kafka_message_t* message : taken_) rd_kafka_message_destroy(message);
  taken_.clear();
}

Status FetchedPartition::take(size_t max, std::vector<KafkaMessage>* messages) {
  release();
  taken_.resize(max);
  const ssize_t got = rd_kafka_consume_batch_queue(queue_, 0, taken_.data(), max);
  taken_.resize(got > 0 ? static_cast<size_t>(got) : 0);
  for (const rd_kafka_message_t* message : taken_) {
    if (at_stop()) break;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (Status status = on_event(*message); !status.ok()) return status;
      continue;
    }
    if (message->offset < split_.next) continue;
    split_.next = std::min(message->offset + 1, split_.stop);
    if (message->offset < split_.stop) messages->push_back(message_of(*message));
  }
  return {};
}

Status FetchedPartition::on_event(const rd_kafka_message_s& event) {
  if (event.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // Behind the last message may be markers of transactions, which are not delivered.
    split_.next = std::max(split_.next, event.offset);
    return {};
  }
  const std::string what =
      cat("cannot read on in ", split_.topic, "-", split_.partition, " from offset ", split_.next);
  const char* text = rd_kafka_message_errstr(&event);
  const std::string detail = text != nullptr ? text : "";
  if (is_transient(event.err)) {
    WEIR_LOG(kWarning) << what << ", trying again: " << detail;
    return {};
  }
  if (event.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    return failed_precondition(
        cat(what, ": the broker does not have this offset (any more); messages are lost: ", detail,
            ". Did the topic's retention delete them, or was the topic made anew? To go on with "
            "what is there, set the property auto.offset.reset to earliest or latest"));
  }
  return status_of(*client_, event.err, what, detail);
}

KafkaMessage FetchedPartition::message_of(const rd_kafka_message_s& message) const {
  KafkaMessage made;
  made.topic = split_.topic;
  made.partition = split_.partition;
  made.offset = message.offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp >= 0) made.timestamp = timestamp;
  made.key = bytes_of(message.key, message.key_len);
  made.value = bytes_of(message.payload, message.len);
  made.raw = &message;
  return made;
}

int64_t FetchedPartition::lag() const {
  int64_t low = 0;
  int64_t high = 0;
  if (rd_kafka_get_watermark_offsets(client_->get(), split_.topic.c_str(), split_.partition, &low,
                                     &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      high < 0) {
    return 0;
  }
  return std::max<int64_t>(0, high - split_.next);
}

}  // namespace weir::kafka

namespace weir {

std::vector<KafkaHeader> KafkaMessage::headers() const {
  std::vector<KafkaHeader> found;
  rd_kafka_headers_t* headers = nullptr;
  if (raw == nullptr || rd_kafka_message_headers(static_cast<const rd_kafka_message_t*>(raw),
                                                 &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return found;
  }
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    found.push_back({name, kafka::bytes_of(value, size)});
  }
  return found;
}

std::optional<std::string_view> KafkaMessage::header(std::string_view name) const {
  std::optional<std::string_view> value;
  for (const KafkaHeader& header : headers()) {
    if (header.name == name) value = header.value;
  }
  return value;
}

}  // namespace weir
