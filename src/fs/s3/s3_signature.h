#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  ///< of temporary credentials; empty: none
};

using S3Parameters = std::vector<std::pair<std::string, std::string>>;

/// A request to sign, as it is sent.
struct S3SignedParts {
  std::string method;
  std::string path;      ///< encoded, beginning with '/'
  S3Parameters query;    ///< not encoded
  S3Parameters headers;  ///< names in lower case; with host, x-amz-date and x-amz-content-sha256
  std::string payload_sha256;  ///< in hex
};

struct S3SigningScope {
  std::string date;  ///< as amz_date() gives it
  std::string region;
  std::string service = "s3";
};

/// Lower-case hex.
std::string sha256_hex(std::string_view bytes);
std::string md5_hex(std::string_view bytes);
/// The bytes of hexadecimal digits. Empty if they are not.
std::string from_hex(std::string_view digits);

/// As RFC 3986 and AWS want it: all bytes but letters, digits and "-._~" become %XX.
std::string s3_encode(std::string_view text, bool keep_slashes);
/// "a=b&c=d", sorted and encoded.
std::string s3_query(S3Parameters query);

/// "20130524T000000Z", from milliseconds since 1970.
std::string amz_date(int64_t wall_ms);
/// Milliseconds since 1970 of "2026-11-29T20:00:00Z", with or without a fraction. -1: not a time.
int64_t parse_iso_time(std::string_view text);

/// Milliseconds since 1970 of "Fri, 24 May 2013 00:00:00 GMT". -1: not a time.
int64_t parse_http_time(std::string_view text);

/// The Authorization header by AWS Signature Version 4. Pure.
/// Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
std::string s3_authorization(const S3SignedParts& parts, const S3SigningScope& scope,
                             const S3Credentials& credentials);

}  // namespace weir
