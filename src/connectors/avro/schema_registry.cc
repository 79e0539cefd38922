#include "connectors/avro/schema_registry.h"

#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"
#include "http/curl_client.h"

namespace weir {
namespace {

using Json = nlohmann::json;

constexpr int kOk = 200, kNotFound = 404;
constexpr int kNoSuchSchema = 40403;  ///< the registry's own code

constexpr std::string_view kContentType = "application/vnd.schemaregistry.v1+json";
/// A schema is escaped in the answer.
constexpr int64_t kAnswerBytesMax = 4 << 20;
constexpr size_t kShownBytes = 200;

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    if (isalnum(static_cast<unsigned char>(c)) || kPlain.find(c) != std::string_view::npos)
      out += c;
    else out += cat('%', to_hex({&c, 1}));
  }
  return out;
}

/// The registries, without a slash at the end and with the user and the password, which libcurl
/// sends as basic authentication.
std::vector<std::string> urls_of(const AvroOptions& options) {
  std::vector<std::string> urls;
  for (const std::string_view part : split(options.registry_url, ',')) {
    std::string url(trim(part));
    while (url.ends_with('/')) url.pop_back();
    if (url.empty()) continue;
    if (url.find("://") == std::string::npos) url.insert(0, "http://");
    if (!options.registry_user.empty())
      url.insert(url.find("://") + 3, cat(percent_encoded(options.registry_user), ':',
                                          percent_encoded(options.registry_password), '@'));
    urls.push_back(std::move(url));
  }
  return urls;
}

/// Without the user and the password.
std::string shown(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  const size_t at = url.find('@', begin);
  return at == std::string::npos || at > url.find('/', begin)
             ? url
             : url.substr(0, begin) + url.substr(at + 1);
}

std::shared_ptr<HttpClient> curl(const AvroOptions& options) {
  CurlClientOptions curl;
  curl.silence_timeout = std::chrono::seconds(15);
  curl.ca_file = options.registry_ca_file;
  return std::make_shared<CurlClient>(std::move(curl));
}

Json parse(const std::string& body) { return Json::parse(body, nullptr, false); }

std::string text_in(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return "";
  return json[key].get<std::string>();
}

/// A registry's words about a failure, on one line.
std::string reason(const std::string& body) {
  std::string text = text_in(parse(body), "message");
  if (text.empty()) text = body;
  text = text.substr(0, kShownBytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~') c = ' ';
  }
  return text;
}

std::string schema_request(const std::string& schema) {
  return Json{{"schema", schema}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The code of a registry for an error; 0 if this is not the answer of one.
int64_t error_code(const Json& json) {
  const bool any = json.is_object() && json.contains("error_code");
  return any && json["error_code"].is_number_integer() ? json["error_code"].get<int64_t>() : 0;
}

}  // namespace

SchemaRegistry::SchemaRegistry(const AvroOptions& options, std::shared_ptr<HttpClient> http)
    : urls_(urls_of(options)),
      token_(options.registry_token),
      http_(http != nullptr ? std::move(http) : curl(options)) {}

StatusOr<SchemaRegistry::Answer> SchemaRegistry::ask(const std::string& method,
                                                     const std::string& path,
                                                     const std::string& body,
                                                     std::string_view what) {
  std::string problem;
  for (const std::string& url : urls_) {
    HttpRequest request;
    request.method = method;
    request.url = url + path;
    request.headers = {{"Accept", std::string(kContentType)}};
    if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
    if (!body.empty()) {
      request.headers.emplace_back("Content-Type", std::string(kContentType));
      request.body = std::make_shared<const std::string>(body);
    }
    request.answer_bytes_max = kAnswerBytesMax;
    const HttpAnswer answer = http_->run_one(std::move(request));
    const std::string place = shown(url);
    if (answer.outcome != HttpReply::Outcome::kAnswered) {
      problem = cat(place, ": ", answer.problem);
      continue;
    }
    constexpr int kUnauthorized = 401, kForbidden = 403, kTooMany = 429, kServerError = 500;
    if (answer.status == kUnauthorized || answer.status == kForbidden)
      return permission_denied(cat("cannot ", what, ": the schema registry at ", place,
                                   " refuses the user, the password or the token (HTTP ",
                                   answer.status, "): ", reason(answer.body)));
    if (answer.status >= kServerError || answer.status == kTooMany) {
      problem = cat(place, ": HTTP ", answer.status, ": ", reason(answer.body));
      continue;
    }
    return Answer{answer.status, place, answer.body};
  }
  return unavailable(cat("cannot ", what, ": no schema registry answers (", problem,
                         "); check AvroOptions::registry_url, and that it runs"));
}

Status SchemaRegistry::check() {
  if (urls_.empty()) return invalid_argument("AvroOptions::registry_url names no schema registry");
  WEIR_ASSIGN_OR_RETURN(const Answer answer,
                        ask("GET", "/schemas/types", "", "reach the schema registry"));
  const Json json = parse(answer.body);
  // Old registries know Avro only, and not this path.
  const bool is_old = answer.status == kNotFound && error_code(json) != 0;
  if (is_old || (answer.status == kOk && json.is_array())) return {};
  return failed_precondition(cat("AvroOptions::registry_url: what answers at ", answer.url,
                                 " is no schema registry (HTTP ", answer.status,
                                 "): ", reason(answer.body)));
}

StatusOr<std::shared_ptr<const AvroSchemaDocument>> SchemaRegistry::schema_of(int32_t id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = schemas_.find(id); known != schemas_.end()) return known->second;
  }
  const std::string what = cat("get the schema ", id);
  WEIR_ASSIGN_OR_RETURN(const Answer answer, ask("GET", cat("/schemas/ids/", id), "", what));
  const Json json = parse(answer.body);
  if (error_code(json) == kNoSuchSchema)
    return invalid_argument(cat("the schema registry at ", answer.url, " has no schema ", id,
                                " (HTTP ", answer.status, "): ", reason(answer.body)));
  // A page of a proxy says nothing about the message with this id.
  if (answer.status != kOk || !json.is_object() || !json.contains("schema"))
    return unavailable(cat("cannot ", what, ": what answers at ", answer.url,
                           " is no schema registry (HTTP ", answer.status,
                           "): ", reason(answer.body)));
  const std::string kind = text_in(json, "schemaType");
  if (!kind.empty() && kind != "AVRO")
    return invalid_argument(cat("the schema ", id, " of ", answer.url, " is not Avro but ", kind));
  if (json.is_object() && json.contains("references") && !json["references"].empty())
    return invalid_argument(cat("the schema ", id, " of ", answer.url,
                                " refers to other schemas, which weir does not read; register it "
                                "with the types that it uses"));
  auto schema = AvroSchemaDocument::parse(text_in(json, "schema"));
  if (!schema.ok()) return schema.status().with_context(cat("the schema ", id, " of ", answer.url));
  const std::lock_guard lock(mutex_);
  return schemas_.emplace(id, *std::move(schema)).first->second;
}

StatusOr<int32_t> SchemaRegistry::id_of(const std::string& subject, const std::string& schema,
                                        bool add) {
  const std::pair key(subject, schema);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
  }
  const std::string path = cat("/subjects/", percent_encoded(subject), add ? "/versions" : "");
  const std::string what =
      cat(add ? "register the schema under the subject '" : "find the schema under the subject '",
          subject, "'");
  WEIR_ASSIGN_OR_RETURN(const Answer answer, ask("POST", path, schema_request(schema), what));
  constexpr int kConflict = 409;
  if (answer.status == kConflict)
    return failed_precondition(
        cat("cannot ", what, " at ", answer.url,
            ": the subject's rule of compatibility does not allow it: ", reason(answer.body)));
  const Json json = parse(answer.body);
  if (answer.status != kOk || !json.is_object() || !json.contains("id") ||
      !json["id"].is_number_integer() || json["id"].get<int64_t>() < 0 ||
      json["id"].get<int64_t>() > INT32_MAX)
    return failed_precondition(cat("cannot ", what, " at ", answer.url, " (HTTP ", answer.status,
                                   "): ", reason(answer.body)));
  const std::lock_guard lock(mutex_);
  return ids_.emplace(key, json["id"].get<int32_t>()).first->second;
}

Status SchemaRegistry::check_compatible(const std::string& subject, const std::string& schema) {
  const std::string what = cat("check the schema against the subject '", subject, "'");
  WEIR_ASSIGN_OR_RETURN(const Answer answer,
                        ask("POST",
                            cat("/compatibility/subjects/", percent_encoded(subject),
                                "/versions/latest?verbose=true"),
                            schema_request(schema), what));
  const Json json = parse(answer.body);
  if (answer.status != kOk || !json.is_object() || !json.contains("is_compatible") ||
      json["is_compatible"] != false)
    return {};  // also if the subject is new
  std::string why;
  if (json.contains("messages") && !json["messages"].empty() && json["messages"][0].is_string())
    why = cat(": ", json["messages"][0].get<std::string>().substr(0, kShownBytes));
  return failed_precondition(cat("the schema registry at ", answer.url,
                                 " would refuse the schema of the records: it is not compatible "
                                 "with the subject '",
                                 subject, "'", why,
                                 "; make new fields std::optional, or change the subject's rule"));
}

}  // namespace weir
