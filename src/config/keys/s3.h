#pragma once

#include "config/config_key.h"

namespace weir {

namespace options {

inline constexpr Option<std::string> kS3AccessKey{
    {"s3.access-key", ConfigType::kString, "",
     "Access key for S3; unset: found as Amazon's own clients do, see docs/s3.md.",
     "s3.access.key"}};
inline constexpr Option<std::string> kS3SecretKey{
    {"s3.secret-key", ConfigType::kSecret, "", "Secret key for S3.", "s3.secret.key"}};
inline constexpr Option<std::string> kS3SecretKeyFile{
    {"s3.secret-key.file", ConfigType::kString, "",
     "File that holds the secret key for S3. Only its owner may read it."}};
inline constexpr Option<std::string> kS3SessionToken{
    {"s3.session-token", ConfigType::kSecret, "", "Session token of temporary keys for S3."}};
inline constexpr Option<std::string> kS3SessionTokenFile{
    {"s3.session-token.file", ConfigType::kString, "",
     "File that holds the session token for S3. Only its owner may read it."}};
inline constexpr Option<std::string> kS3Endpoint{
    {"s3.endpoint", ConfigType::kString, "",
     "Server for s3://, as https://host:port; unset: $AWS_ENDPOINT_URL_S3, else "
     "$AWS_ENDPOINT_URL, else Amazon's of the region."}};
inline constexpr Option<std::string> kS3Region{
    {"s3.region", ConfigType::kString, "",
     "Region of the buckets; unset: $AWS_REGION, else $AWS_DEFAULT_REGION, else us-east-1.",
     "s3.endpoint.region"}};
inline constexpr Option<bool> kS3PathStyle{
    {"s3.path.style.access", ConfigType::kBool, "false",
     "The bucket is in the path of a URL, not in its host name. Always so if the endpoint is an IP "
     "address.",
     "s3.path-style-access"}};
inline constexpr Option<std::string> kS3CaFile{
    {"s3.tls.ca-file", ConfigType::kString, "",
     "PEM file of the authorities that S3's certificate is checked with; unset: $AWS_CA_BUNDLE, "
     "else the system's."}};
inline constexpr Option<bool> kS3ConditionalWrites{
    {"s3.conditional-writes", ConfigType::kBool, "true",
     "The store honors If-None-Match, which makes creation exclusive. With false weir looks first: "
     "then never start a job a second time while it runs."}};
inline constexpr Option<int64_t> kS3PartSize{
    {"s3.upload.min.part.size", ConfigType::kSize, "5 mb",
     "Size of the first parts of an upload to S3, which a writer keeps in memory.", "", "", 5 << 20,
     int64_t{1} << 30}};
inline constexpr Option<int64_t> kS3Parallel{
    {"s3.upload.max.concurrent.uploads", ConfigType::kInt, "4",
     "Number of parts of one checkpoint file that are sent or read at a time.", "", "", 1, 64}};
inline constexpr Option<int64_t> kS3RetryAttempts{
    {"s3.retry.attempts", ConfigType::kInt, "10",
     "Maximum number of tries of a call on S3; at most 3 as long as it has never answered.", "", "",
     1, 1000}};
inline constexpr Option<Duration> kS3CallTimeout{
    {"s3.call-timeout", ConfigType::kDuration, "5 min",
     "A call on S3 is not retried after this time, even if attempts are left.", "", "", 1}};
inline constexpr Option<Duration> kS3SilenceTimeout{
    {"s3.silence-timeout", ConfigType::kDuration, "1 min",
     "A transfer from or to S3 fails when no byte moves for this time.", "", "", 1000}};

}  // namespace options

/// S3.
inline constexpr const ConfigKey* kS3Keys[] = {
    &options::kS3AccessKey,        &options::kS3SecretKey,
    &options::kS3SecretKeyFile,    &options::kS3SessionToken,
    &options::kS3SessionTokenFile, &options::kS3Endpoint,
    &options::kS3Region,           &options::kS3PathStyle,
    &options::kS3CaFile,           &options::kS3ConditionalWrites,
    &options::kS3PartSize,         &options::kS3Parallel,
    &options::kS3RetryAttempts,    &options::kS3CallTimeout,
    &options::kS3SilenceTimeout,
};

}  // namespace weir
