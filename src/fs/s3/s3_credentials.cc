#include "fs/s3/s3_credentials.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr int64_t kRenewBeforeMs = 5 * 60 * 1000;
constexpr std::string_view kMachine = "http://169.254.169.254";
constexpr std::string_view kContainerHost = "http://169.254.170.2";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";

Status incomplete(std::string_view one, std::string_view other) {
  return failed_precondition(cat(one, " is set, but ", other, " is not: set both or none"));
}

}  // namespace

std::map<std::string, std::string> parse_aws_profile(std::string_view text, std::string_view name) {
  std::map<std::string, std::string> values;
  bool inside = false;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[') {
      const std::string_view section = trim(line.substr(1, line.find(']') - 1));
      inside = section == name || section == cat("profile ", name);
      continue;
    }
    const size_t equals = line.find('=');
    if (inside && equals != std::string_view::npos)
      values[std::string(trim(line.substr(0, equals)))] =
          std::string(trim(line.substr(equals + 1)));
  }
  return values;
}

StatusOr<S3ExpiringCredentials> parse_credentials_json(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const auto text = [&json](const char* name) -> std::string {
    if (!json.is_object()) return {};
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  S3ExpiringCredentials found;
  found.credentials = {text("AccessKeyId"), text("SecretAccessKey"), text("Token")};
  if (found.credentials.access_key.empty() || found.credentials.secret_key.empty())
    return data_loss("the answer holds no credentials");
  if (const std::string end = text("Expiration"); !end.empty()) {
    found.expires_ms = parse_iso_time(end);
    if (found.expires_ms < 0) return data_loss(cat("the credentials end at '", end, "'"));
  }
  return found;
}

std::optional<std::string> S3CredentialChain::variable(std::string_view name) const {
  auto value = sources_.environment ? sources_.environment(name) : std::nullopt;
  if (value && trim(*value).empty()) return std::nullopt;
  return value;
}

StatusOr<S3Credentials> S3CredentialChain::current() {
  const std::lock_guard lock(mutex_);
  const int64_t now_ms = sources_.wall_ms();
  if (found_ && now_ms < found_->expires_ms - kRenewBeforeMs) return found_->credentials;
  auto found = find();
  if (!found.ok()) {
    if (found_ && now_ms < found_->expires_ms) {
      WEIR_LOG(kWarning) << "S3: the credentials end in " << (found_->expires_ms - now_ms) / 1000
                         << " s and cannot be renewed: " << found.status().message();
      return found_->credentials;
    }
    return found.status();
  }
  found_ = *std::move(found);
  return found_->credentials;
}

bool S3CredentialChain::forget() {
  const std::lock_guard lock(mutex_);
  const bool renewable = found_ && found_->expires_ms != INT64_MAX;
  found_.reset();
  return renewable;
}

StatusOr<S3ExpiringCredentials> S3CredentialChain::find() {
  using Source = Found (S3CredentialChain::*)();
  for (const Source source :
       {&S3CredentialChain::from_config, &S3CredentialChain::from_environment,
        &S3CredentialChain::from_web_identity, &S3CredentialChain::from_profile,
        &S3CredentialChain::from_container, &S3CredentialChain::from_machine}) {
    WEIR_ASSIGN_OR_RETURN(auto found, (this->*source)());
    if (found) return *std::move(found);
  }
  return failed_precondition(
      "there are no credentials for S3: set s3.access-key and s3.secret-key, or AWS_ACCESS_KEY_ID "
      "and AWS_SECRET_ACCESS_KEY, or give the process a profile, a web identity or a role "
      "(docs/s3.md)");
}

S3CredentialChain::Found S3CredentialChain::from_config() {
  const auto get = [this](std::string_view key) {
    return sources_.config ? sources_.config(key) : std::nullopt;
  };
  const auto access = get("s3.access-key");
  const auto secret = get("s3.secret-key");
  if (!access && !secret) return std::optional<S3ExpiringCredentials>();
  if (!access) return incomplete("s3.secret-key", "s3.access-key");
  if (!secret) return incomplete("s3.access-key", "s3.secret-key");
  return std::optional<S3ExpiringCredentials>(
      {{*access, *secret, get("s3.session-token").value_or("")}});
}

S3CredentialChain::Found S3CredentialChain::from_environment() {
  const auto access = variable("AWS_ACCESS_KEY_ID");
  const auto secret = variable("AWS_SECRET_ACCESS_KEY");
  if (!access && !secret) return std::optional<S3ExpiringCredentials>();
  if (!access) return incomplete("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
  if (!secret) return incomplete("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
  return std::optional<S3ExpiringCredentials>(
      {{*access, *secret, variable("AWS_SESSION_TOKEN").value_or("")}});
}

StatusOr<std::string> S3CredentialChain::fetch(HttpRequest request, std::string_view from) {
  HttpAnswer answer = http_->run_one(std::move(request));
  if (answer.outcome != HttpReply::Outcome::kAnswered)
    return unavailable(cat("cannot get credentials for S3 from ", from, ": ", answer.problem));
  if (answer.status == 200) return std::move(answer.body);
  const S3ErrorBody error = parse_s3_error(answer.body);
  const std::string text = cat("cannot get credentials for S3 from ", from, ": HTTP status ",
                               answer.status, " ", error.code, " ", error.message);
  return answer.status >= 500 || answer.status == 429 ? unavailable(text) : permission_denied(text);
}

S3CredentialChain::Found S3CredentialChain::from_web_identity() {
  const auto file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const auto role = variable("AWS_ROLE_ARN");
  if (!file && !role) return std::optional<S3ExpiringCredentials>();
  if (!file) return std::optional<S3ExpiringCredentials>();  // the role of a profile
  if (!role) return incomplete("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN");
  WEIR_ASSIGN_OR_RETURN(const std::string token, sources_.read_file(*file));  // renewed by others
  const std::string endpoint =
      variable("AWS_ENDPOINT_URL_STS")
          .value_or(cat("https://sts.", sources_.region, ".amazonaws.com"));
  HttpRequest request{"POST", endpoint + "/"};
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = std::make_shared<const std::string>(
      s3_query({{"Action", "AssumeRoleWithWebIdentity"},
                {"Version", "2011-06-15"},
                {"RoleArn", *role},
                {"RoleSessionName", variable("AWS_ROLE_SESSION_NAME").value_or("weir")},
                {"WebIdentityToken", std::string(trim(token))}}));
  WEIR_ASSIGN_OR_RETURN(const std::string body, fetch(std::move(request), endpoint));
  WEIR_ASSIGN_OR_RETURN(S3ExpiringCredentials found, parse_sts_credentials(body));
  return std::optional<S3ExpiringCredentials>(std::move(found));
}

S3CredentialChain::Found S3CredentialChain::from_profile() {
  const auto named = variable("AWS_PROFILE");
  const auto home = variable("HOME");
  auto path = variable("AWS_SHARED_CREDENTIALS_FILE");
  if (!path && home) path = *home + "/.aws/credentials";
  if (!path) return std::optional<S3ExpiringCredentials>();
  const auto text = sources_.read_file(*path);
  if (!text.ok()) {
    if (!named && text.status().code() == StatusCode::kNotFound)
      return std::optional<S3ExpiringCredentials>();
    return text.status().with_context("cannot read the profiles of AWS");
  }
  auto values = parse_aws_profile(*text, named.value_or("default"));
  if (values["aws_access_key_id"].empty() || values["aws_secret_access_key"].empty()) {
    if (!named) return std::optional<S3ExpiringCredentials>();
    return failed_precondition(cat("the profile ", *named, " in ", *path,
                                   " has no aws_access_key_id or no aws_secret_access_key"));
  }
  return std::optional<S3ExpiringCredentials>(
      {{values["aws_access_key_id"], values["aws_secret_access_key"],
        values["aws_session_token"]}});
}

S3CredentialChain::Found S3CredentialChain::from_container() {
  auto url = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (const auto path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !url && path)
    url = cat(kContainerHost, *path);
  if (!url) return std::optional<S3ExpiringCredentials>();
  HttpRequest request{"GET", *url};
  if (const auto file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    WEIR_ASSIGN_OR_RETURN(const std::string token, sources_.read_file(*file));
    request.headers = {{"authorization", std::string(trim(token))}};
  } else if (const auto token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    request.headers = {{"authorization", *token}};
  }
  WEIR_ASSIGN_OR_RETURN(const std::string body, fetch(std::move(request), *url));
  WEIR_ASSIGN_OR_RETURN(S3ExpiringCredentials found, parse_credentials_json(body));
  return std::optional<S3ExpiringCredentials>(std::move(found));
}

S3CredentialChain::Found S3CredentialChain::from_machine() {
  if (variable("AWS_EC2_METADATA_DISABLED") == "true")
    return std::optional<S3ExpiringCredentials>();
  const std::string base =
      variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(std::string(kMachine));
  HttpRequest begin{"PUT", base + "/latest/api/token"};
  begin.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}};
  begin.body = std::make_shared<const std::string>();
  const HttpAnswer token = http_->run_one(std::move(begin));
  if (token.outcome != HttpReply::Outcome::kAnswered || token.status != 200)
    return std::optional<S3ExpiringCredentials>();  // no machine of AWS
  const auto get = [&](const std::string& path) {
    HttpRequest request{"GET", base + path};
    request.headers = {{"x-aws-ec2-metadata-token", std::string(trim(token.body))}};
    return fetch(std::move(request), "the metadata of this machine");
  };
  WEIR_ASSIGN_OR_RETURN(const std::string roles, get(std::string(kRolePath)));
  const std::string role(trim(std::string_view(roles).substr(0, roles.find('\n'))));
  if (role.empty()) return std::optional<S3ExpiringCredentials>();
  WEIR_ASSIGN_OR_RETURN(const std::string body, get(cat(kRolePath, role)));
  WEIR_ASSIGN_OR_RETURN(S3ExpiringCredentials found, parse_credentials_json(body));
  return std::optional<S3ExpiringCredentials>(std::move(found));
}

}  // namespace weir
