#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/s3/s3_signature.h"
#include "weir/status.h"

namespace weir {

// The documents of S3, which come from the network: anything that is not as S3's reference has it
// is DATA_LOSS, and nothing of it is used. Pure.

/// The text of an error. Empty if the body is none.
struct S3ErrorBody {
  std::string code;
  std::string message;
  std::string region;      ///< where the bucket is, if the error says so
  std::string request_id;  ///< for the store's support
};
S3ErrorBody parse_s3_error(std::string_view body);

struct S3Object {
  std::string key;
  int64_t size = 0;
  int64_t modified_ms = 0;
};
/// A page of ListObjectsV2 with encoding-type=url.
struct S3Listing {
  std::vector<S3Object> objects;
  std::vector<std::string> prefixes;  ///< each ends with '/'
  std::string next;                   ///< the continuation token; empty: this is the last page
};
StatusOr<S3Listing> parse_s3_listing(std::string_view body);

StatusOr<std::string> parse_s3_upload_id(std::string_view body);

struct S3Upload {
  std::string key;
  std::string id;
};
/// A page of ListMultipartUploads with encoding-type=url.
struct S3Uploads {
  std::vector<S3Upload> uploads;
  std::string next_key;  ///< the markers of the next page; empty: this is the last one
  std::string next_id;
};
StatusOr<S3Uploads> parse_s3_uploads(std::string_view body);

struct S3Part {
  int number = 0;  ///< from 1
  std::string etag;
  int64_t size = 0;
};
/// A page of ListParts.
struct S3Parts {
  std::vector<S3Part> parts;
  std::string next;  ///< the marker of the next page; empty: this is the last one
};
StatusOr<S3Parts> parse_s3_parts(std::string_view body);

/// The body of CompleteMultipartUpload.
std::string s3_completion(const std::vector<S3Part>& parts);
/// The answer to it: the ETag of the object. S3 may send an error with status 200.
StatusOr<std::string> parse_s3_completion(std::string_view body);

/// Credentials that end.
struct S3ExpiringCredentials {
  S3Credentials credentials;
  int64_t expires_ms = INT64_MAX;  ///< since 1970
};
/// The answer of STS to AssumeRoleWithWebIdentity.
StatusOr<S3ExpiringCredentials> parse_sts_credentials(std::string_view body);

}  // namespace weir
