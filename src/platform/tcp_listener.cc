#include "platform/tcp_listener.h"

#include <sys/epoll.h>

#include <cerrno>
#include <mutex>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/tcp_link.h"
#include "platform/tcp_socket.h"
#include "platform/tcp_strangers.h"

namespace weir {
namespace {

constexpr int kAcceptsAtOnce = 64;
constexpr MonotonicTime kPauseAfterError = std::chrono::milliseconds(100);

class ListeningSocket final : public EventLoop::Handler,
                              public std::enable_shared_from_this<ListeningSocket> {
 public:
  ListeningSocket(std::shared_ptr<TcpContext> context, UniqueFd socket, Acceptor acceptor)
      : context_(std::move(context)), socket_(std::move(socket)), acceptor_(std::move(acceptor)) {}

  void start() {
    context_->acceptor->post([self = shared_from_this()] {
      std::lock_guard lock(self->mutex_);
      if (!self->socket_.valid()) return;
      self->id_ = self->context_->acceptor->add(self);
      self->context_->acceptor->watch(self->socket_.get(), self->id_, EPOLLIN);
    });
  }
  /// When this returns, the port is free and the acceptor is not running.
  void close() {
    Acceptor dropped;
    {
      std::lock_guard lock(mutex_);
      socket_.reset();
      dropped = std::move(acceptor_);
    }
    context_->acceptor->post(
        [self = shared_from_this()] { self->context_->acceptor->remove(self->id_); });
  }

  void on_events(uint32_t) override {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      SocketAddress peer;
      UniqueFd accepted;
      {
        std::lock_guard lock(mutex_);
        if (!socket_.valid()) return;
        accepted = UniqueFd(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer.storage),
                                      &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!accepted.valid() && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
          // For example, no descriptors are left. Unwatch, because the waiting connection would be
          // announced again at once.
          context_->strangers->log(
              cat("cannot accept connections for a moment: ", error_text(errno)));
          context_->acceptor->unwatch(socket_.get());
          context_->acceptor->set_deadline(id_, context_->acceptor->now() + kPauseAfterError);
          return;
        }
      }
      if (!accepted.valid()) return;
      const Address address = peer.to_address();
      const auto link = std::make_shared<TcpLink>(
          context_, address.to_string(), Endpoint{},
          [self = shared_from_this()](const std::shared_ptr<TcpLink>& proven) {
            return self->admit(proven);
          });
      link->begin_handshake(address.host);
      link->connected(std::move(accepted));
    }
  }
  void on_deadline() override {
    std::lock_guard lock(mutex_);
    if (socket_.valid()) context_->acceptor->watch(socket_.get(), id_, EPOLLIN);
  }
  void on_stop() override { context_->acceptor->remove(id_); }

 private:
  bool admit(const std::shared_ptr<TcpLink>& link) {
    std::lock_guard lock(mutex_);
    if (!socket_.valid()) return false;
    link->set_endpoint(acceptor_(std::make_unique<TcpConnection>(link)));
    return true;
  }

  const std::shared_ptr<TcpContext> context_;
  EventLoop::HandlerId id_ = 0;  // the acceptor's thread only

  std::mutex mutex_;
  // guarded by mutex_
  UniqueFd socket_;
  Acceptor acceptor_;
};

class TcpListener final : public Listener {
 public:
  TcpListener(std::shared_ptr<ListeningSocket> socket, int port)
      : socket_(std::move(socket)), port_(port) {
    socket_->start();
  }
  ~TcpListener() override { socket_->close(); }
  int port() const override { return port_; }

 private:
  const std::shared_ptr<ListeningSocket> socket_;
  const int port_;
};

}  // namespace

StatusOr<std::unique_ptr<Listener>> listen_tcp(const std::shared_ptr<TcpContext>& context,
                                               const Address& address, Acceptor acceptor) {
  const std::string what = cat("cannot listen on ", address.to_string());
  auto addresses = resolve(address);
  if (!addresses.ok()) return addresses.status().with_context(what);
  Status refused = unavailable("the name has no address");
  for (const SocketAddress& candidate : *addresses) {
    if (!candidate.is_loopback() && context->secret.empty() && context->tls == nullptr) {
      return failed_precondition(
          cat(what,
              ": other machines reach it, and nothing would prove who they are; set "
              "security.shared-secret.file, or "
              "security.ssl.internal.enabled with security.ssl.internal.keystore and "
              "security.ssl.internal.truststore, or listen on 127.0.0.1"));
    }
    auto socket = bind_and_listen(candidate);
    if (!socket.ok()) {
      refused = socket.status();
      continue;
    }
    const int port = local_address(socket->get()).to_address().port;
    return std::unique_ptr<Listener>(std::make_unique<TcpListener>(
        std::make_shared<ListeningSocket>(context, *std::move(socket), std::move(acceptor)), port));
  }
  return refused.with_context(what);
}

}  // namespace weir
