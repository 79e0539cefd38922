#include "platform/tcp_transport.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/local_transport.h"
#include "platform/tcp_context.h"
#include "platform/tcp_dialer.h"
#include "platform/tcp_link.h"
#include "platform/tcp_listener.h"
#include "platform/tcp_strangers.h"

namespace weir {
namespace {

/// Stands in for a connection that could not even be tried.
class NoConnection final : public Connection {
 public:
  void send(std::string) override {}
};

TcpOptions bounded(TcpOptions options) {
  options.max_frame_bytes = std::min<size_t>(options.max_frame_bytes, UINT32_MAX);
  return options;
}

}  // namespace

TcpTransport::TcpTransport(TransportSecurity security, TcpOptions options)
    : security_(std::move(security)), options_(bounded(options)) {}

TcpTransport::~TcpTransport() {
  if (context_ == nullptr) return;
  if (context_->acceptor != nullptr) context_->acceptor->stop(MonotonicTime(0));
  const MonotonicTime end = context_->loop->now() + options_.linger;
  if (context_->dialer != context_->loop) context_->dialer->stop(options_.linger);
  context_->loop->stop(std::max(MonotonicTime(0), end - context_->loop->now()));
}

StatusOr<std::shared_ptr<TcpContext>> TcpTransport::context() {
  std::lock_guard lock(mutex_);
  if (context_ != nullptr) return context_;
  auto made = std::make_shared<TcpContext>();
  made->options = options_;
  if (!security_.shared_secret_file.empty()) {
    WEIR_ASSIGN_OR_RETURN(made->secret, load_shared_secret(security_.shared_secret_file));
  }
  if (security_.tls) { WEIR_ASSIGN_OR_RETURN(made->tls, load_tls(security_)); }
  WEIR_ASSIGN_OR_RETURN(made->loop, EventLoop::create("weir-network"));
  made->dialer = made->loop;
  if (made->tls) { WEIR_ASSIGN_OR_RETURN(made->dialer, EventLoop::create("weir-dial")); }
  context_ = std::move(made);
  return context_;
}

Status TcpTransport::start_acceptor(TcpContext& context) {
  std::lock_guard lock(mutex_);
  if (context.acceptor != nullptr) return {};
  WEIR_ASSIGN_OR_RETURN(context.acceptor, EventLoop::create("weir-accept"));
  context.strangers = std::make_shared<TcpStrangers>(*context.acceptor, options_);
  return {};
}

std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> TcpTransport::connect(
    Endpoint a, Endpoint b) {
  return connect_within_process(std::move(a), std::move(b));
}

StatusOr<std::unique_ptr<Listener>> TcpTransport::listen(const Address& address,
                                                         Acceptor acceptor) {
  auto made = context();
  Status status = made.status();
  if (status.ok()) status = start_acceptor(**made);
  if (!status.ok()) return status.with_context(cat("cannot listen on ", address.to_string()));
  return listen_tcp(*made, address, std::move(acceptor));
}

std::unique_ptr<Connection> TcpTransport::dial(const Address& address, Endpoint endpoint) {
  const auto made = context();
  if (!made.ok()) {
    if (endpoint.on_break)
      endpoint.on_break(
          made.status().with_context(cat("could not connect to ", address.to_string())));
    return std::make_unique<NoConnection>();
  }
  auto link = std::make_shared<TcpLink>(*made, address.to_string(), std::move(endpoint), nullptr);
  (*made)->dialer->post([context = *made, link, address] {
    link->enter_loop();
    start_dialing(context, link, address);
  });
  return std::make_unique<TcpConnection>(std::move(link));
}

TcpCounters TcpTransport::counters() const {
  std::lock_guard lock(mutex_);
  if (context_ == nullptr) return {};
  return {context_->frames_sent, context_->bytes_sent, context_->frames_received,
          context_->bytes_received, context_->bytes_queued};
}

}  // namespace weir
