#include "http/curl_http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>

#include "base/strings.h"

namespace weir {
namespace {

using Outcome = HttpReply::Outcome;

/// Accepts one connection and reads until the client has sent `until`. Answers `reply`, and then
/// closes, or stays silent until the end.
class OneAnswerServer {
 public:
  OneAnswerServer(std::string until, std::string reply, bool stays) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, until = std::move(until), reply = std::move(reply), stays] {
      serve(until, reply, stays);
    });
  }
  ~OneAnswerServer() {
    done_.set_value();
    ::shutdown(listener_, SHUT_RDWR);  // ends an accept() that got no connection
    thread_.join();
    ::close(listener_);
  }

  std::string url() const { return cat("http://127.0.0.1:", port_, "/webhdfs/v1/f?op=X"); }
  /// Only after the exchange has ended.
  const std::string& received() const { return received_; }

 private:
  void serve(const std::string& until, const std::string& reply, bool stays) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    char buffer[65536];
    while (received_.find(until) == std::string::npos) {
      const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      received_.append(buffer, static_cast<size_t>(got));
    }
    (void)::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
    if (stays) done_.get_future().wait();
    ::close(connection);
  }

  int listener_;
  int port_;
  std::string received_;
  std::promise<void> done_;
  std::thread thread_;
};

constexpr std::string_view kEndOfHead = "\r\n\r\n";
CurlHttpOptions impatient() { return {std::chrono::milliseconds(2000), std::chrono::seconds(1)}; }

TEST(CurlHttp, RequestsAreAuthorizedByTheirUrl) {
  CurlHttpOptions options = impatient();
  options.authorization = [](const std::string& url) -> StatusOr<std::string> {
    if (url.ends_with("op=X")) return std::string("Negotiate abc");
    if (url.ends_with("refused")) return permission_denied("no ticket");
    return std::string();
  };
  CurlHttp http(options);
  for (const std::string part : {"", "&more"}) {
    OneAnswerServer server(std::string(kEndOfHead), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                           false);
    EXPECT_EQ(http.send(HttpMethod::kGet, server.url() + part, 100).status, 200);
    EXPECT_EQ(server.received().find("Authorization: Negotiate abc\r\n") != std::string::npos,
              part.empty())
        << server.received();
  }
  const HttpReply refused = http.send(HttpMethod::kGet, "http://127.0.0.1:1/refused", 100);
  EXPECT_EQ(refused.outcome, Outcome::kNotSent);
  EXPECT_EQ(refused.problem, "no ticket");
}

TEST(CurlHttp, GivesStatusAndBody) {
  OneAnswerServer server(std::string(kEndOfHead),
                         "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello", false);
  const HttpReply reply = CurlHttp().send(HttpMethod::kGet, server.url(), 100);
  EXPECT_EQ(reply.outcome, Outcome::kAnswered) << reply.problem;
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "hello");
}

TEST(CurlHttp, LargeBodyReusesTheGivenMemory) {
  OneAnswerServer server(std::string(kEndOfHead),
                         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false);
  std::string memory(1 << 20, 'x');
  const char* const start = memory.data();
  const HttpReply reply = CurlHttp().get(server.url(), 1 << 20, std::move(memory));
  EXPECT_EQ(reply.outcome, Outcome::kAnswered) << reply.problem;
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.body.data(), start);
}

TEST(CurlHttp, DownloadComesPieceByPiece) {
  std::string body(1 << 20, 'x');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  OneAnswerServer server(std::string(kEndOfHead),
                         cat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body),
                         false);
  const auto download = CurlHttp().download(server.url());
  std::string got = "before ";
  EXPECT_TRUE(download->read(3, &got));
  EXPECT_EQ(got, "before abc");
  for (const int64_t length : {1, 300'000, 0, 700'000}) EXPECT_TRUE(download->read(length, &got));
  EXPECT_EQ(got.size(), 7u + 1'000'004);
  EXPECT_TRUE(download->read(1 << 20, &got)) << "up to the end";
  EXPECT_TRUE(got == "before " + body);
  EXPECT_TRUE(download->read(10, &got));
  EXPECT_EQ(got.size(), 7u + (1 << 20)) << "there is no more";
}

TEST(CurlHttp, RefusedOrBrokenDownloadSaysSo) {
  std::string got;
  OneAnswerServer refuses(std::string(kEndOfHead),
                          "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello", false);
  EXPECT_FALSE(CurlHttp().download(refuses.url())->read(5, &got));
  OneAnswerServer breaks(std::string(kEndOfHead),
                         "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", false);
  EXPECT_FALSE(CurlHttp().download(breaks.url())->read(6, &got));
  OneAnswerServer silent(std::string(kEndOfHead),
                         "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", true);
  const auto download = CurlHttp(impatient()).download(silent.url());
  EXPECT_TRUE(download->read(5, &got));
  EXPECT_FALSE(download->read(1, &got));
  EXPECT_FALSE(CurlHttp().download("http://127.0.0.1:1/")->read(1, &got));
}

TEST(CurlHttp, PostsABodyWithItsType) {
  OneAnswerServer server("\r\n\r\n{\"a\": 1}",
                         "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}", false);
  const HttpReply reply = CurlHttp().post(server.url(), "application/json", "{\"a\": 1}", 100);
  EXPECT_EQ(reply.outcome, Outcome::kAnswered) << reply.problem;
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.body, "{}");
  EXPECT_TRUE(server.received().starts_with("POST /webhdfs/v1/f?op=X HTTP/1.1\r\n"))
      << server.received();
  EXPECT_NE(server.received().find("Content-Type: application/json\r\n"), std::string::npos)
      << server.received();
  EXPECT_NE(server.received().find("Content-Length: 8\r\n"), std::string::npos)
      << server.received();
}

TEST(CurlHttp, RequestAfterAPostHasNothingOfThePost) {
  CurlHttp http;
  OneAnswerServer first("\r\n\r\n{\"a\": 1}", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                        false);
  EXPECT_EQ(http.post(first.url(), "application/json", "{\"a\": 1}", 100).outcome,
            Outcome::kAnswered);
  OneAnswerServer second(std::string(kEndOfHead), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                         false);
  EXPECT_EQ(http.send(HttpMethod::kGet, second.url(), 100).outcome, Outcome::kAnswered);
  EXPECT_TRUE(second.received().starts_with("GET ")) << second.received();
  EXPECT_TRUE(second.received().ends_with(kEndOfHead)) << second.received();
  EXPECT_EQ(second.received().find("Content-"), std::string::npos) << second.received();
}

TEST(CurlHttp, ShowsARedirectAndDoesNotFollowIt) {
  OneAnswerServer server(
      std::string(kEndOfHead),
      "HTTP/1.1 307 x\r\nlocation:  http://dn:1/a?b=c \r\nContent-Length: 0\r\n\r\n", false);
  const HttpReply reply = CurlHttp().send(HttpMethod::kPut, server.url(), 100);
  EXPECT_EQ(reply.status, 307);
  EXPECT_EQ(reply.location, "http://dn:1/a?b=c");
  EXPECT_TRUE(server.received().starts_with("PUT /webhdfs/v1/f?op=X HTTP/1.1\r\n"))
      << server.received();
}

TEST(CurlHttp, RefusedConnectionMeansNotSent) {
  const HttpReply reply = CurlHttp().send(HttpMethod::kGet, "http://127.0.0.1:1/", 100);
  EXPECT_EQ(reply.outcome, Outcome::kNotSent);
  EXPECT_EQ(CurlHttp().upload("http://127.0.0.1:1/", 0, false)->finish().outcome,
            Outcome::kNotSent);
  EXPECT_EQ(CurlHttp().upload("file:///etc/passwd", 0, false)->finish().outcome, Outcome::kNotSent);
}

TEST(CurlHttp, BodyShorterThanAnnouncedIsNoAnswer) {
  OneAnswerServer server(std::string(kEndOfHead),
                         "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", false);
  EXPECT_EQ(CurlHttp().send(HttpMethod::kGet, server.url(), 100).outcome, Outcome::kUnknown);
}

TEST(CurlHttp, BodyLongerThanAllowedIsNoAnswer) {
  OneAnswerServer server(std::string(kEndOfHead),
                         "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", false);
  EXPECT_EQ(CurlHttp().send(HttpMethod::kGet, server.url(), 5).outcome, Outcome::kUnknown);
}

TEST(CurlHttp, ServerThatClosesWithoutAnswerLeavesTheOutcomeUnknown) {
  OneAnswerServer server(std::string(kEndOfHead), "", false);
  EXPECT_EQ(CurlHttp().send(HttpMethod::kGet, server.url(), 100).outcome, Outcome::kUnknown);
}

TEST(CurlHttp, SilentServerTimesOut) {
  OneAnswerServer server(std::string(kEndOfHead), "", true);
  EXPECT_EQ(CurlHttp(impatient()).send(HttpMethod::kGet, server.url(), 100).outcome,
            Outcome::kUnknown);
}

TEST(CurlHttp, UploadIsAnsweredAfterItsLastByte) {
  OneAnswerServer server(
      "end of it", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
      false);
  auto upload = CurlHttp().upload(server.url(), 19, false);
  EXPECT_TRUE(upload->write("bytes and "));
  EXPECT_TRUE(upload->write("end of it"));
  const HttpReply reply = upload->finish();
  EXPECT_EQ(reply.outcome, Outcome::kAnswered) << reply.problem;
  EXPECT_EQ(reply.status, 201);
  EXPECT_NE(server.received().find("Content-Length: 19\r\n"), std::string::npos)
      << server.received();
  EXPECT_TRUE(server.received().ends_with("\r\n\r\nbytes and end of it"));
}

TEST(CurlHttp, UploadOfUnknownLengthIsChunked) {
  OneAnswerServer server("0\r\n\r\n", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", false);
  auto upload = CurlHttp().upload(server.url(), std::nullopt, false);
  EXPECT_TRUE(upload->write("hello"));
  EXPECT_TRUE(upload->write(""));
  EXPECT_TRUE(upload->write("you"));
  EXPECT_EQ(upload->finish().status, 201);
  EXPECT_TRUE(server.received().ends_with("\r\n\r\n5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n"))
      << server.received();
}

TEST(CurlHttp, RefusalArrivesBeforeTheBodyIfRequested) {
  OneAnswerServer server(std::string(kEndOfHead),
                         "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", false);
  auto upload = CurlHttp().upload(server.url(), 5, true);
  EXPECT_FALSE(upload->write("bytes"));
  const HttpReply reply = upload->finish();
  EXPECT_EQ(reply.outcome, Outcome::kAnswered) << reply.problem;
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.body, "no");
  EXPECT_EQ(server.received().find("bytes"), std::string::npos);
}

TEST(CurlHttp, HeldBackBodyIsSentToAServerThatWaitsForIt) {
  OneAnswerServer server("bytes", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", false);
  auto upload = CurlHttp().upload(server.url(), 5, true);
  EXPECT_TRUE(upload->write("bytes"));
  EXPECT_EQ(upload->finish().status, 201);
}

TEST(CurlHttp, ServerThatTakesNoMoreBytesTimesOut) {
  OneAnswerServer server(std::string(kEndOfHead), "", true);
  auto upload = CurlHttp(impatient()).upload(server.url(), std::nullopt, false);
  const std::string megabyte(1 << 20, 'x');
  int taken = 0;
  while (taken < 200 && upload->write(megabyte)) ++taken;
  EXPECT_LT(taken, 200);
  EXPECT_EQ(upload->finish().outcome, Outcome::kUnknown);
}

TEST(CurlHttp, ServerThatNeverAnswersAnUploadTimesOut) {
  OneAnswerServer server("bytes", "", true);
  auto upload = CurlHttp(impatient()).upload(server.url(), 5, false);
  EXPECT_TRUE(upload->write("bytes"));
  EXPECT_EQ(upload->finish().outcome, Outcome::kUnknown);
}

}  // namespace
}  // namespace weir
