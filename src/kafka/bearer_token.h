#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "platform/clock.h"
#include "weir/detail/connector/kafka_reader.h"
#include "weir/status.h"

namespace weir::kafka {

/// A token for SASL/OAUTHBEARER (RFC 7628).
struct BearerToken {
  std::string value;
  int64_t expires_ms = 0;  ///< since 1970
  std::string principal;
  std::map<std::string, std::string> extensions;
};

/// Where tokens come from. Tokens are kept while most of their life is left: producers are made
/// for each checkpoint. Thread: any; token() blocks.
class TokenSource {
 public:
  /// As the properties `sasl.oauthbearer.*` say. Null for other mechanisms. All clients with equal
  /// properties share one. INVALID_ARGUMENT: a property is missing or wrong.
  static StatusOr<std::shared_ptr<TokenSource>> from(const detail::KafkaProperties& properties);

  virtual ~TokenSource() = default;
  StatusOr<BearerToken> token();

 protected:
  virtual StatusOr<BearerToken> fetch(int64_t now_ms) = 0;

 private:
  std::mutex mutex_;
  BearerToken kept_;         ///< guarded by mutex_
  int64_t renew_at_ms_ = 0;  ///< guarded by mutex_
};

/// The value of `sasl.mechanisms`, which also has the name `sasl.mechanism`; empty: none is given.
std::string mechanism_of(const detail::KafkaProperties& properties);

/// True for properties that a TokenSource uses in place of librdkafka.
bool is_token_property(const std::string& name);

/// The claims `exp` and `sub` of a JSON Web Token (RFC 7519). It is not verified: the broker does
/// that. False: it is another kind of token.
bool read_claims(BearerToken& token);
/// A token that nobody has signed, as `sasl.oauthbearer.config` describes it.
StatusOr<BearerToken> make_unsecured_token(std::string_view config, int64_t now_ms);
/// The answer of a token endpoint (RFC 6749, section 5.1).
StatusOr<BearerToken> read_token_answer(std::string_view json, int64_t now_ms);

/// The client's first message of OAUTHBEARER.
std::string bearer_message(const BearerToken& token);

}  // namespace weir::kafka
