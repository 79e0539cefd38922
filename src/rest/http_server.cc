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
#include <mutex>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "platform/wakeup.h"

namespace weir {
namespace {

/// A reply that comes later. Until then its connection is suspended. Thread: any.
class LateReply {
 public:
  explicit LateReply(MHD_Connection* connection) : connection_(connection) {
    MHD_suspend_connection(connection);
  }
  /// Only the first call has an effect.
  void set(RestReply reply) {
    std::lock_guard lock(mutex_);
    if (connection_ == nullptr) return;
    reply_ = std::move(reply);
    MHD_resume_connection(std::exchange(connection_, nullptr));
  }
  RestReply take() {
    std::lock_guard lock(mutex_);
    return std::move(reply_);
  }

 private:
  std::mutex mutex_;
  MHD_Connection* connection_;  // guarded by mutex_; null: the reply is set
  RestReply reply_;             // guarded by mutex_
};

/// One request that is being received or answered.
struct Incoming {
  std::string body;
  bool too_large = false;
  std::shared_ptr<LateReply> late;  ///< null: there is no late reply
};

RestReply failure_reply(int status, const std::string& sentence) {
  return {status, cat("{\"errors\":[\"", sentence, "\"]}")};
}

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

MHD_Response* response_of(RestReply& reply) {
  // The response closes the file.
  if (reply.file.valid())
    return MHD_create_response_from_fd64(reply.file_size, reply.file.release());
  // The body is copied: it may be sent after this call.
  return MHD_create_response_from_buffer(reply.body.size(), const_cast<char*>(reply.body.data()),
                                         MHD_RESPMEM_MUST_COPY);
}

MHD_Result answer(MHD_Connection* connection, RestReply reply) {
  MHD_Response* response = response_of(reply);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, reply.cache_control.c_str());
  if (!reply.etag.empty())
    MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, reply.etag.c_str());
  if (!reply.location.empty())
    MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, reply.location.c_str());
  MHD_add_response_header(response, "Content-Security-Policy",
                          reply.content_security_policy.c_str());
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
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
    if (daemon_ == nullptr) return;
    // The library must not stop while connections are suspended.
    std::vector<std::weak_ptr<LateReply>> late;
    {
      std::lock_guard lock(late_mutex_);
      stopping_ = true;
      late.swap(late_);
    }
    for (const auto& each : late) {
      if (const auto reply = each.lock()) reply->set(failure_reply(503, "The server stops."));
    }
    MHD_stop_daemon(daemon_);
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
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME;
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

  /// Called at the beginning of a request, with each part of its body, at its end, and when a late
  /// reply is known.
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
    if (incoming->late) return answer(connection, incoming->late->take());
    if (incoming->too_large) {
      return answer(connection, failure_reply(413, cat("The body of the request is larger than ",
                                                       server.options_.most_bytes, " bytes.")));
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
    request.if_none_match = header(connection, "If-None-Match");
    RestReply reply = server.handler_(request);
    if (!reply.later) return answer(connection, std::move(reply));
    return server.answer_later(connection, *incoming, reply);
  }

  MHD_Result answer_later(MHD_Connection* connection, Incoming& incoming, const RestReply& reply) {
    {
      std::lock_guard lock(late_mutex_);
      if (stopping_) return answer(connection, failure_reply(503, "The server stops."));
      incoming.late = std::make_shared<LateReply>(connection);
      std::erase_if(late_, [](const auto& each) { return each.expired(); });
      late_.push_back(incoming.late);
    }
    // If the function is dropped without a call, as when this process stops leading, the client
    // still gets an answer.
    const std::shared_ptr<LateReply> late(incoming.late.get(), [keep = incoming.late](LateReply*) {
      keep->set(failure_reply(503, "There is no answer any more: ask again."));
    });
    reply.later([late](RestReply known) { late->set(std::move(known)); });
    return MHD_YES;
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
  std::mutex late_mutex_;
  bool stopping_ = false;                       // guarded by late_mutex_
  std::vector<std::weak_ptr<LateReply>> late_;  // guarded by late_mutex_
};

}  // namespace

StatusOr<std::unique_ptr<HttpServer>> HttpServer::start(
    const Options& options, std::function<RestReply(const RestRequest&)> handler) {
  auto server = std::make_unique<MicroHttpServer>(options, std::move(handler));
  if (Status status = server->listen(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace weir
