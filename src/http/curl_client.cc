#include "http/curl_client.h"

#include <curl/curl.h>

#include "base/strings.h"

namespace weir {
namespace {

constexpr size_t kIdleLanesMax = 16;
constexpr long kBufferBytes = 256 << 10;
constexpr int kPollMs = 1000;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// One request under way. libcurl holds its address, so it does not move.
struct Exchange {
  const HttpRequest* request = nullptr;
  HttpAnswer answer;
  char error[CURL_ERROR_SIZE] = {};
  curl_slist* headers = nullptr;
  CURL* curl = nullptr;

  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { curl_slist_free_all(headers); }
};

size_t on_header(char* bytes, size_t size, size_t count, void* context) {
  HttpAnswer& answer = static_cast<Exchange*>(context)->answer;
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) {  // a "100 Continue" came before the final answer
    answer.headers.clear();
    answer.body.clear();
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    answer.headers[lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  return size * count;
}

size_t on_body(char* bytes, size_t size, size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const size_t length = size * count;
  const size_t have = exchange.answer.body.size();
  if (static_cast<int64_t>(have + length) > exchange.request->answer_bytes_max) return 0;
  exchange.answer.body.append(bytes, length);
  return length;
}

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
  curl_easy_setopt(curl, CURLOPT_URL, exchange.request->url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  // The URL is what was signed: "/a/../b" is a name like any other.
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(options.silence_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange.error);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(curl, CURLOPT_PRIVATE, &exchange);
  if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  exchange.headers = curl_slist_append(exchange.headers, "Expect:");
  for (const auto& [name, value] : exchange.request->headers)
    exchange.headers = curl_slist_append(exchange.headers, cat(name, ": ", value).c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange.headers);
  set_method(exchange);
}

/// Records libcurl's result.
void conclude(Exchange& exchange, CURLcode code) {
  HttpAnswer& answer = exchange.answer;
  long status = 0;
  curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  if (code == CURLE_OK && status >= 200) {
    answer.outcome = HttpReply::Outcome::kAnswered;
    return;
  }
  answer.problem = exchange.error[0] != '\0' ? exchange.error : curl_easy_strerror(code);
  if (code == CURLE_OK) answer.problem = "the connection ended without an answer";
  curl_off_t before_request_us = 0;
  curl_easy_getinfo(exchange.curl, CURLINFO_PRETRANSFER_TIME_T, &before_request_us);
  const bool never_connected =
      code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
      code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
      code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
      code == CURLE_SSL_CACERT_BADFILE ||
      (code == CURLE_OPERATION_TIMEDOUT && before_request_us == 0);
  answer.outcome = never_connected ? HttpReply::Outcome::kNotSent : HttpReply::Outcome::kUnknown;
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
      conclude(*exchange, message->data.result);
    }
    return running;
  }
};

CurlClient::CurlClient(CurlClientOptions options) : options_(std::move(options)) {
  // Once per process, never undone.
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)kReady;
}

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

void CurlClient::give_back(std::unique_ptr<Lane> lane) {
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
  give_back(std::move(lane));
  return answers;
}

}  // namespace weir
