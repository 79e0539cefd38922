#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

enum class HttpMethod { kGet, kPut, kDelete };

struct HttpReply {
  enum class Outcome {
    kAnswered,  ///< there is a status, and the whole body
    kNotSent,   ///< the server was not reached, so nothing happened there
    kUnknown,   ///< the server was reached, and may have carried out all or part of the request
  };
  Outcome outcome = Outcome::kUnknown;
  std::string problem;  ///< why there is no answer, without the URL
  int status = 0;
  std::string location;  ///< the Location header
  std::string body;
};

/// A request whose body is sent piece by piece. Destroying it before finish() cuts the connection.
class HttpUpload {
 public:
  virtual ~HttpUpload() = default;
  /// Blocks until the bytes have left. False once the exchange is over, by an early answer or a
  /// failure: call finish() for it.
  virtual bool write(std::string_view bytes) = 0;
  /// Ends the body and waits for the answer.
  virtual HttpReply finish() = 0;
};

/// The body of an answer with status 200, read piece by piece. The server waits while the caller
/// does not read. Destroying it cuts the connection. Thread: one at a time.
class HttpDownload {
 public:
  virtual ~HttpDownload() = default;
  /// Appends the next `length` bytes, or fewer at the end of the body. False: the exchange has
  /// failed, and the appended bytes are useless.
  virtual bool read(int64_t length, std::string* into) = 0;
};

/// The few parts of HTTP that WebHDFS and Flink's REST API need. Never follows redirects, because a
/// body must not be sent twice. Thread: any. Every call ends by itself when the server stays silent
/// for too long.
class Http {
 public:
  virtual ~Http() = default;
  /// A request without a body. `body_bytes_max` bounds the answer; a longer one is kUnknown.
  virtual HttpReply send(HttpMethod method, const std::string& url, int64_t body_bytes_max) = 0;
  /// send() of a GET whose answer is large. The body reuses `memory`; its content is dropped.
  virtual HttpReply get(const std::string& url, int64_t body_bytes_max, std::string&& memory) {
    memory.clear();
    return send(HttpMethod::kGet, url, body_bytes_max);
  }
  /// A GET whose answer is too large to hold. Null: this client cannot do it.
  virtual std::unique_ptr<HttpDownload> download(const std::string& url) {
    (void)url;
    return nullptr;
  }
  /// A POST of `body`, which is not copied.
  virtual HttpReply post(const std::string& url, const std::string& content_type,
                         std::string_view body, int64_t body_bytes_max) = 0;
  /// A PUT. `length` is set if it is known. With `hear_first` the body is held back for a second,
  /// in case the server refuses the request without it: a server that closes the connection on an
  /// unwanted body may lose its answer with it.
  virtual std::unique_ptr<HttpUpload> upload(const std::string& url, std::optional<int64_t> length,
                                             bool hear_first) = 0;
};

}  // namespace weir
