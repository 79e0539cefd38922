#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/strings.h"
#include "http/http.h"

namespace weir {

inline HttpReply answer(int status, std::string body) {
  return {HttpReply::Outcome::kAnswered, "", status, "", std::move(body)};
}

/// Gives scripted answers; everything else gets a 404.
class FakeHttp final : public Http {
 public:
  HttpReply send(HttpMethod method, const std::string& url, int64_t) override {
    return reply(cat(method == HttpMethod::kGet ? "GET " : "DELETE ", url));
  }
  HttpReply post(const std::string& url, const std::string& content_type, std::string_view body,
                 int64_t) override {
    posted = cat(content_type, "\n", body);
    return reply("POST " + url);
  }
  std::unique_ptr<HttpUpload> upload(const std::string&, std::optional<int64_t>, bool) override {
    return nullptr;
  }

  std::map<std::string, HttpReply> replies;
  std::string posted;

 private:
  HttpReply reply(const std::string& asked) {
    const auto found = replies.find(asked);
    return found != replies.end() ? found->second
                                  : answer(404, R"({"errors":["Not found: )" + asked + R"("]})");
  }
};

}  // namespace weir
