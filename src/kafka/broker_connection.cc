#include "kafka/broker_connection.h"

#include <algorithm>
#include <array>

#include "base/status_macros.h"
#include "base/strings.h"
#include "kafka/scram.h"
#include "platform/transport_security.h"

namespace weir::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout{10'000};
constexpr size_t kReadBytes = 64 << 10;
constexpr std::string_view kClient = "weir";

/// Properties of TLS that only librdkafka understands.
constexpr std::array<const char*, 8> kUnsupported = {
    "ssl.keystore.location", "ssl.engine.location", "ssl.certificate.pem",
    "ssl.key.pem",           "ssl.ca.pem",          "ssl.crl.location",
    "ssl.cipher.suites",     "ssl.curves.list"};

class StreamConnection final : public BrokerConnection {
 public:
  StreamConnection(std::unique_ptr<TcpClient> stream, std::string peer)
      : stream_(std::move(stream)), peer_(std::move(peer)) {}

  StatusOr<std::string> call(const Request& request) override {
    if (broken_) return unavailable(cat("the connection to ", peer_, " is broken"));
    broken_ = true;  // unless the answer arrives
    WEIR_RETURN_IF_ERROR(stream_->write(frame_of(request, ++correlation_, kClient), kTimeout));
    WEIR_RETURN_IF_ERROR(fill(4));
    const int32_t size = WireReader(buffer_).i32();
    if (size < 4 || static_cast<size_t>(size) > kMaxFrameBytes)
      return unavailable(cat(peer_, " sent an answer of ", size, " bytes: is it a Kafka broker?"));
    WEIR_RETURN_IF_ERROR(fill(4 + static_cast<size_t>(size)));
    const std::string frame = buffer_.substr(4, static_cast<size_t>(size));
    buffer_.erase(0, 4 + static_cast<size_t>(size));
    WireReader in(frame);
    if (in.i32() != correlation_)
      return unavailable(cat(peer_, " answered another request than the last one"));
    if (request.flexible) in.tags();
    if (!in.ok()) return unavailable(cat(peer_, " sent an answer with a broken header"));
    broken_ = false;
    return std::string(in.rest());
  }

 private:
  /// Until the buffer has `size` bytes.
  Status fill(size_t size) {
    while (buffer_.size() < size) {
      std::string piece;
      bool end = false;
      WEIR_RETURN_IF_ERROR(stream_->read(kReadBytes, kTimeout, &piece, &end));
      buffer_ += piece;
      if (buffer_.size() >= size) break;
      if (end) return unavailable(cat(peer_, " closed the connection instead of answering"));
      if (piece.empty())
        return unavailable(cat(peer_, " did not answer within ", kTimeout.count(), " ms"));
    }
    return {};
  }

  const std::unique_ptr<TcpClient> stream_;
  const std::string peer_;
  int32_t correlation_ = 0;
  std::string buffer_;
  bool broken_ = false;
};

StatusOr<std::string> sasl_round(BrokerConnection& connection, std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(const std::string answer, connection.call(sasl_authenticate(bytes)));
  WEIR_ASSIGN_OR_RETURN(Authentication result, read_authentication(answer));
  if (result.error != error::kNone)
    return permission_denied(cat("the broker refuses the user: ", result.message));
  return std::move(result.bytes);
}

Status prove_by_scram(BrokerConnection& connection, const BrokerSecurity& security) {
  WEIR_ASSIGN_OR_RETURN(const std::string secret, draw_secret());
  const auto hash =
      security.mechanism == "SCRAM-SHA-256" ? Scram::Hash::kSha256 : Scram::Hash::kSha512;
  Scram scram(hash, security.user, security.password, to_hex(secret));
  WEIR_ASSIGN_OR_RETURN(const std::string first, sasl_round(connection, scram.first()));
  WEIR_ASSIGN_OR_RETURN(const std::string proof, scram.final_to(first));
  WEIR_ASSIGN_OR_RETURN(const std::string last, sasl_round(connection, proof));
  return scram.verify(last);
}

Status prove_by_token(BrokerConnection& connection, TokenSource& tokens) {
  WEIR_ASSIGN_OR_RETURN(const BearerToken token, tokens.token());
  WEIR_ASSIGN_OR_RETURN(const std::string answer, sasl_round(connection, bearer_message(token)));
  // A broker that accepts the token has nothing to say.
  return answer.empty() ? Status()
                        : permission_denied(cat("the broker refuses the token: ", answer));
}

Status prove(BrokerConnection& connection, const BrokerSecurity& security) {
  WEIR_ASSIGN_OR_RETURN(const std::string answer,
                        connection.call(sasl_handshake(security.mechanism)));
  WEIR_ASSIGN_OR_RETURN(const Handshake handshake, read_handshake(answer));
  if (handshake.error != error::kNone) {
    std::string offered;
    for (const std::string& mechanism : handshake.mechanisms) offered += " " + mechanism;
    return failed_precondition(cat("the broker does not accept sasl.mechanisms ",
                                   security.mechanism, "; it offers:", offered));
  }
  if (security.tokens != nullptr) return prove_by_token(connection, *security.tokens);
  if (security.mechanism != "PLAIN") return prove_by_scram(connection, security);
  const std::string nothing(1, '\0');
  return sasl_round(connection, nothing + security.user + nothing + security.password).status();
}

class RealDialer final : public BrokerDialer {
 public:
  explicit RealDialer(BrokerSecurity security) : security_(std::move(security)) {}

  StatusOr<std::unique_ptr<BrokerConnection>> dial(const BrokerAddress& address) override {
    WEIR_ASSIGN_OR_RETURN(std::unique_ptr<TcpClient> stream,
                          connect_tcp(address.host, address.port, kTimeout));
    if (security_.tls) {
      WEIR_ASSIGN_OR_RETURN(stream, make_tls_client(std::move(stream), address.host,
                                                    security_.tls_options, kTimeout));
    }
    return authenticate(std::move(stream), cat(address.host, ":", address.port), security_);
  }

 private:
  const BrokerSecurity security_;
};

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace

StatusOr<BrokerSecurity> BrokerSecurity::from(const detail::KafkaProperties& properties) {
  const auto get = [&](const char* name, const char* otherwise = "") {
    const auto found = properties.find(name);
    return found != properties.end() ? found->second : std::string(otherwise);
  };
  BrokerSecurity security;
  const std::string protocol = lower(get("security.protocol", "plaintext"));
  security.tls = protocol == "ssl" || protocol == "sasl_ssl";
  if (security.tls) {
    for (const char* name : kUnsupported) {
      if (properties.contains(name))
        return unimplemented(cat("exactly-once cannot be used with Kafka's property '", name,
                                 "': give files in PEM with ssl.ca.location, "
                                 "ssl.certificate.location and ssl.key.location"));
    }
    const bool verify = get("enable.ssl.certificate.verification", "true") != "false";
    security.tls_options = {get("ssl.ca.location"),
                            get("ssl.certificate.location"),
                            get("ssl.key.location"),
                            get("ssl.key.password"),
                            verify,
                            get("ssl.endpoint.identification.algorithm", "https") == "https"};
  }
  if (!protocol.starts_with("sasl")) return security;
  security.mechanism = mechanism_of(properties);
  if (security.mechanism.empty()) security.mechanism = "GSSAPI";
  if (security.mechanism == "OAUTHBEARER") {
    WEIR_ASSIGN_OR_RETURN(security.tokens, TokenSource::from(properties));
    return security;
  }
  if (security.mechanism != "PLAIN" && security.mechanism != "SCRAM-SHA-256" &&
      security.mechanism != "SCRAM-SHA-512") {
    return unimplemented(cat("exactly-once cannot be used with sasl.mechanisms ",
                             security.mechanism,
                             ": PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER are possible"));
  }
  security.user = get("sasl.username");
  security.password = get("sasl.password");
  return security;
}

StatusOr<std::unique_ptr<BrokerConnection>> authenticate(std::unique_ptr<TcpClient> stream,
                                                         const std::string& peer,
                                                         const BrokerSecurity& security) {
  auto connection = std::make_unique<StreamConnection>(std::move(stream), peer);
  if (!security.mechanism.empty()) {
    if (Status proved = prove(*connection, security); !proved.ok())
      return proved.with_context(cat("cannot log in to ", peer));
  }
  return std::unique_ptr<BrokerConnection>(std::move(connection));
}

std::unique_ptr<BrokerDialer> make_broker_dialer(BrokerSecurity security) {
  return std::make_unique<RealDialer>(std::move(security));
}

}  // namespace weir::kafka
