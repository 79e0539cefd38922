#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kafka/client_config.h"
#include "weir/connector/kafka_message.h"
#include "weir/detail/connector/kafka_reader.h"

struct rd_kafka_message_s;
struct rd_kafka_queue_s;
struct rd_kafka_topic_s;

namespace weir::kafka {

using detail::KafkaSplit;

/// A queue without messages, on which one thread waits until others wake it up. A wake-up without a
/// waiting thread ends the next wait at once.
class WakeUp {
 public:
  explicit WakeUp(std::shared_ptr<Client> client);
  ~WakeUp();
  void wait(int timeout_ms);
  void notify();

 private:
  const std::shared_ptr<Client> client_;
  rd_kafka_queue_s* const queue_;
};

/// The queue of one partition, which librdkafka fills up to its limits, and the position in it.
/// While nobody takes messages, it fetches no more. Thread: the operator's.
class FetchedPartition {
 public:
  static StatusOr<std::unique_ptr<FetchedPartition>> start(std::shared_ptr<Client> client,
                                                           std::shared_ptr<WakeUp> wake_up,
                                                           KafkaSplit split);
  ~FetchedPartition();
  FetchedPartition(const FetchedPartition&) = delete;
  FetchedPartition& operator=(const FetchedPartition&) = delete;

  const KafkaSplit& split() const { return split_; }
  /// "topic-partition"
  const std::string& id() const { return id_; }
  bool at_stop() const { return split_.next >= split_.stop; }
  /// Takes up to `max` messages that have arrived, and moves the position behind them. They are
  /// valid until the next call.
  Status take(size_t max, std::vector<KafkaMessage>* messages);
  /// Number of messages between the position and the end of the partition, as far as it is known.
  /// It counts what is not delivered too: markers and messages of aborted transactions.
  int64_t lag() const;

 private:
  FetchedPartition(std::shared_ptr<Client> client, std::shared_ptr<WakeUp> wake_up,
                   KafkaSplit split);
  void release();
  Status on_event(const rd_kafka_message_s& event);
  KafkaMessage message_of(const rd_kafka_message_s& message) const;

  const std::shared_ptr<Client> client_;
  const std::shared_ptr<WakeUp> wake_up_;
  KafkaSplit split_;
  const std::string id_;
  rd_kafka_topic_s* topic_ = nullptr;
  rd_kafka_queue_s* queue_ = nullptr;
  bool started_ = false;
  std::vector<rd_kafka_message_s*> taken_;
};

}  // namespace weir::kafka
