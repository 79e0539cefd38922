#include "kafka/producer.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <span>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::kafka {
namespace {

constexpr int kFlushStepMs = 100;

KafkaOutput view_of(const auto& waiting) {
  KafkaOutput record;
  record.topic = waiting.topic;
  record.partition = waiting.partition;
  record.timestamp = waiting.timestamp;
  if (waiting.key) record.key = *waiting.key;
  if (waiting.value) record.value = *waiting.value;
  if (!waiting.headers.empty()) record.headers = &waiting.headers;
  return record;
}

rd_kafka_vu_t pointer_arg(rd_kafka_vtype_t type, std::optional<std::string_view> bytes) {
  rd_kafka_vu_t arg;
  arg.vtype = type;
  // An empty value is not a missing one.
  arg.u.mem.ptr = bytes ? const_cast<char*>(bytes->empty() ? "" : bytes->data()) : nullptr;
  arg.u.mem.size = bytes ? bytes->size() : 0;
  return arg;
}

}  // namespace

KafkaProperties producer_properties(const detail::KafkaSinkOptions& options) {
  KafkaProperties all = {{"client.id", "weir"}, {"partitioner", "murmur2_random"}};
  if (options.guarantee == DeliveryGuarantee::kExactlyOnce)
    all["transaction.timeout.ms"] = "900000";  // the largest that brokers accept by default
  for (const auto& [name, value] : options.properties) all[name] = value;
  return all;
}

StatusOr<std::shared_ptr<Producer>> Producer::create(const KafkaProperties& properties,
                                                     const KafkaProperties& fixed) {
  std::shared_ptr<Producer> producer(new Producer());
  KafkaProperties all = fixed;
  all["delivery.report.only.error"] = "true";
  WEIR_ASSIGN_OR_RETURN(producer->client_,
                        Client::create(Client::Kind::kProducer, properties, all, producer.get()));
  return producer;
}

Producer::~Producer() {
  for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
  if (client_ == nullptr) return;
  // Whatever is still in flight belongs to an epoch that will not be committed.
  rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                     RD_KAFKA_PURGE_F_NON_BLOCKING);
  client_.reset();
}

bool Producer::full() const {
  const std::lock_guard lock(records_);
  return !waiting_.empty();
}

void Producer::send(const KafkaOutput& record) {
  const std::lock_guard lock(records_);
  if (waiting_.empty() && offer(record)) return;
  Waiting& waiting = waiting_.emplace_back(
      Waiting{std::string(record.topic), record.partition, record.timestamp, {}, {}, {}});
  if (record.key) waiting.key = *record.key;
  if (record.value) waiting.value = *record.value;
  if (record.headers != nullptr) waiting.headers = *record.headers;
}

void Producer::make_room(int wait_ms) {
  rd_kafka_poll(client_->get(), wait_ms);
  drain();
}

bool Producer::drain() {
  const std::lock_guard lock(records_);
  while (!waiting_.empty() && offer(view_of(waiting_.front()))) waiting_.pop_front();
  return waiting_.empty();
}

Status Producer::flush() {
  // Ends: librdkafka gives a record up after message.timeout.ms.
  while (failure().ok()) {
    const bool all_offered = drain();
    const rd_kafka_resp_err_t flushed = rd_kafka_flush(client_->get(), kFlushStepMs);
    if (flushed == RD_KAFKA_RESP_ERR_NO_ERROR && all_offered) break;
  }
  std::array<char, 256> reason{};
  if (rd_kafka_fatal_error(client_->get(), reason.data(), reason.size()) !=
      RD_KAFKA_RESP_ERR_NO_ERROR)
    fail(reason.data());
  return failure();
}

Status Producer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_.empty() ? Status() : unavailable(failure_);
}

void Producer::fail(std::string problem) {
  const std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = std::move(problem);
}

rd_kafka_topic_s* Producer::topic(std::string_view name) {
  const auto found = topics_.find(name);
  if (found != topics_.end()) return found->second;
  const std::string text(name);
  rd_kafka_topic_t* made = rd_kafka_topic_new(client_->get(), text.c_str(), nullptr);
  if (made != nullptr) topics_.emplace(text, made);
  return made;
}

bool Producer::offer(const KafkaOutput& record) {
  rd_kafka_topic_t* const destination = topic(record.topic);
  if (destination == nullptr) {
    fail(cat("'", record.topic, "' is no name of a topic"));
    return true;
  }
  std::array<rd_kafka_vu_t, 6> args{};
  args[0].vtype = RD_KAFKA_VTYPE_RKT;
  args[0].u.rkt = destination;
  args[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  args[1].u.i32 = record.partition;
  args[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  args[2].u.i = RD_KAFKA_MSG_F_COPY;
  args[3] = pointer_arg(RD_KAFKA_VTYPE_VALUE, record.value);
  args[4] = pointer_arg(RD_KAFKA_VTYPE_KEY, record.key);
  args[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  args[5].u.i64 = record.timestamp < 0 ? 0 : record.timestamp;  // 0: now
  std::span<const rd_kafka_vu_t> all(args);
  std::vector<rd_kafka_vu_t> with_headers;
  if (record.headers != nullptr) {
    with_headers.assign(args.begin(), args.end());
    for (const auto& [name, value] : *record.headers) {
      rd_kafka_vu_t& header = with_headers.emplace_back();
      header.vtype = RD_KAFKA_VTYPE_HEADER;
      header.u.header.name = name.c_str();
      header.u.header.val = value.data();
      header.u.header.size = static_cast<ssize_t>(value.size());
    }
    all = with_headers;
  }
  rd_kafka_error_t* error = rd_kafka_produceva(client_->get(), all.data(), all.size());
  if (error == nullptr) return true;
  const bool room = rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL;
  if (room)
    fail(cat("a record cannot be written to ", record.topic, ": ", rd_kafka_error_string(error)));
  rd_kafka_error_destroy(error);
  return room;
}

}  // namespace weir::kafka
