#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "kafka/bearer_token.h"
#include "weir/detail/connector/kafka_reader.h"
#include "weir/status.h"

struct rd_kafka_s;

namespace weir::kafka {

using detail::KafkaProperties;

/// A client of librdkafka, and what it reported last. Its log lines go to weir's log.
/// Thread: any; destruction blocks for some milliseconds.
class Client {
 public:
  enum class Kind { kConsumer, kProducer };

  /// Notified on a thread of librdkafka.
  class DeliveryListener {
   public:
    virtual ~DeliveryListener() = default;
    virtual void on_failed_delivery(const std::string& problem) = 0;
  };

  /// `fixed` wins over the properties of the user. INVALID_ARGUMENT names the property.
  static StatusOr<std::shared_ptr<Client>> create(Kind kind, const KafkaProperties& properties,
                                                  const KafkaProperties& fixed,
                                                  DeliveryListener* deliveries = nullptr);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_s* get() const { return handle_; }
  const std::string& servers() const { return servers_; }
  /// Handles what librdkafka has reported, without waiting.
  void serve();
  /// What librdkafka reported last, such as "Connect to … failed: Connection refused".
  std::string last_error() const;
  bool refused() const;     ///< the last error is that the broker does not accept the user
  bool distrusted() const;  ///< it is that one side does not accept the other's certificate
  bool uses_scram() const { return scram_; }
  void note_error(int code, std::string error);
  DeliveryListener* deliveries() const { return deliveries_; }
  TokenSource* tokens() const { return tokens_.get(); }

 private:
  Client() = default;

  rd_kafka_s* handle_ = nullptr;
  std::string servers_;
  DeliveryListener* deliveries_ = nullptr;
  std::shared_ptr<TokenSource> tokens_;  ///< for OAUTHBEARER
  bool scram_ = false;
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::string last_error_;
  int last_code_ = 0;
};

/// The code for an error of librdkafka. `what` says what was tried, such as "cannot read topic t".
Status status_of(const Client& client, int error, const std::string& what,
                 const std::string& detail = "");

/// The errors of `properties` that librdkafka finds without a broker.
Status check_properties(Client::Kind kind, const KafkaProperties& properties);

}  // namespace weir::kafka
