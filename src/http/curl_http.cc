#include "http/curl_http.h"

#include <curl/curl.h>

#include <algorithm>

#include "base/strings.h"
#include "http/curl_exchange.h"

namespace weir {
namespace {

constexpr size_t kIdleHandlesMax = 16;
constexpr long kUploadBufferBytes = 512 * 1024;
constexpr long kReceiveBufferBytes = 256 << 10;
constexpr int kPollMs = 100;
constexpr int kHearFirstPolls = 10;

void prepare(CURL* curl, CurlExchange& exchange, const std::string& url,
             const CurlHttpOptions& options) {
  exchange.prepare(curl, url, options.connect_timeout);
  // Required where Hadoop's CSRF filter is on.
  exchange.add_header(curl, "X-XSRF-HEADER: weir");
  for (const std::string& header : options.headers) exchange.add_header(curl, header);
}

HttpReply conclude(CURL* curl, CURLcode code, CurlExchange& exchange) {
  exchange.conclude(curl, code);
  HttpAnswer& answer = exchange.answer;
  return {answer.outcome, std::move(answer.problem), answer.status, answer.header("location"),
          std::move(answer.body)};
}

/// An exchange that proceeds piece by piece. The thread that writes or reads the pieces drives a
/// multi handle, which is paused in between.
class CurlTransfer {
 public:
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

 protected:
  /// Without memory the transfer ends at once.
  CurlTransfer(const std::string& url, const CurlHttpOptions& options)
      : silent_polls_max_(static_cast<int>(options.silence_timeout.count() * 1000 / kPollMs)),
        multi_(curl_multi_init()),
        curl_(curl_easy_init()) {
    if (multi_ == nullptr || curl_ == nullptr) {
      result_ = CURLE_OUT_OF_MEMORY;
      return;
    }
    prepare(curl_, exchange_, url, options);
    curl_easy_setopt(curl_, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl_, CURLOPT_FORBID_REUSE, 1L);
  }
  ~CurlTransfer() {
    if (curl_ != nullptr && multi_ != nullptr) curl_multi_remove_handle(multi_, curl_);
    if (curl_ != nullptr) curl_easy_cleanup(curl_);
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
  }

  /// Call it when all options are set.
  void begin() { curl_multi_add_handle(multi_, curl_); }

  void resume() {
    if (!paused_ || result_) return;
    paused_ = false;
    curl_easy_pause(curl_, CURLPAUSE_CONT);
  }

  /// Moves what can be moved. Sets result_ when the exchange is over, to `broken` if libcurl cannot
  /// continue.
  void perform(CURLcode broken) {
    moved_ = false;
    int running = 0;
    if (curl_multi_perform(multi_, &running) != CURLM_OK) {
      result_ = broken;
      return;
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) result_ = message->data.result;
    }
  }

  /// Waits briefly for more. Counts polls instead of time, because this folder doesn't read clocks:
  /// a poll without progress has waited kPollMs.
  void await(bool progress) {
    silent_polls_ = progress ? 0 : silent_polls_ + 1;
    if (silent_polls_ > silent_polls_max_) {
      result_ = CURLE_OPERATION_TIMEDOUT;
      return;
    }
    int ready = 0;
    curl_multi_poll(multi_, nullptr, 0, kPollMs, &ready);
    if (ready > 0) silent_polls_ = 0;
  }

  const int silent_polls_max_;
  int silent_polls_ = 0;
  CURLM* const multi_;
  CURL* const curl_;
  CurlExchange exchange_;
  std::optional<CURLcode> result_;
  bool paused_ = false;  ///< by its callback, which had nothing to do
  bool moved_ = false;   ///< in the last perform()
};

/// Nothing is copied: libcurl asks for bytes while write() waits.
class CurlUpload final : public HttpUpload, private CurlTransfer {
 public:
  CurlUpload(const std::string& url, std::optional<int64_t> length, bool hear_first,
             const CurlHttpOptions& options)
      : CurlTransfer(url, options), may_send_(!hear_first) {
    if (result_) return;
    exchange_.answer_bytes_max = 1 << 20;
    if (!length) {
      exchange_.add_header(curl_, "Transfer-Encoding: chunked");
    } else {
      curl_easy_setopt(curl_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*length));
    }
    curl_easy_setopt(curl_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl_, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
    curl_easy_setopt(curl_, CURLOPT_READFUNCTION, &CurlUpload::on_read);
    curl_easy_setopt(curl_, CURLOPT_READDATA, this);
    begin();
  }

  bool write(std::string_view bytes) override {
    pending_ = bytes;
    if (!may_send_) {
      for (int i = 0; i < kHearFirstPolls && !result_; ++i) step();
      may_send_ = true;
    }
    resume();
    while (!result_ && !pending_.empty()) step();
    const bool sent = pending_.empty() && !result_;
    pending_ = {};
    return sent;
  }

  HttpReply finish() override {
    if (!may_send_) write({});
    ended_ = true;
    resume();
    while (!result_) step();
    if (curl_ == nullptr) return {HttpReply::Outcome::kNotSent, "out of memory", 0, "", ""};
    return conclude(curl_, *result_, exchange_);
  }

 private:
  static size_t on_read(char* out, size_t size, size_t count, void* context) {
    auto& self = *static_cast<CurlUpload*>(context);
    if (!self.may_send_ || (self.pending_.empty() && !self.ended_)) {
      self.paused_ = true;
      return CURL_READFUNC_PAUSE;
    }
    const size_t length = std::min(size * count, self.pending_.size());
    self.pending_.copy(out, length);
    self.pending_.remove_prefix(length);
    self.moved_ = true;
    return length;
  }

  void step() {
    const curl_off_t before = bytes_through();
    perform(CURLE_SEND_ERROR);
    if (result_ || (pending_.empty() && !ended_ && may_send_)) return;
    await(moved_ || bytes_through() != before);
  }

  curl_off_t bytes_through() const {
    curl_off_t up = 0, down = 0;
    curl_easy_getinfo(curl_, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(curl_, CURLINFO_SIZE_DOWNLOAD_T, &down);
    return up + down;
  }

  std::string_view pending_;
  bool may_send_;
  bool ended_ = false;
};

class CurlDownload final : public HttpDownload, private CurlTransfer {
 public:
  CurlDownload(const std::string& url, const CurlHttpOptions& options)
      : CurlTransfer(url, options) {
    if (result_) return;
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &CurlDownload::on_bytes);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl_, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
    begin();
  }

  bool read(int64_t length, std::string* into) override {
    into_ = into;
    wanted_ = static_cast<size_t>(length);
    const size_t kept = std::min(wanted_, rest_.size());
    into->append(rest_, 0, kept);
    rest_.erase(0, kept);
    wanted_ -= kept;
    if (wanted_ > 0) resume();
    silent_polls_ = 0;
    while (wanted_ > 0 && !result_) step();
    into_ = nullptr;
    if (wanted_ == 0) return true;
    long status = 0;
    if (curl_ != nullptr) curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    return *result_ == CURLE_OK && status == kOk;
  }

 private:
  static constexpr long kOk = 200;

  static size_t on_bytes(char* bytes, size_t size, size_t count, void* context) {
    auto& self = *static_cast<CurlDownload*>(context);
    const size_t length = size * count;
    long status = 0;
    curl_easy_getinfo(self.curl_, CURLINFO_RESPONSE_CODE, &status);
    if (status != kOk) return 0;
    if (self.wanted_ == 0) {
      self.paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    const size_t taken = std::min(length, self.wanted_);
    self.into_->append(bytes, taken);
    self.wanted_ -= taken;
    self.rest_.assign(bytes + taken, length - taken);
    self.moved_ = true;
    return length;
  }

  void step() {
    perform(CURLE_RECV_ERROR);
    if (!result_ && wanted_ > 0 && !moved_) await(false);
  }

  std::string* into_ = nullptr;
  size_t wanted_ = 0;
  std::string rest_;  ///< received and not yet asked for
};

}  // namespace

CurlHttp::CurlHttp(CurlHttpOptions options) : options_(std::move(options)) { start_curl(); }

CurlHttp::~CurlHttp() {
  for (void* curl : idle_) curl_easy_cleanup(static_cast<CURL*>(curl));
}

struct CurlHttp::Request {
  const char* verb;
  const std::string& url;
  int64_t body_bytes_max;
  std::optional<std::string_view> body = std::nullopt;
  std::string content_type = "";
  std::string answer = "";  ///< reused memory for the body
};

HttpReply CurlHttp::send(HttpMethod method, const std::string& url, int64_t body_bytes_max) {
  switch (method) {
    case HttpMethod::kGet: return exchange({"GET", url, body_bytes_max});
    // An empty upload would still ask for bytes; a custom verb on a POST without a body does not.
    case HttpMethod::kPut: return exchange({"PUT", url, body_bytes_max, ""});
    case HttpMethod::kDelete: return exchange({"DELETE", url, body_bytes_max});
  }
  return {HttpReply::Outcome::kNotSent, "no such method", 0, "", ""};
}

HttpReply CurlHttp::get(const std::string& url, int64_t body_bytes_max, std::string&& memory) {
  memory.clear();
  Request request{"GET", url, body_bytes_max};
  request.answer = std::move(memory);
  return exchange(std::move(request));
}

HttpReply CurlHttp::post(const std::string& url, const std::string& content_type,
                         std::string_view body, int64_t body_bytes_max) {
  return exchange({"POST", url, body_bytes_max, body, content_type});
}

HttpReply CurlHttp::put(const std::string& url, const std::string& content_type,
                        std::string_view body, int64_t body_bytes_max) {
  return exchange({"PUT", url, body_bytes_max, body, content_type});
}

HttpReply CurlHttp::patch(const std::string& url, int64_t body_bytes_max) {
  return exchange({"PATCH", url, body_bytes_max, ""});
}

HttpReply CurlHttp::exchange(Request&& request) {
  StatusOr<std::string> authorization = std::string();
  if (options_.authorization) authorization = options_.authorization(request.url);
  if (!authorization.ok())
    return {HttpReply::Outcome::kNotSent, std::string(authorization.status().message()), 0, "", ""};
  CURL* curl = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      curl = static_cast<CURL*>(idle_.back());
      idle_.pop_back();
    }
  }
  if (curl == nullptr) curl = curl_easy_init();
  if (curl == nullptr) return {HttpReply::Outcome::kNotSent, "out of memory", 0, "", ""};
  CurlExchange exchange;
  exchange.answer_bytes_max = request.body_bytes_max;
  exchange.answer.body = std::move(request.answer);
  prepare(curl, exchange, request.url, options_);
  if (!authorization->empty()) exchange.add_header(curl, cat("Authorization: ", *authorization));
  CurlExchange::fail_when_silent(curl, options_.silence_timeout);
  if (request.body) {
    if (!request.content_type.empty())
      exchange.add_header(curl, cat("Content-Type: ", request.content_type));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body->empty() ? "" : request.body->data());
  }
  if (request.body_bytes_max >= kReceiveBufferBytes)
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.verb);
  const CURLcode code = curl_easy_perform(curl);
  HttpReply reply = conclude(curl, code, exchange);
  curl_easy_reset(curl);  // forgets the options and `exchange`; the connections stay
  std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleHandlesMax) {
    idle_.push_back(curl);
  } else {
    curl_easy_cleanup(curl);
  }
  return reply;
}

std::unique_ptr<HttpDownload> CurlHttp::download(const std::string& url) {
  return std::make_unique<CurlDownload>(url, options_);
}

std::unique_ptr<HttpUpload> CurlHttp::upload(const std::string& url, std::optional<int64_t> length,
                                             bool hear_first) {
  return std::make_unique<CurlUpload>(url, length, hear_first, options_);
}

}  // namespace weir
