#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kafka/client_config.h"
#include "weir/detail/connector/kafka_writer.h"

struct rd_kafka_topic_s;

namespace weir::kafka {

using detail::KafkaOutput;

/// One producer of librdkafka. It keeps records until they are delivered, also those that
/// librdkafka has no room for. Thread: any, but no record may be sent during flush().
class Producer final : private Client::DeliveryListener {
 public:
  static StatusOr<std::shared_ptr<Producer>> create(const KafkaProperties& properties,
                                                    const KafkaProperties& fixed);
  ~Producer() override;

  Client& client() { return *client_; }
  /// Never blocks.
  void send(const KafkaOutput& record);
  /// True if librdkafka had no room for all records.
  bool full() const;
  /// Offers the waiting records again, after at most `wait_ms`.
  void make_room(int wait_ms);
  /// Blocks until all records are delivered or one cannot be.
  Status flush();
  /// The first record that could not be delivered.
  Status failure() const;

 private:
  struct Waiting {
    std::string topic;
    int32_t partition;
    Timestamp timestamp;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
  };

  Producer() = default;
  /// False: librdkafka has no room.
  bool offer(const KafkaOutput& record);
  /// True if librdkafka has all records.
  bool drain();
  rd_kafka_topic_s* topic(std::string_view name);
  void fail(std::string problem);
  void on_failed_delivery(const std::string& problem) override { fail(problem); }

  std::shared_ptr<Client> client_;
  mutable std::mutex records_;
  // guarded by records_
  std::map<std::string, rd_kafka_topic_s*, std::less<>> topics_;
  std::deque<Waiting> waiting_;

  mutable std::mutex mutex_;
  std::string failure_;  ///< guarded by mutex_
};

/// The properties of a sink's producers: the user's, and weir's defaults for the others.
KafkaProperties producer_properties(const detail::KafkaSinkOptions& options);

}  // namespace weir::kafka
