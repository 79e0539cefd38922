#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/http.h"
#include "weir/status.h"

namespace weir {

struct CurlHttpOptions {
  std::chrono::milliseconds connect_timeout{5000};
  /// An exchange ends after this long without a byte in either direction.
  std::chrono::seconds silence_timeout{60};
  std::vector<std::string> headers{};  ///< of each request, such as "Authorization: Bearer TOKEN"
  /// Makes the header Authorization of a request to `url`, anew for each one that is not an upload
  /// or a download. Empty: it needs none. If it fails, nothing is sent.
  std::function<StatusOr<std::string>(const std::string& url)> authorization{};
};

/// Http over libcurl. send() and post() reuse their connections. Each upload and download has its
/// own, because DataNodes close them.
class CurlHttp final : public Http {
 public:
  explicit CurlHttp(CurlHttpOptions options = {});
  ~CurlHttp() override;

  HttpReply send(HttpMethod method, const std::string& url, int64_t body_bytes_max) override;
  HttpReply get(const std::string& url, int64_t body_bytes_max, std::string&& memory) override;
  std::unique_ptr<HttpDownload> download(const std::string& url) override;
  HttpReply post(const std::string& url, const std::string& content_type, std::string_view body,
                 int64_t body_bytes_max) override;
  /// A PUT that sends `body` like a post().
  HttpReply put(const std::string& url, const std::string& content_type, std::string_view body,
                int64_t body_bytes_max);
  /// A PATCH without a body.
  HttpReply patch(const std::string& url, int64_t body_bytes_max);
  std::unique_ptr<HttpUpload> upload(const std::string& url, std::optional<int64_t> length,
                                     bool hear_first) override;

 private:
  struct Request;
  HttpReply exchange(Request&& request);

  const CurlHttpOptions options_;
  std::mutex mutex_;
  std::vector<void*> idle_;  // guarded by mutex_; CURL handles, each with its connections
};

}  // namespace weir
