// weir::s3: how a bucket is reached, as the configuration and the environment say.

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/value_text.h"
#include "fs/local/local_file_system.h"
#include "fs/real_registry.h"
#include "fs/s3/s3_file_system.h"
#include "http/curl_client.h"

namespace weir {
namespace {

std::optional<std::string> look_up(const RealFileSystemsOptions::Lookup& lookup,
                                   std::string_view name) {
  auto value = lookup ? lookup(name) : std::nullopt;
  if (value && trim(*value).empty()) return std::nullopt;
  return value;
}

/// The value of a key by a parser of config/value_text.h, or `otherwise`.
template <class V, class Parse>
StatusOr<V> look_up_as(const RealFileSystemsOptions& options, std::string_view key, V otherwise,
                       Parse parse) {
  const auto text = look_up(options.config, key);
  if (!text) return otherwise;
  const auto value = parse(*text);
  if (!value.ok()) return value.status().with_context(cat(key, ": '", *text, "'"));
  return static_cast<V>(*value);
}

bool is_address(std::string_view host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.:") == std::string_view::npos;
}

Status find_endpoint(const RealFileSystemsOptions& options, S3Options* s3) {
  auto endpoint = look_up(options.config, "s3.endpoint");
  if (!endpoint) endpoint = look_up(options.environment, "AWS_ENDPOINT_URL_S3");
  if (!endpoint) endpoint = look_up(options.environment, "AWS_ENDPOINT_URL");
  s3->endpoint =
      endpoint ? std::string(trim(*endpoint)) : cat("https://s3.", s3->region, ".amazonaws.com");
  while (s3->endpoint.ends_with('/')) s3->endpoint.pop_back();
  if (s3->endpoint.find("://") == std::string::npos) s3->endpoint = "https://" + s3->endpoint;
  const std::string_view host = std::string_view(s3->endpoint).substr(s3->endpoint.find("://") + 3);
  const bool secure = s3->endpoint.starts_with("https://");
  if ((!secure && !s3->endpoint.starts_with("http://")) || host.empty() ||
      host.find_first_of("/?#@ ") != std::string_view::npos)
    return invalid_argument(cat("s3.endpoint: '", *endpoint,
                                "' is no endpoint; write https://host or https://host:port"));
  // A name cannot stand before an address, and a certificate covers no further dot.
  WEIR_ASSIGN_OR_RETURN(const bool asked,
                        look_up_as(options, "s3.path.style.access", false, parse_bool));
  s3->path_style =
      asked || is_address(host) || (secure && s3->bucket.find('.') != std::string::npos);
  return {};
}

Status check_bucket_name(std::string_view bucket) {
  const bool plain = std::all_of(bucket.begin(), bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
  if (plain && bucket.size() >= 3 && bucket.size() <= 63) return {};
  return invalid_argument(cat("'", bucket,
                              "' is no bucket: write s3://bucket/path, with the lower-"
                              "case name of a bucket, and the server in s3.endpoint"));
}

StatusOr<std::string> read_small_file(const std::string& path) {
  LocalFileSystem local;
  return read_file(local, path);
}

StatusOr<std::shared_ptr<FileSystem>> make_s3(const FileUri& uri,
                                              const RealFileSystemsOptions& options) {
  WEIR_RETURN_IF_ERROR(check_bucket_name(uri.authority));
  S3Options s3;
  s3.bucket = uri.authority;
  auto region = look_up(options.config, "s3.region");
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (!region) region = look_up(options.environment, name);
  }
  if (region) s3.region = *region;
  WEIR_RETURN_IF_ERROR(find_endpoint(options, &s3));
  WEIR_ASSIGN_OR_RETURN(s3.conditional_writes, look_up_as(options, "s3.conditional-writes",
                                                          s3.conditional_writes, parse_bool));
  WEIR_ASSIGN_OR_RETURN(s3.part_bytes,
                        look_up_as(options, "s3.upload.min.part.size", s3.part_bytes, parse_size));
  WEIR_ASSIGN_OR_RETURN(
      s3.parallel, look_up_as(options, "s3.upload.max.concurrent.uploads", s3.parallel, parse_int));
  WEIR_ASSIGN_OR_RETURN(s3.retry.attempts_max,
                        look_up_as(options, "s3.retry.attempts", s3.retry.attempts_max, parse_int));
  s3.retry.first_contact_attempts_max =
      std::min(s3.retry.first_contact_attempts_max, s3.retry.attempts_max);
  WEIR_ASSIGN_OR_RETURN(s3.retry.deadline,
                        look_up_as(options, "s3.call-timeout", s3.retry.deadline, parse_duration));
  s3.sleep = options.sleep;
  s3.now = options.now;
  s3.wall_ms = options.wall_ms;
  CurlClientOptions curl;
  WEIR_ASSIGN_OR_RETURN(
      const auto silence,
      look_up_as(options, "s3.silence-timeout", Duration(curl.silence_timeout), parse_duration));
  curl.silence_timeout = std::chrono::ceil<std::chrono::seconds>(silence);
  curl.ca_file = look_up(options.config, "s3.tls.ca-file")
                     .value_or(look_up(options.environment, "AWS_CA_BUNDLE").value_or(""));
  const auto http = std::make_shared<CurlClient>(curl);
  // A machine without AWS has nobody at the address of its metadata.
  const auto metadata = std::make_shared<CurlClient>(
      CurlClientOptions{.connect_timeout = std::chrono::milliseconds(1000),
                        .silence_timeout = std::chrono::seconds(5),
                        .ca_file = curl.ca_file});
  auto credentials =
      std::make_shared<S3CredentialChain>(S3CredentialSources{.config = options.config,
                                                              .environment = options.environment,
                                                              .read_file = read_small_file,
                                                              .wall_ms = options.wall_ms,
                                                              .region = s3.region},
                                          metadata);
  return std::shared_ptr<FileSystem>(std::make_shared<S3FileSystem>(
      std::make_shared<S3Client>(std::move(s3), std::move(credentials), http)));
}

}  // namespace
}  // namespace weir

weir::MakeFileSystem* weir_component_s3() { return &weir::make_s3; }
