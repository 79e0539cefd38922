#pragma once

#include <string>

#include "fs/s3/s3_xml.h"
#include "weir/status.h"

namespace weir {

/// An answer of S3 that is no success, and the call that it answers.
struct S3Refusal {
  std::string what;      ///< "write", "list", …
  bool is_head = false;  ///< answers to HEAD have no body
  std::string uri;       ///< s3://bucket/key
  int status = 0;        ///< of HTTP
  S3ErrorBody error;
  std::string region;  ///< of the bucket, from a header; empty: not said
};

/// True if the same call may succeed later without anybody's help.
bool is_worth_another_attempt(const S3Refusal& refusal);
/// True if new credentials may help.
bool is_about_expired_credentials(const S3Refusal& refusal);
/// A sentence with the meaning and the remedy. Source of the codes:
/// docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
Status s3_status(const S3Refusal& refusal);

}  // namespace weir
