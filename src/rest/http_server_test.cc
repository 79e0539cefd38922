#include "rest/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdio>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "base/strings.h"
#include "platform/unique_fd.h"

namespace weir {
namespace {

/// A connection to the server under test.
class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected =
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  void send(const std::string& text) {
    EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  /// Everything until the server closes.
  std::string read_all() {
    std::string text;
    char part[4096];
    for (ssize_t n; (n = ::recv(socket_.get(), part, sizeof part, 0)) > 0;)
      text.append(part, static_cast<size_t>(n));
    return text;
  }
  bool connected = false;

 private:
  UniqueFd socket_;
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpServer::Options options = {}) {
    start(options, [this](const RestRequest& request) {
      last_ = request;
      return RestReply{202, cat("for ", request.path), "text/plain"};
    });
  }
  void start(HttpServer::Options options, std::function<RestReply(const RestRequest&)> handler) {
    options.host = "127.0.0.1";
    auto server = HttpServer::start(options, std::move(handler));
    ASSERT_TRUE(server.ok()) << server.status().to_string();
    server_ = *std::move(server);
  }
  std::string exchange(const std::string& text) {
    Client client(server_->port());
    client.send(text);
    return client.read_all();
  }

  RestRequest last_;  // written by the server's thread, before the client reads the answer
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, HandsOverTheRequestAndSendsTheReply) {
  start();
  const std::string reply = exchange(
      "PATCH /v1/jobs/a%20b?mode=cancel&x=%26 HTTP/1.1\r\nHost: localhost:1\r\nOrigin: "
      "http://o\r\nAuthorization: Bearer t\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 202 ")) << reply;
  EXPECT_TRUE(reply.ends_with("\r\n\r\nfor /v1/jobs/a b")) << reply;
  EXPECT_EQ(last_.method, "PATCH");
  EXPECT_EQ(last_.query.at("mode"), "cancel");
  EXPECT_EQ(last_.query.at("x"), "&");
  EXPECT_EQ(last_.body, "hi");
  EXPECT_EQ(last_.host, "localhost:1");
  EXPECT_EQ(last_.origin, "http://o");
  EXPECT_EQ(last_.authorization, "Bearer t");
  EXPECT_TRUE(last_.from_loopback);
}

TEST_F(HttpServerTest, ReadsTheBodyThatFlinksClientSendsWithAGet) {
  start();
  const std::string two =
      "GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
      "GET /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  const std::string replies = exchange(two);
  EXPECT_NE(replies.find("for /a"), std::string::npos) << replies;
  EXPECT_TRUE(replies.ends_with("for /b")) << replies;
}

TEST_F(HttpServerTest, RefusesABodyThatIsTooLarge) {
  HttpServer::Options options;
  options.most_bytes = 100;
  start(options);
  const std::string reply =
      exchange("POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 101\r\n\r\n" +
               std::string(101, 'x'));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 413 ")) << reply;
}

TEST_F(HttpServerTest, SurvivesWhatIsNoHttp) {
  start();
  for (const std::string& text :
       {std::string("\x16\x03\x01\x02", 4), std::string("GET\r\n\r\n"),
        "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n",
        std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n")}) {
    Client client(server_->port());
    client.send(text);
  }
  EXPECT_TRUE(
      exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").ends_with("for /a"));
}

TEST_F(HttpServerTest, ClosesASilentConnection) {
  HttpServer::Options options;
  options.silence_seconds = 1;
  start(options);
  Client client(server_->port());
  client.send("GET /a HT");
  EXPECT_EQ(client.read_all().find("for /a"), std::string::npos) << "it returns: the end was sent";
}

TEST_F(HttpServerTest, ManyConnectionsLeaveRoomForLaterOnes) {
  HttpServer::Options options;
  options.most_connections = 8;
  options.silence_seconds = 1;
  start(options);
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(std::make_unique<Client>(server_->port()));
    idle.back()->send("GET /slow HT");
  }
  for (const auto& client : idle) client->read_all();  // until it is closed
  EXPECT_TRUE(
      exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").ends_with("for /a"));
}

TEST_F(HttpServerTest, NeverReadsMuchMoreThanItAccepts) {
  start();
  const std::string reply = exchange(
      "POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 9000000\r\n\r\n" +
      std::string(9'000'000, 'x'));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 413 ")) << reply;
}

TEST_F(HttpServerTest, SendsAFileAndItsHeaders) {
  start({}, [](const RestRequest&) {
    std::FILE* file = std::tmpfile();
    std::fputs("content", file);
    std::fflush(file);
    RestReply reply;
    reply.file = UniqueFd(::dup(::fileno(file)));
    reply.file_size = 7;
    reply.etag = "\"1\"";
    reply.cache_control = "no-cache";
    std::fclose(file);
    return reply;
  });
  const std::string reply = exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(reply.ends_with("\r\n\r\ncontent")) << reply;
  for (const char* header : {"\r\nETag: \"1\"\r\n", "\r\nCache-Control: no-cache\r\n",
                             "\r\nX-Content-Type-Options: nosniff\r\n", "frame-ancestors 'self'"})
    EXPECT_NE(reply.find(header), std::string::npos) << header << " is not in\n" << reply;
}

/// A handler whose reply to /later comes from the test.
class LateHandler {
 public:
  using Give = std::function<void(RestReply)>;

  RestReply operator()(const RestRequest& request) {
    RestReply reply{200, "now"};
    if (request.path == "/later")
      reply.later = [this](Give give) { given_.set_value(std::move(give)); };
    if (request.path == "/at-once") reply.later = [](const Give& give) { give({200, "at once"}); };
    return reply;
  }
  /// Waits for the request.
  Give give() { return given_.get_future().get(); }

 private:
  std::promise<Give> given_;
};

TEST_F(HttpServerTest, AReplyMayComeLaterWhileOthersAreAnswered) {
  LateHandler handler;
  start({}, std::ref(handler));
  Client client(server_->port());
  client.send("GET /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const LateHandler::Give give = handler.give();
  for (const auto& [path, text] : {std::pair("/now", "now"), std::pair("/at-once", "at once")}) {
    const std::string reply =
        exchange(cat("GET ", path, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_TRUE(reply.ends_with(text)) << reply;
  }
  give({200, "later"});
  give({200, "twice"});
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\nlater"));
}

TEST_F(HttpServerTest, ARequestWhoseReplyWillNeverComeIsAnsweredToo) {
  LateHandler handler;
  start({}, std::ref(handler));
  Client client(server_->port());
  client.send("GET /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  { const LateHandler::Give dropped = handler.give(); }
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, EndsWhileARequestWaitsForItsReply) {
  LateHandler handler;
  start({}, std::ref(handler));
  Client client(server_->port());
  client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  const LateHandler::Give give = handler.give();
  server_.reset();
  client.read_all();  // until it is closed
  give({200, "too late"});
}

TEST_F(HttpServerTest, TakesTheFirstFreePortOfARange) {
  start();
  HttpServer::Options options;
  options.host = "127.0.0.1";
  options.first_port = server_->port();
  options.last_port = server_->port();
  const auto none = HttpServer::start(options, [](const RestRequest&) { return RestReply{}; });
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(none.status().message().find(cat("port ", server_->port())), std::string::npos);
  options.last_port = std::min(65535, options.first_port + 50);
  const auto other = HttpServer::start(options, [](const RestRequest&) { return RestReply{}; });
  ASSERT_TRUE(other.ok()) << other.status().to_string();
  EXPECT_GT((*other)->port(), server_->port());
  options.host = "no-such-host.invalid";
  EXPECT_EQ(
      HttpServer::start(options, [](const RestRequest&) { return RestReply{}; }).status().code(),
      StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir
