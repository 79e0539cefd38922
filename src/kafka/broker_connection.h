#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "kafka/bearer_token.h"
#include "kafka/wire.h"
#include "platform/tcp_client.h"
#include "platform/tls_client.h"
#include "weir/detail/connector/kafka_reader.h"

namespace weir::kafka {

/// How to connect to brokers, from librdkafka's properties.
struct BrokerSecurity {
  bool tls = false;
  TlsClientOptions tls_options;
  std::string mechanism;  ///< of SASL; empty: none
  std::string user;
  std::string password;
  std::shared_ptr<TokenSource> tokens;  ///< for OAUTHBEARER

  /// UNIMPLEMENTED names a property that librdkafka knows and this client does not.
  static StatusOr<BrokerSecurity> from(const detail::KafkaProperties& properties);
};

/// Sends one request after the other to a broker. Thread: one at a time; blocks.
class BrokerConnection {
 public:
  virtual ~BrokerConnection() = default;
  /// The body of the answer. UNAVAILABLE: the connection cannot be used any more, and whether the
  /// request was carried out is unknown.
  virtual StatusOr<std::string> call(const Request& request) = 0;
};

/// Connects to brokers. Tests have another one.
class BrokerDialer {
 public:
  virtual ~BrokerDialer() = default;
  virtual StatusOr<std::unique_ptr<BrokerConnection>> dial(const BrokerAddress& address) = 0;
};

std::unique_ptr<BrokerDialer> make_broker_dialer(BrokerSecurity security);

/// One connection over any stream of bytes, after authentication.
StatusOr<std::unique_ptr<BrokerConnection>> authenticate(std::unique_ptr<TcpClient> stream,
                                                         const std::string& peer,
                                                         const BrokerSecurity& security);

}  // namespace weir::kafka
