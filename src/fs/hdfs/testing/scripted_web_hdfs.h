#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "fs/hdfs/hdfs_file_system.h"

namespace weir::web_hdfs_tests {

using Outcome = HttpReply::Outcome;

inline HttpReply answer(int status, std::string body = "", std::string location = "") {
  return {Outcome::kAnswered, "", status, std::move(location), std::move(body)};
}
inline HttpReply lost() { return {Outcome::kUnknown, "connection reset", 0, "", ""}; }
inline HttpReply unreachable() { return {Outcome::kNotSent, "connection refused", 0, "", ""}; }
inline HttpReply redirect(const std::string& host = "dn") {
  return answer(
      307, "",
      cat("http://", host, ":9864/webhdfs/v1/f?op=X&createflag=SYNC_BLOCK&delegation=SECRET"));
}
inline HttpReply refusal(int status, const std::string& exception,
                         const std::string& message = "said so") {
  return answer(status, cat(R"({"RemoteException":{"exception":")", exception, R"(","message":")",
                            message, R"("}})"));
}
inline HttpReply nothing_there() { return refusal(404, "FileNotFoundException"); }
inline HttpReply file_there(int64_t length, int64_t id = 1) {
  return answer(200, cat(R"({"FileStatus":{"type":"FILE","pathSuffix":"","length":)", length,
                         R"(,"fileId":)", id, "}}"));
}

/// A cluster that follows a script: each exchange must be the expected next one, and gets the
/// answer listed with it.
class ScriptedHttp final : public Http {
 public:
  struct Step {
    std::string expected;  ///< "GET nn1 GETFILESTATUS", "PUT dn" with the body after it
    HttpReply reply;
  };
  struct Script {
    std::deque<Step> steps;
    std::vector<std::string> urls;
    std::vector<int64_t> waits_ms;
  };
  explicit ScriptedHttp(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  HttpReply send(HttpMethod method, const std::string& url, int64_t body_bytes_max) override {
    const HttpReply reply = play(*script_,
                                 cat(method == HttpMethod::kGet   ? "GET "
                                     : method == HttpMethod::kPut ? "PUT "
                                                                  : "DELETE ",
                                     place(url)),
                                 url);
    EXPECT_LE(static_cast<int64_t>(reply.body.size()), body_bytes_max);
    return reply;
  }

  std::unique_ptr<HttpDownload> download(const std::string& url) override {
    class Download final : public HttpDownload {
     public:
      explicit Download(HttpReply reply) : reply_(std::move(reply)) {}
      bool read(int64_t length, std::string* into) override {
        if (reply_.outcome != Outcome::kAnswered) return false;
        into->append(reply_.body, 0, static_cast<size_t>(length));
        reply_.body.erase(0, static_cast<size_t>(length));
        return true;
      }

     private:
      HttpReply reply_;
    };
    return std::make_unique<Download>(play(*script_, cat("STREAM ", place(url)), url));
  }

  HttpReply post(const std::string& url, const std::string&, std::string_view, int64_t) override {
    return play(*script_, "POST", url);
  }

  std::unique_ptr<HttpUpload> upload(const std::string& url, std::optional<int64_t> length,
                                     bool hear_first) override {
    class Upload final : public HttpUpload {
     public:
      Upload(std::shared_ptr<Script> script, std::string start, std::string url)
          : script_(std::move(script)), start_(std::move(start)), url_(std::move(url)) {}
      bool write(std::string_view bytes) override {
        body_ += bytes;
        return true;
      }
      HttpReply finish() override { return play(*script_, start_ + body_, url_); }

     private:
      std::shared_ptr<Script> script_;
      std::string start_, url_, body_;
    };
    return std::make_unique<Upload>(
        script_,
        cat("UPLOAD ", place(url), length ? "" : " chunked", hear_first ? " hear-first " : " "),
        url);
  }

 private:
  /// "nn1 GETFILESTATUS" for a NameNode's URL, "dn" for a DataNode's.
  static std::string place(const std::string& url) {
    const std::string host = url.substr(7, url.find(':', 7) - 7);
    if (host.starts_with("dn")) return host;
    const size_t op = url.find("op=") + 3;
    return host + " " + url.substr(op, url.find('&', op) - op);
  }
  static HttpReply play(Script& script, const std::string& exchange, const std::string& url) {
    script.urls.push_back(url);
    if (script.steps.empty()) {
      ADD_FAILURE() << "unexpected at the end: " << exchange;
      return unreachable();
    }
    Step step = std::move(script.steps.front());
    script.steps.pop_front();
    EXPECT_EQ(exchange, step.expected);
    return step.reply;
  }

  std::shared_ptr<Script> script_;
};

class HdfsFileSystemTest : public testing::Test {
 protected:
  HdfsFileSystem& play(std::deque<ScriptedHttp::Step> steps,
                       std::vector<std::string> hosts = {"nn1"}, size_t buffer_bytes = 100) {
    script_->steps = std::move(steps);
    WebHdfsOptions web;
    for (const std::string& host : hosts)
      web.namenodes.http_bases.push_back(cat("http://", host, ":9870"));
    web.namenodes.origin = "the test";
    web.user = "bob";
    web.retry = {.attempts_max = 4, .first_contact_attempts_max = 2};
    web.retry.deadline = deadline_;
    web.sleep = [this, script = script_](std::chrono::milliseconds time) {
      script->waits_ms.push_back(time.count());
      now_ += time;
    };
    web.now = [this] { return now_; };
    HdfsOptions options;
    options.buffer_bytes = buffer_bytes;
    fs_ = std::make_unique<HdfsFileSystem>(options, std::move(web),
                                           std::make_unique<ScriptedHttp>(script_));
    return *fs_;
  }
  void TearDown() override {
    EXPECT_TRUE(script_->steps.empty())
        << script_->steps.size() << " exchanges did not happen, first "
        << script_->steps.front().expected;
  }

  std::chrono::milliseconds deadline_{300'000};
  MonotonicTime now_{0};
  std::shared_ptr<ScriptedHttp::Script> script_ = std::make_shared<ScriptedHttp::Script>();
  std::unique_ptr<HdfsFileSystem> fs_;
};

}  // namespace weir::web_hdfs_tests
