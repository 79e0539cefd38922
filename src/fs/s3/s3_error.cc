#include "fs/s3/s3_error.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/strings.h"

namespace weir {
namespace {

struct Meaning {
  std::string_view code;
  StatusCode status;
  std::string_view remedy;
};

constexpr std::string_view kKeys =
    "check s3.access-key and s3.secret-key, or where else the credentials come from (docs/s3.md)";

// NOT_FOUND says that a file is missing, which callers may take as "nothing was written yet". So a
// missing bucket has another code.
constexpr Meaning kMeanings[] = {
    {"NoSuchKey", StatusCode::kNotFound, ""},
    {"NoSuchUpload", StatusCode::kNotFound, ""},
    {"NoSuchBucket", StatusCode::kFailedPrecondition,
     "create the bucket, or correct its name and s3.endpoint"},
    {"InvalidBucketName", StatusCode::kInvalidArgument, "correct the name of the bucket"},
    {"AccessDenied", StatusCode::kPermissionDenied,
     "grant the user s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, "
     "s3:ListMultipartUploadParts, and on the bucket s3:ListBucket and "
     "s3:ListBucketMultipartUploads"},
    {"AllAccessDisabled", StatusCode::kPermissionDenied, "ask the owner of the bucket"},
    {"AccountProblem", StatusCode::kPermissionDenied, "ask the owner of the account"},
    {"InvalidAccessKeyId", StatusCode::kPermissionDenied, kKeys},
    {"XAdminUserNotFound", StatusCode::kPermissionDenied, kKeys},  // versitygw's InvalidAccessKeyId
    {"SignatureDoesNotMatch", StatusCode::kPermissionDenied, kKeys},
    {"InvalidToken", StatusCode::kPermissionDenied, kKeys},
    {"ExpiredToken", StatusCode::kPermissionDenied, kKeys},
    {"TokenRefreshRequired", StatusCode::kPermissionDenied, kKeys},
    {"RequestTimeTooSkewed", StatusCode::kPermissionDenied,
     "the clock of this machine or of the store is wrong by more than 15 minutes: set it right"},
    {"PreconditionFailed", StatusCode::kAlreadyExists, ""},
    {"NotImplemented", StatusCode::kUnimplemented,
     "if the store has no conditional writes, set s3.conditional-writes: false, and see there what "
     "must hold then"},
    {"PermanentRedirect", StatusCode::kFailedPrecondition,
     "the bucket is in another region: set s3.region, or s3.endpoint"},
    {"AuthorizationHeaderMalformed", StatusCode::kFailedPrecondition,
     "the bucket is in another region: set s3.region"},
    {"IllegalLocationConstraintException", StatusCode::kFailedPrecondition, "set s3.region"},
    {"InvalidObjectState", StatusCode::kFailedPrecondition, "the object is archived: restore it"},
    {"MethodNotAllowed", StatusCode::kFailedPrecondition, "is this an S3 endpoint? (s3.endpoint)"},
    {"EntityTooLarge", StatusCode::kInvalidArgument, "raise s3.upload.min.part.size"},
    {"KeyTooLongError", StatusCode::kInvalidArgument,
     "shorten the path: a key has at most 1024 bytes"},
    {"QuotaExceeded", StatusCode::kResourceExhausted, "free space, or raise the quota"},
    {"XMinioAdminBucketQuotaExceeded", StatusCode::kResourceExhausted,
     "free space, or raise the quota"},
    {"XMinioStorageFull", StatusCode::kResourceExhausted, "free space"},
    {"InsufficientStorage", StatusCode::kResourceExhausted, "free space"},
};

bool one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// For answers without a code, or with one that is not listed.
StatusCode code_of_status(const S3Refusal& refusal) {
  // It is not about the file, or comes from something that is no S3.
  if (refusal.status == 404 && !refusal.is_head) return StatusCode::kFailedPrecondition;
  switch (refusal.status) {
    case 400: return StatusCode::kInvalidArgument;
    case 401:
    case 403: return StatusCode::kPermissionDenied;
    case 404: return StatusCode::kNotFound;
    case 412: return StatusCode::kAlreadyExists;
    case 501: return StatusCode::kUnimplemented;
    case 507: return StatusCode::kResourceExhausted;
    default: return StatusCode::kFailedPrecondition;
  }
}

}  // namespace

bool is_worth_another_attempt(const S3Refusal& refusal) {
  // The body came damaged, or two conditional writes met.
  if (one_of(refusal.error.code,
             {"BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "RequestTimeout",
              "ConditionalRequestConflict", "OperationAborted", "SlowDown"}))
    return true;
  return refusal.status == 429 || refusal.status == 408 ||
         (refusal.status >= 500 && refusal.status != 501 && refusal.status != 507) ||
         (refusal.status == 200 && refusal.error.code == "InternalError");
}

bool is_about_expired_credentials(const S3Refusal& refusal) {
  return one_of(refusal.error.code, {"ExpiredToken", "TokenRefreshRequired", "InvalidToken"});
}

Status s3_status(const S3Refusal& refusal) {
  const auto meaning =
      std::find_if(std::begin(kMeanings), std::end(kMeanings),
                   [&](const Meaning& each) { return each.code == refusal.error.code; });
  const bool known = meaning != std::end(kMeanings);
  std::string text = cat("cannot ", refusal.what, " ", refusal.uri, ": ");
  if (refusal.error.code.empty()) {
    text += cat("the store answers with HTTP status ", refusal.status);
    if (refusal.status == 404 && !refusal.is_head)
      text += "; is this an S3 endpoint? (s3.endpoint)";
    if (refusal.status == 301 || refusal.status == 307)
      text += "; the bucket is elsewhere: set s3.region, or s3.endpoint";
  } else {
    text += refusal.error.code;
    if (!refusal.error.message.empty())
      text += cat(" (", refusal.error.message.substr(0, refusal.error.message.find('\n')), ")");
  }
  if (known && !meaning->remedy.empty()) text += cat("; ", meaning->remedy);
  const std::string& region = refusal.error.region.empty() ? refusal.region : refusal.error.region;
  if (!region.empty() && known && meaning->status == StatusCode::kFailedPrecondition)
    text += cat(" (the bucket is in ", region, ")");
  if (!refusal.error.request_id.empty()) text += cat(" [request ", refusal.error.request_id, "]");
  if (is_worth_another_attempt(refusal)) return {StatusCode::kUnavailable, text};
  return {known ? meaning->status : code_of_status(refusal), text};
}

}  // namespace weir
