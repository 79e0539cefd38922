#include "kafka/client_config.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::kafka {
namespace {

constexpr int kWarning = 4;  ///< of syslog; smaller numbers are worse

/// Properties that weir needs for itself, and why.
constexpr std::array<std::pair<const char*, const char*>, 6> kReserved = {{
    {"enable.auto.commit", "offsets are part of the checkpoints"},
    {"auto.commit.enable", "offsets are part of the checkpoints"},
    {"enable.auto.offset.store", "offsets are part of the checkpoints"},
    {"enable.partition.eof", "the source needs these events"},
    {"transactional.id", "set transactional_id_prefix() instead"},
    {"enable.idempotence", "it follows from the delivery guarantee"},
}};

void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  // Of weir's own settings.
  if (std::string_view(text).find("auto.commit.enable is deprecated") != std::string_view::npos)
    return;
  if (level <= kWarning) {
    WEIR_LOG(kWarning) << "Kafka: " << text << " (" << facility << ")";
  } else {
    WEIR_LOG(kInfo) << "Kafka: " << text << " (" << facility << ")";
  }
}

void on_error(rd_kafka_t*, int error, const char* reason, void* opaque) {
  // It follows another one, which has the reason.
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
  static_cast<Client*>(opaque)->note_error(
      error,
      reason != nullptr ? reason : rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error)));
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const auto* client = static_cast<Client*>(opaque);
  const char* topic = message->rkt != nullptr ? rd_kafka_topic_name(message->rkt) : "a topic";
  client->deliveries()->on_failed_delivery(
      cat("a record for ", topic, " (partition ", message->partition,
          ") was not written: ", rd_kafka_err2str(message->err)));
}

/// On a thread of librdkafka, so that it works while another thread waits for the broker.
void on_token_wanted(rd_kafka_t* handle, const char*, void* opaque) {
  const auto token = static_cast<Client*>(opaque)->tokens()->token();
  if (!token.ok()) {
    rd_kafka_oauthbearer_set_token_failure(handle, std::string(token.status().message()).c_str());
    return;
  }
  std::vector<const char*> extensions;
  for (const auto& [name, value] : token->extensions) {
    extensions.push_back(name.c_str());
    extensions.push_back(value.c_str());
  }
  std::array<char, 512> problem{};
  const rd_kafka_resp_err_t error = rd_kafka_oauthbearer_set_token(
      handle, token->value.c_str(), token->expires_ms, token->principal.c_str(), extensions.data(),
      extensions.size(), problem.data(), problem.size());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    rd_kafka_oauthbearer_set_token_failure(handle, problem.data());
}

using Conf = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;

Status set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> problem{};
  const rd_kafka_conf_res_t result =
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), problem.data(), problem.size());
  if (result == RD_KAFKA_CONF_OK) return {};
  if (result == RD_KAFKA_CONF_UNKNOWN)
    return invalid_argument(cat("'", name, "' is no property of librdkafka ",
                                rd_kafka_version_str(), ": its CONFIGURATION.md lists them"));
  return invalid_argument(
      cat("'", value, "' is no value for Kafka's property '", name, "': ", problem.data()));
}

StatusOr<Conf> make_conf(const KafkaProperties& properties, const KafkaProperties& fixed) {
  Conf conf(rd_kafka_conf_new(), &rd_kafka_conf_destroy);
  for (const auto& [name, value] : properties) {
    for (const auto& [reserved, reason] : kReserved) {
      if (name == reserved)
        return invalid_argument(cat("Kafka's property '", name, "' cannot be set: ", reason));
    }
    if (is_token_property(name)) continue;
    if (Status done = set(conf.get(), name, value); !done.ok()) return done;
  }
  for (const auto& [name, value] : fixed) {
    if (Status done = set(conf.get(), name, value); !done.ok()) return done;
  }
  return conf;
}

std::string servers_of(const KafkaProperties& properties) {
  for (const char* name : {"bootstrap.servers", "metadata.broker.list"}) {
    if (const auto found = properties.find(name); found != properties.end()) return found->second;
  }
  return "";
}

/// https://github.com/confluentinc/librdkafka/pull/4895
std::string remark_on_scram() {
  constexpr int kCorrected = 0x020601ff;
  if (rd_kafka_version() >= kCorrected) return "";
  return cat(" If they are, the cause is librdkafka ", rd_kafka_version_str(),
             ": before 2.6.1 it fails to log in by SCRAM at brokers of version 4, which check its "
             "nonce. Use a newer librdkafka, or another mechanism");
}

StatusCode code_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS: return StatusCode::kUnavailable;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return StatusCode::kNotFound;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION: return StatusCode::kPermissionDenied;
    default: return StatusCode::kFailedPrecondition;
  }
}

}  // namespace

StatusOr<std::shared_ptr<Client>> Client::create(Kind kind, const KafkaProperties& properties,
                                                 const KafkaProperties& fixed,
                                                 DeliveryListener* deliveries) {
  auto conf = make_conf(properties, fixed);
  if (!conf.ok()) return conf.status();
  std::shared_ptr<Client> client(new Client());
  client->servers_ = servers_of(properties);
  client->deliveries_ = deliveries;
  client->scram_ = mechanism_of(properties).starts_with("SCRAM");
  WEIR_ASSIGN_OR_RETURN(client->tokens_, TokenSource::from(properties));
  if (client->tokens_ != nullptr) {
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf->get(), on_token_wanted);
    rd_kafka_conf_enable_sasl_queue(conf->get(), 1);
  }
  rd_kafka_conf_set_opaque(conf->get(), client.get());
  rd_kafka_conf_set_log_cb(conf->get(), on_log);
  rd_kafka_conf_set_error_cb(conf->get(), on_error);
  if (deliveries != nullptr) rd_kafka_conf_set_dr_msg_cb(conf->get(), on_delivery);
  std::array<char, 512> problem{};
  client->handle_ = rd_kafka_new(kind == Kind::kConsumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                                 conf->get(), problem.data(), problem.size());
  if (client->handle_ == nullptr)
    return invalid_argument(cat("Kafka's client cannot be set up: ", problem.data()));
  (void)conf->release();  // it belongs to the client now
  if (client->tokens_ != nullptr) {
    rd_kafka_error_destroy(rd_kafka_sasl_background_callbacks_enable(client->handle_));
  }
  return client;
}

Client::~Client() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void Client::serve() { rd_kafka_poll(handle_, 0); }

std::string Client::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

bool Client::refused() const {
  const std::lock_guard lock(mutex_);
  return last_code_ == RD_KAFKA_RESP_ERR__AUTHENTICATION;
}

bool Client::distrusted() const {
  const std::lock_guard lock(mutex_);
  return last_code_ == RD_KAFKA_RESP_ERR__SSL;
}

void Client::note_error(int code, std::string error) {
  const std::lock_guard lock(mutex_);
  last_code_ = code;
  last_error_ = std::move(error);
}

Status status_of(const Client& client, int error, const std::string& what,
                 const std::string& detail) {
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  std::string message = cat(what, ": ", detail.empty() ? rd_kafka_err2str(code) : detail.c_str());
  if (code_of(code) == StatusCode::kUnavailable) {
    if (const std::string last = client.last_error(); !last.empty())
      message += cat(" (", last, ")");
    if (client.refused()) {
      return permission_denied(cat(message,
                                   client.tokens() != nullptr
                                       ? "; may this token be used at this broker?"
                                       : "; are sasl.username and sasl.password right?",
                                   client.uses_scram() ? remark_on_scram() : ""));
    }
    message += cat("; is Kafka reachable at ", client.servers(),
                   ", and are security.protocol, sasl.* and ssl.* the broker's?");
  }
  return {code_of(code), std::move(message)};
}

Status check_properties(Client::Kind kind, const KafkaProperties& properties) {
  const char* place = kind == Client::Kind::kConsumer ? "a KafkaSource" : "a KafkaSink";
  if (servers_of(properties).empty())
    return invalid_argument(cat(place, " needs bootstrap_servers(\"host:port\")"));
  if (const auto tokens = TokenSource::from(properties); !tokens.ok())
    return tokens.status().with_context(place);
  auto conf = make_conf(properties, {});
  return conf.ok() ? Status() : conf.status().with_context(place);
}

}  // namespace weir::kafka
