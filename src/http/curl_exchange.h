#pragma once

#include <chrono>
#include <string>

#include "http/http_client.h"

struct curl_slist;

namespace weir {

/// One request over libcurl, and what is known of its answer. libcurl holds its address, so it does
/// not move while the request runs. A handle is a CURL*. Thread: one at a time.
struct CurlExchange {
  CurlExchange() = default;
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;
  ~CurlExchange();

  /// Sets the options that all requests have in common. The body of the answer goes to `answer`.
  void prepare(void* handle, const std::string& url, std::chrono::milliseconds connect_timeout);
  /// A header of the request, such as "Accept: text/plain".
  void add_header(void* handle, const std::string& line);
  /// The exchange fails after this long with less than a byte a second in either direction.
  static void fail_when_silent(void* handle, std::chrono::seconds timeout);
  /// Records libcurl's result, a CURLcode.
  void conclude(void* handle, int code);

  static constexpr size_t kErrorBytes = 256;

  HttpAnswer answer;
  int64_t answer_bytes_max = 0;  ///< a longer body fails the exchange
  curl_slist* headers = nullptr;
  char error[kErrorBytes] = {};
};

/// Initializes libcurl, once per process.
void start_curl();

}  // namespace weir
