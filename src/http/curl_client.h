#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/http_client.h"

namespace weir {

struct CurlClientOptions {
  std::chrono::milliseconds connect_timeout{5000};
  /// A request fails after this long with less than a byte a second in either direction.
  std::chrono::seconds silence_timeout{60};
  std::string ca_file{};  ///< PEM; empty: the system's authorities
};

/// HttpClient over libcurl. Connections are kept and used again.
class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(CurlClientOptions options = {});
  ~CurlClient() override;

  std::vector<HttpAnswer> run(const std::vector<HttpRequest>& requests) override;

 private:
  struct Lane;
  std::unique_ptr<Lane> take_lane();
  void recycle(std::unique_ptr<Lane> lane);

  const CurlClientOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Lane>> idle_;  // guarded by mutex_; each with its connections
};

}  // namespace weir
