#include "rest/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <exception>
#include <utility>

#include "base/strings.h"
#include "platform/wakeup.h"

namespace weir {
namespace {

/// One request that is being received.
struct Incoming {
  std::string body;
  bool too_large = false;
};

bool is_loopback(const sockaddr* peer) {
  if (peer == nullptr) return false;
  if (peer->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(peer);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  if (peer->sa_family != AF_INET6) return false;
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(peer)->sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&address) ||
         (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

std::string header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value != nullptr ? value : "";
}

MHD_Result add_argument(void* query, MHD_ValueKind, const char* name, const char* value) {
  (*static_cast<std::map<std::string, std::string>*>(query))[name] = value != nullptr ? value : "";
  return MHD_YES;
}

MHD_Result answer(MHD_Connection* connection, const RestReply& reply) {
  // The body is copied: it may be sent after this call.
  MHD_Response* response = MHD_create_response_from_buffer(
      reply.body.size(), const_cast<char*>(reply.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  const MHD_Result queued =
      MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
  MHD_destroy_response(response);
  return queued;
}

class MicroHttpServer final : public HttpServer {
 public:
  MicroHttpServer(const Options& options, std::function<RestReply(const RestRequest&)> handler)
      : options_(options), handler_(std::move(handler)) {}
  ~MicroHttpServer() override {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  Status listen() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    if (const int failure = ::getaddrinfo(options_.host.c_str(), "0", &hints, &found);
        failure != 0) {
      return invalid_argument(
          cat("cannot find the address of ", options_.host, ": ", ::gai_strerror(failure)));
    }
    for (int port = options_.first_port; port <= options_.last_port && daemon_ == nullptr; ++port)
      try_port(found->ai_addr, found->ai_addrlen, port);
    ::freeaddrinfo(found);
    if (daemon_ == nullptr) {
      const std::string ports =
          options_.first_port == options_.last_port
              ? cat("port ", options_.first_port)
              : cat("any of the ports ", options_.first_port, "-", options_.last_port);
      return unavailable(cat("cannot listen on ", ports, " of ", options_.host,
                             ": it is in use, or this machine does not have that address"));
    }
    const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT);
    port_ = info != nullptr ? info->port : 0;
    return {};
  }
  int port() const override { return port_; }
  void finish(std::chrono::milliseconds at_most) override {
    const MHD_socket listener = MHD_quiesce_daemon(daemon_);
    if (listener != MHD_INVALID_SOCKET) ::close(listener);
    constexpr std::chrono::milliseconds kLook{10};
    for (auto waited = kLook; waited <= at_most; waited += kLook) {
      if (requests_ == 0) return;
      sent_.wait(kLook);
    }
  }

 private:
  void try_port(const sockaddr* address, size_t length, int port) {
    sockaddr_storage bind{};
    std::memcpy(&bind, address, length);
    const auto number = htons(static_cast<uint16_t>(port));
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;
    if (bind.ss_family == AF_INET6) {
      reinterpret_cast<sockaddr_in6*>(&bind)->sin6_port = number;
      flags |= MHD_USE_IPv6;
    } else {
      reinterpret_cast<sockaddr_in*>(&bind)->sin_port = number;
    }
    daemon_ = MHD_start_daemon(
        flags, static_cast<uint16_t>(port), nullptr, nullptr, &MicroHttpServer::on_request, this,
        MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&bind),           //
        MHD_OPTION_CONNECTION_LIMIT, options_.most_connections,             //
        MHD_OPTION_CONNECTION_TIMEOUT, options_.silence_seconds,            //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, size_t{32 * 1024},              //
        MHD_OPTION_NOTIFY_COMPLETED, &MicroHttpServer::on_completed, this,  //
        MHD_OPTION_END);
  }

  /// Called at the beginning of a request, with each part of its body, and at its end.
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char*, const char* data, size_t* size,
                               void** state) {
    auto& server = *static_cast<MicroHttpServer*>(self);
    auto* incoming = static_cast<Incoming*>(*state);
    if (incoming == nullptr) {
      *state = new Incoming();
      ++server.requests_;
      return MHD_YES;
    }
    if (*size > 0) {
      incoming->too_large =
          incoming->too_large || incoming->body.size() + *size > server.options_.most_bytes;
      if (!incoming->too_large) incoming->body.append(data, *size);
      *size = 0;
      return MHD_YES;
    }
    if (incoming->too_large) {
      return answer(connection, {413, cat("{\"errors\":[\"The body of the request is larger than ",
                                          server.options_.most_bytes, " bytes.\"]}")});
    }
    RestRequest request;
    // The answer to HEAD is that to GET; the library leaves its body out.
    request.method = std::strcmp(method, "HEAD") == 0 ? "GET" : method;
    request.path = url;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_argument, &request.query);
    request.body = std::move(incoming->body);
    const MHD_ConnectionInfo* info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    request.from_loopback = info != nullptr && is_loopback(info->client_addr);
    request.host = header(connection, "Host");
    request.origin = header(connection, "Origin");
    request.authorization = header(connection, "Authorization");
    request.fetch_site = header(connection, "Sec-Fetch-Site");
    request.referer = header(connection, "Referer");
    return answer(connection, server.handler_(request));
  }

  /// Called when the reply is sent, or cannot be.
  static void on_completed(void* self, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    auto* incoming = static_cast<Incoming*>(std::exchange(*state, nullptr));
    if (incoming == nullptr) return;
    delete incoming;
    auto& server = *static_cast<MicroHttpServer*>(self);
    --server.requests_;
    server.sent_.wake();
  }

  const Options options_;
  const std::function<RestReply(const RestRequest&)> handler_;
  MHD_Daemon* daemon_ = nullptr;
  int port_ = 0;
  std::atomic<int> requests_{0};  ///< without a sent reply
  Wakeup sent_;
};

}  // namespace

StatusOr<std::unique_ptr<HttpServer>> HttpServer::start(
    const Options& options, std::function<RestReply(const RestRequest&)> handler) {
  auto server = std::make_unique<MicroHttpServer>(options, std::move(handler));
  if (Status status = server->listen(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace weir
