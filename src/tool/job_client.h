#pragma once

#include <string>

#include "http/curl_http.h"
#include "tool/arguments.h"
#include "weir/status.h"

namespace weir::tool {

/// Talks to a running job by Flink's REST interface. Blocks. Errors are the job's sentences, with
/// UNAVAILABLE if it does not answer, and FAILED_PRECONDITION if it refuses.
class JobClient {
 public:
  /// From --rest and --token-file, or from WEIR_REST and WEIR_REST_TOKEN_FILE in the environment.
  static StatusOr<JobClient> from(const Arguments& arguments);

  /// The body of the answer, which is JSON.
  StatusOr<std::string> get(const std::string& path);
  StatusOr<std::string> post(const std::string& path, const std::string& body);
  StatusOr<std::string> put(const std::string& path, const std::string& body);
  StatusOr<std::string> patch(const std::string& path);

  /// The id of the job: the operand, or else that of the only job.
  StatusOr<std::string> job_of(const Arguments& arguments);
  /// Starts an operation and waits for its outcome: the JSON object `operation`. `poll`: the path
  /// to ask, before the operation's id.
  StatusOr<std::string> operate(const std::string& path, const std::string& body,
                                const std::string& poll);

 private:
  JobClient(std::string url, CurlHttpOptions options)
      : url_(std::move(url)), http_(std::make_unique<CurlHttp>(std::move(options))) {}
  StatusOr<std::string> answer(HttpReply reply) const;

  std::string url_;
  std::unique_ptr<CurlHttp> http_;
};

}  // namespace weir::tool
