#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "fs/s3/s3_credentials.h"
#include "fs/s3/s3_error.h"
#include "fs/s3/s3_options.h"
#include "http/http_client.h"

namespace weir {

/// One request to a bucket. Repeating it does no harm.
struct S3Call {
  std::string method;
  std::string what;  ///< for messages: "write", "list", …
  std::string key;   ///< empty: the bucket itself
  S3Parameters query{};
  S3Parameters headers{};  ///< beside those of the signature; names in lower case
  std::shared_ptr<const std::string> body{};
  int64_t answer_bytes_max = 16 << 20;
};

struct S3Answer {
  Status status;  ///< OK: S3 has done it
  HttpAnswer http;
  S3ErrorBody error;  ///< if S3 refused it
  /// An attempt before the last one may have been done: its answer was lost.
  bool earlier_unknown = false;
};

/// Signs requests and retries those that may pass later, with waits that grow and differ between
/// callers. Thread: any. Blocks.
class S3Client {
 public:
  S3Client(S3Options options, std::shared_ptr<S3CredentialChain> credentials,
           std::shared_ptr<HttpClient> http);

  S3Answer call(S3Call call) { return std::move(call_all({std::move(call)}).front()); }
  /// Runs the calls at the same time. The answers are in the same order.
  std::vector<S3Answer> call_all(std::vector<S3Call> calls);

  const S3Options& options() const { return options_; }
  /// s3://bucket/key
  std::string uri_of(const std::string& key) const;

  /// All objects whose keys begin with a prefix. With `delimited` those below a further '/' are
  /// only named by S3Listing::prefixes. At most `most` of both; 0: all.
  StatusOr<S3Listing> list(const std::string& prefix, bool delimited, int most = 0);
  /// All unfinished uploads whose keys begin with a prefix.
  StatusOr<std::vector<S3Upload>> list_uploads(const std::string& prefix);
  StatusOr<std::vector<S3Part>> list_parts(const S3Upload& upload);
  /// Begins an upload, and aborts what an attempt with a lost answer has begun for the key.
  StatusOr<std::string> begin_upload(const std::string& key);
  /// OK also if there is none.
  Status abort_upload(const S3Upload& upload);

 private:
  HttpRequest signed_request(const S3Call& call, const S3Credentials& credentials) const;
  S3Answer answer_of(const S3Call& call, HttpAnswer http) const;
  std::chrono::milliseconds wait_before(int attempt);

  const S3Options options_;
  const std::shared_ptr<S3CredentialChain> credentials_;
  const std::shared_ptr<HttpClient> http_;
  std::string host_;  ///< the Host header; set once
  std::string base_;  ///< scheme and host
  std::atomic<bool> reached_ = false;
  std::atomic<uint64_t> waits_ = 0;
};

}  // namespace weir
