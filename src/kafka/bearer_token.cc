#include "kafka/bearer_token.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"
#include "http/curl_http.h"
#include "kafka/base64.h"
#include "platform/real_clock.h"

namespace weir::kafka {
namespace {

using Properties = detail::KafkaProperties;

constexpr int64_t kAnswerBytesMax = 1 << 20;
/// The life of a token that does not say when it expires.
constexpr int64_t kUnknownLifeMs = 300'000;
constexpr const char* kUnknownPrincipal = "token";  ///< only librdkafka's log shows it
constexpr std::string_view kFile = "file://";

constexpr std::array<std::string_view, 8> kProperties = {"enable.sasl.oauthbearer.unsecure.jwt",
                                                         "sasl.oauthbearer.config",
                                                         "sasl.oauthbearer.method",
                                                         "sasl.oauthbearer.client.id",
                                                         "sasl.oauthbearer.client.secret",
                                                         "sasl.oauthbearer.token.endpoint.url",
                                                         "sasl.oauthbearer.scope",
                                                         "sasl.oauthbearer.extensions"};

std::string value_of(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found != properties.end() ? found->second : "";
}

/// NAME=VALUE, separated by `separator`.
StatusOr<std::map<std::string, std::string>> pairs_of(std::string_view text, char separator,
                                                      std::string_view property) {
  std::map<std::string, std::string> pairs;
  for (std::string_view pair : split(text, separator)) {
    pair = trim(pair);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return invalid_argument(
          cat("Kafka's property '", property, "' has '", pair, "' where NAME=VALUE is expected"));
    pairs.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return pairs;
}

/// application/x-www-form-urlencoded
std::string form_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : cat("%", to_hex(std::string_view(&c, 1)));
  }
  return out;
}

class UnsecuredTokens final : public TokenSource {
 public:
  explicit UnsecuredTokens(std::string config) : config_(std::move(config)) {}

 private:
  StatusOr<BearerToken> fetch(int64_t now_ms) override {
    return make_unsecured_token(config_, now_ms);
  }
  const std::string config_;
};

/// Somebody else renews the file, such as Kubernetes.
class FileTokens final : public TokenSource {
 public:
  FileTokens(std::string path, std::map<std::string, std::string> extensions)
      : path_(std::move(path)), extensions_(std::move(extensions)) {}

 private:
  StatusOr<BearerToken> fetch(int64_t now_ms) override {
    std::ifstream file(path_, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    BearerToken token;
    token.value = trim(text);
    if (token.value.empty())
      return permission_denied(cat("the file ", path_,
                                   " of sasl.oauthbearer.token.endpoint.url has no token: does it "
                                   "exist, and may this user read it?"));
    token.expires_ms = now_ms + kUnknownLifeMs;
    token.principal = kUnknownPrincipal;
    token.extensions = extensions_;
    read_claims(token);
    if (token.expires_ms <= now_ms)
      return permission_denied(cat("the token in ", path_, " has expired: renew the file"));
    return token;
  }

  const std::string path_;
  const std::map<std::string, std::string> extensions_;
};

/// The client credentials grant of OAuth 2 (RFC 6749, section 4.4).
class EndpointTokens final : public TokenSource {
 public:
  EndpointTokens(std::string url, const std::string& id, const std::string& secret,
                 const std::string& scope, std::map<std::string, std::string> extensions)
      : url_(std::move(url)),
        body_("grant_type=client_credentials" +
              (scope.empty() ? "" : "&scope=" + form_encoded(scope))),
        extensions_(std::move(extensions)),
        http_({.headers = {cat("Authorization: Basic ",
                               to_base64(cat(form_encoded(id), ":", form_encoded(secret)))),
                           "Accept: application/json"}}) {}

 private:
  StatusOr<BearerToken> fetch(int64_t now_ms) override {
    const HttpReply reply =
        http_.post(url_, "application/x-www-form-urlencoded", body_, kAnswerBytesMax);
    const std::string what = cat("cannot get a token from ", url_, ": ");
    if (reply.outcome != HttpReply::Outcome::kAnswered)
      return unavailable(cat(what, reply.problem));
    if (reply.status >= 500) return unavailable(cat(what, "it answers with status ", reply.status));
    if (reply.status != 200)
      return permission_denied(cat(what, "it answers with status ", reply.status, ": ",
                                   reply.body.substr(0, 200),
                                   "; are sasl.oauthbearer.client.id and .client.secret right?"));
    auto token = read_token_answer(reply.body, now_ms);
    if (!token.ok()) return token.status().with_context(cat("the answer of ", url_));
    token->extensions = extensions_;
    return token;
  }

  const std::string url_;
  const std::string body_;
  const std::map<std::string, std::string> extensions_;
  CurlHttp http_;
};

StatusOr<std::shared_ptr<TokenSource>> make_source(const Properties& properties) {
  if (value_of(properties, "sasl.oauthbearer.method") != "oidc") {
    if (value_of(properties, "enable.sasl.oauthbearer.unsecure.jwt") != "true")
      return invalid_argument(
          "sasl.mechanisms OAUTHBEARER needs sasl.oauthbearer.method=oidc with a "
          "sasl.oauthbearer.token.endpoint.url (https://… or file:///…), or, for tests, "
          "enable.sasl.oauthbearer.unsecure.jwt=true");
    const std::string config = value_of(properties, "sasl.oauthbearer.config");
    WEIR_RETURN_IF_ERROR(make_unsecured_token(config, 0).status());
    return std::shared_ptr<TokenSource>(std::make_shared<UnsecuredTokens>(config));
  }
  WEIR_ASSIGN_OR_RETURN(auto extensions,
                        pairs_of(value_of(properties, "sasl.oauthbearer.extensions"), ',',
                                 "sasl.oauthbearer.extensions"));
  const std::string url = value_of(properties, "sasl.oauthbearer.token.endpoint.url");
  if (url.starts_with(kFile)) {
    return std::shared_ptr<TokenSource>(
        std::make_shared<FileTokens>(url.substr(kFile.size()), std::move(extensions)));
  }
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    return invalid_argument(cat("Kafka's property 'sasl.oauthbearer.token.endpoint.url' is '", url,
                                "': it must begin with https:// or file:///"));
  for (const char* name : {"sasl.oauthbearer.client.id", "sasl.oauthbearer.client.secret"}) {
    if (value_of(properties, name).empty())
      return invalid_argument(
          cat("sasl.oauthbearer.method=oidc needs Kafka's property '", name, "'"));
  }
  return std::shared_ptr<TokenSource>(std::make_shared<EndpointTokens>(
      url, value_of(properties, "sasl.oauthbearer.client.id"),
      value_of(properties, "sasl.oauthbearer.client.secret"),
      value_of(properties, "sasl.oauthbearer.scope"), std::move(extensions)));
}

}  // namespace

std::string mechanism_of(const Properties& properties) {
  std::string mechanism = value_of(properties, "sasl.mechanisms");
  return mechanism.empty() ? value_of(properties, "sasl.mechanism") : mechanism;
}

bool is_token_property(const std::string& name) {
  return std::find(kProperties.begin(), kProperties.end(), name) != kProperties.end();
}

StatusOr<std::shared_ptr<TokenSource>> TokenSource::from(const Properties& properties) {
  if (mechanism_of(properties) != "OAUTHBEARER") return std::shared_ptr<TokenSource>();
  Properties key;
  for (const auto& [name, value] : properties) {
    if (is_token_property(name)) key.emplace(name, value);
  }
  static std::mutex mutex;
  static std::map<Properties, std::shared_ptr<TokenSource>> all;  // guarded by mutex
  const std::lock_guard lock(mutex);
  std::shared_ptr<TokenSource>& found = all[key];
  if (found == nullptr) {
    auto made = make_source(key);
    if (!made.ok()) {
      all.erase(key);
      return made.status();
    }
    found = *std::move(made);
  }
  return found;
}

StatusOr<BearerToken> TokenSource::token() {
  const std::lock_guard lock(mutex_);
  const int64_t now_ms = RealClock().wall_ms();
  if (now_ms < renew_at_ms_) return kept_;
  auto fetched = fetch(now_ms);
  if (!fetched.ok()) return now_ms < kept_.expires_ms ? kept_ : std::move(fetched);
  if (!std::all_of(fetched->value.begin(), fetched->value.end(),
                   [](char c) { return c > ' ' && c < 127; }))
    return permission_denied(
        "the token for SASL/OAUTHBEARER has characters that no token may have");
  kept_ = *std::move(fetched);
  // As librdkafka does: when four fifths of its life have passed.
  renew_at_ms_ = now_ms + (kept_.expires_ms - now_ms) / 5 * 4;
  return kept_;
}

bool read_claims(BearerToken& token) {
  const auto parts = split(token.value, '.');
  if (parts.size() != 3) return false;
  const auto payload = from_base64url(parts[1]);
  if (!payload) return false;
  const auto claims = nlohmann::json::parse(*payload, nullptr, /*allow_exceptions=*/false);
  if (!claims.is_object()) return false;
  if (const auto found = claims.find("exp"); found != claims.end() && found->is_number()) {
    constexpr double kLatest = 4e12;  // beyond it, milliseconds would overflow later
    const double seconds = std::clamp(found->get<double>(), 0.0, kLatest);
    token.expires_ms = static_cast<int64_t>(seconds * 1000);
  }
  if (const auto found = claims.find("sub"); found != claims.end() && found->is_string()) {
    if (auto subject = found->get<std::string>(); !subject.empty())
      token.principal = std::move(subject);
  }
  return true;
}

StatusOr<BearerToken> make_unsecured_token(std::string_view config, int64_t now_ms) {
  WEIR_ASSIGN_OR_RETURN(auto pairs, pairs_of(config, ' ', "sasl.oauthbearer.config"));
  const auto take = [&](const char* name, const char* otherwise) {
    const auto node = pairs.extract(name);
    return node.empty() ? std::string(otherwise) : std::move(node.mapped());
  };
  BearerToken token;
  token.principal = take("principal", "");
  if (token.principal.empty())
    return invalid_argument(
        "Kafka's property 'sasl.oauthbearer.config' needs principal=NAME for "
        "enable.sasl.oauthbearer.unsecure.jwt");
  const std::string principal_claim = take("principalClaimName", "sub");
  const std::string scope_claim = take("scopeClaimName", "scope");
  const std::string scope = take("scope", "");
  const std::string life = take("lifeSeconds", "3600");
  int64_t seconds = 0;
  if (std::from_chars(life.data(), life.data() + life.size(), seconds).ptr !=
          life.data() + life.size() ||
      seconds <= 0 || seconds > 1'000'000'000) {
    return invalid_argument(
        cat("Kafka's property 'sasl.oauthbearer.config' has lifeSeconds=", life));
  }
  for (const auto& [name, value] : pairs) {
    constexpr std::string_view kExtension = "extension_";
    if (!name.starts_with(kExtension))
      return invalid_argument(
          cat("Kafka's property 'sasl.oauthbearer.config' has an unknown name '", name, "'"));
    token.extensions.emplace(name.substr(kExtension.size()), value);
  }
  token.expires_ms = now_ms + seconds * 1000;
  nlohmann::json claims = {{principal_claim, token.principal},
                           {"iat", static_cast<double>(now_ms) / 1000},
                           {"exp", static_cast<double>(token.expires_ms) / 1000}};
  if (!scope.empty()) claims[scope_claim] = split(scope, ',');
  token.value = cat(to_base64url(R"({"alg":"none"})"), ".", to_base64url(claims.dump()), ".");
  return token;
}

StatusOr<BearerToken> read_token_answer(std::string_view json, int64_t now_ms) {
  const auto answer = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  const auto value = answer.is_object() ? answer.find("access_token") : answer.end();
  if (value == answer.end() || !value->is_string() || value->get<std::string>().empty())
    return permission_denied("it has no access_token");
  BearerToken token;
  token.value = value->get<std::string>();
  token.principal = kUnknownPrincipal;
  token.expires_ms = now_ms + kUnknownLifeMs;
  if (const auto life = answer.find("expires_in"); life != answer.end() && life->is_number())
    token.expires_ms =
        now_ms + static_cast<int64_t>(std::clamp(life->get<double>(), 0.0, 1e9) * 1000);
  read_claims(token);
  if (token.expires_ms <= now_ms) return permission_denied("its access_token has expired already");
  return token;
}

std::string bearer_message(const BearerToken& token) {
  std::string message = cat("n,,\x01", "auth=Bearer ", token.value, "\x01");
  for (const auto& [name, value] : token.extensions) message += cat(name, "=", value, "\x01");
  return message + "\x01";
}

}  // namespace weir::kafka
