#include "http/curl_client.h"

#include <curl/curl.h>

#include "base/strings.h"
#include "http/curl_exchange.h"

namespace weir {
namespace {

constexpr size_t kIdleLanesMax = 16;
constexpr long kBufferBytes = 256 << 10;
constexpr int kPollMs = 1000;

/// One request under way.
struct Exchange : CurlExchange {
  const HttpRequest* request = nullptr;
  CURL* curl = nullptr;
};

void set_method(const Exchange& exchange) {
  CURL* const curl = exchange.curl;
  const HttpRequest& request = *exchange.request;
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body->data());
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void prepare(Exchange& exchange, const CurlClientOptions& options) {
  CURL* const curl = exchange.curl;
  exchange.answer_bytes_max = exchange.request->answer_bytes_max;
  exchange.prepare(curl, exchange.request->url, options.connect_timeout);
  CurlExchange::fail_when_silent(curl, options.silence_timeout);
  // The URL is what was signed: "/a/../b" is a name like any other.
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(curl, CURLOPT_PRIVATE, &exchange);
  if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  for (const auto& [name, value] : exchange.request->headers)
    exchange.add_header(curl, cat(name, ": ", value));
  set_method(exchange);
}

}  // namespace

/// The connections of one thread's requests.
struct CurlClient::Lane {
  CURLM* const multi = curl_multi_init();
  std::vector<CURL*> idle;

  Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane() {
    for (CURL* curl : idle) curl_easy_cleanup(curl);
    if (multi != nullptr) curl_multi_cleanup(multi);
  }

  CURL* take() {
    if (idle.empty()) return curl_easy_init();
    CURL* const curl = idle.back();
    idle.pop_back();
    return curl;
  }

  /// Returns the number of exchanges that are not over.
  int step() {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return 0;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Exchange* exchange = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
      exchange->conclude(exchange->curl, message->data.result);
    }
    return running;
  }
};

CurlClient::CurlClient(CurlClientOptions options) : options_(std::move(options)) { start_curl(); }

CurlClient::~CurlClient() = default;

std::unique_ptr<CurlClient::Lane> CurlClient::take_lane() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto lane = std::move(idle_.back());
      idle_.pop_back();
      return lane;
    }
  }
  return std::make_unique<Lane>();
}

void CurlClient::recycle(std::unique_ptr<Lane> lane) {
  std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleLanesMax) idle_.push_back(std::move(lane));
}

std::vector<HttpAnswer> CurlClient::run(const std::vector<HttpRequest>& requests) {
  std::unique_ptr<Lane> lane = take_lane();
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (const HttpRequest& request : requests) {
    auto& exchange = *exchanges.emplace_back(std::make_unique<Exchange>());
    exchange.request = &request;
    exchange.curl = lane->multi == nullptr ? nullptr : lane->take();
    if (exchange.curl == nullptr) {
      exchange.answer.outcome = HttpReply::Outcome::kNotSent;
      exchange.answer.problem = "out of memory";
      continue;
    }
    prepare(exchange, options_);
    curl_multi_add_handle(lane->multi, exchange.curl);
  }
  if (lane->multi != nullptr) {
    while (lane->step() > 0) curl_multi_poll(lane->multi, nullptr, 0, kPollMs, nullptr);
  }
  std::vector<HttpAnswer> answers;
  for (const auto& exchange : exchanges) {
    if (exchange->curl != nullptr) {
      curl_multi_remove_handle(lane->multi, exchange->curl);
      curl_easy_reset(exchange->curl);
      lane->idle.push_back(exchange->curl);
    }
    answers.push_back(std::move(exchange->answer));
  }
  recycle(std::move(lane));
  return answers;
}

}  // namespace weir
