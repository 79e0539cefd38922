#include "http/curl_exchange.h"

#include <curl/curl.h>

#include "base/strings.h"

namespace weir {
namespace {

static_assert(CurlExchange::kErrorBytes >= CURL_ERROR_SIZE);

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

size_t on_header(char* bytes, size_t size, size_t count, void* context) {
  HttpAnswer& answer = static_cast<CurlExchange*>(context)->answer;
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
  auto& exchange = *static_cast<CurlExchange*>(context);
  const size_t length = size * count;
  const size_t have = exchange.answer.body.size();
  if (static_cast<int64_t>(have + length) > exchange.answer_bytes_max) return 0;
  exchange.answer.body.append(bytes, length);
  return length;
}

bool never_connected(CURL* curl, CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return true;
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t before_request_us = 0;
      curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &before_request_us);
      return before_request_us == 0;
    }
    default: return false;
  }
}

}  // namespace

CurlExchange::~CurlExchange() { curl_slist_free_all(headers); }

void CurlExchange::prepare(void* handle, const std::string& url,
                           std::chrono::milliseconds connect_timeout) {
  CURL* const curl = handle;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  // Hadoop's clients ignore http_proxy, and clusters rely on it.
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  // libcurl would ask before it sends a large body; DataNodes answer before they have checked the
  // request.
  add_header(curl, "Expect:");
}

void CurlExchange::add_header(void* handle, const std::string& line) {
  headers = curl_slist_append(headers, line.c_str());
  curl_easy_setopt(static_cast<CURL*>(handle), CURLOPT_HTTPHEADER, headers);
}

void CurlExchange::fail_when_silent(void* handle, std::chrono::seconds timeout) {
  CURL* const curl = handle;
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(timeout.count()));
}

void CurlExchange::conclude(void* handle, int code) {
  CURL* const curl = handle;
  const auto result = static_cast<CURLcode>(code);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  if (result == CURLE_OK && status >= 200) {
    answer.outcome = HttpReply::Outcome::kAnswered;
    return;
  }
  answer.problem = error[0] != '\0' ? error : curl_easy_strerror(result);
  if (result == CURLE_OK) answer.problem = "the connection ended without an answer";
  answer.outcome =
      never_connected(curl, result) ? HttpReply::Outcome::kNotSent : HttpReply::Outcome::kUnknown;
}

void start_curl() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);  // never undone
  (void)kReady;
}

}  // namespace weir
