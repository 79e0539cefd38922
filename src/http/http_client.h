#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/http.h"

namespace weir {

/// A request of any method, with headers of its own.
struct HttpRequest {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::shared_ptr<const std::string> body{};  ///< null: none; not copied
  int64_t answer_bytes_max = 1 << 20;         ///< a longer answer is kUnknown
};

struct HttpAnswer {
  HttpReply::Outcome outcome = HttpReply::Outcome::kUnknown;
  std::string problem{};  ///< why there is no answer, without the URL
  int status = 0;
  std::map<std::string, std::string> headers{};  ///< names in lower case
  std::string body{};

  /// The value of a header, or nothing.
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

/// Runs requests. Never follows redirects. Thread: any. Every call ends by itself when the server
/// stays silent for too long.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Runs all requests at the same time, and returns their answers in the same order.
  virtual std::vector<HttpAnswer> run(const std::vector<HttpRequest>& requests) = 0;

  HttpAnswer run_one(HttpRequest request) { return std::move(run({std::move(request)}).front()); }
};

}  // namespace weir
