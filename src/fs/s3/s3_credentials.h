#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/s3/s3_xml.h"
#include "http/http_client.h"

namespace weir {

/// The environment of the search for credentials.
struct S3CredentialSources {
  using Lookup = std::function<std::optional<std::string>(std::string_view)>;
  Lookup config;       ///< keys such as "s3.access-key"
  Lookup environment;  ///< variables such as AWS_PROFILE
  std::function<StatusOr<std::string>(const std::string& path)> read_file;
  std::function<int64_t()> wall_ms;
  std::string region;  ///< of STS
};

/// Finds credentials where Amazon's own clients do, and renews those that end: weir's
/// configuration, the environment, a web identity, the profile file, the container's endpoint, the
/// machine's metadata (IMDS version 2). The first source that is set up is used, even if it fails.
/// Blocks. Thread: any.
class S3CredentialChain {
 public:
  S3CredentialChain(S3CredentialSources sources, std::shared_ptr<HttpClient> http)
      : sources_(std::move(sources)), http_(std::move(http)) {}

  /// FAILED_PRECONDITION: there are none. UNAVAILABLE: their source does not answer now.
  StatusOr<S3Credentials> current();
  /// The store says that they have ended. True: the source may give others.
  bool forget();

 private:
  using Found = StatusOr<std::optional<S3ExpiringCredentials>>;
  StatusOr<S3ExpiringCredentials> find();
  Found from_config();
  Found from_environment();
  Found from_web_identity();
  Found from_profile();
  Found from_container();
  Found from_machine();
  /// The answer to a request, if its status is 200.
  StatusOr<std::string> fetch(HttpRequest request, std::string_view from);
  std::optional<std::string> variable(std::string_view name) const;

  const S3CredentialSources sources_;
  const std::shared_ptr<HttpClient> http_;
  std::mutex mutex_;
  std::optional<S3ExpiringCredentials> found_;  // guarded by mutex_
};

/// One profile of an ini file: its keys and values. Empty if it is not there. Pure.
std::map<std::string, std::string> parse_aws_profile(std::string_view text, std::string_view name);
/// The JSON of the container's and the machine's endpoints. Pure.
StatusOr<S3ExpiringCredentials> parse_credentials_json(std::string_view body);

}  // namespace weir
