#include "platform/tcp_dialer.h"

#include <sys/epoll.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "base/strings.h"
#include "platform/tcp_socket.h"

namespace weir {
namespace {

class TcpDialer final : public EventLoop::Handler, public std::enable_shared_from_this<TcpDialer> {
 public:
  TcpDialer(std::shared_ptr<TcpContext> context, std::shared_ptr<TcpLink> link)
      : context_(std::move(context)), link_(std::move(link)) {}

  void start(const Address& address) {
    id_ = loop().add(shared_from_this());
    link_->on_unconnected_end([this] { end(); });
    if (address.port < 1 || address.port > 65535)
      return fail(invalid_argument("ports are from 1 to 65535"));
    if (const auto numeric = numeric_address(address)) return connect_to({*numeric});
    // Detached: the system's resolver may take long, and the end of the process should not wait for
    // it.
    try {
      std::thread([loop = context_->dialer, self = weak_from_this(), address] {
        auto resolved = resolve(address);
        loop->post([self, resolved = std::move(resolved)]() mutable {
          const auto dialer = self.lock();
          if (dialer == nullptr || dialer->link_ == nullptr) return;
          if (!resolved.ok()) return dialer->fail(resolved.status());
          dialer->connect_to(std::move(*resolved));
        });
      }).detach();
    } catch (const std::system_error& error) {
      fail(unavailable(cat("no thread to look the name up: ", error.what())));
    }
  }

  void on_events(uint32_t) override {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) return try_next(error_text(error));
    loop().unwatch(socket_.get());
    connected();
  }
  void on_deadline() override {
    try_next(cat("no answer within ", context_->options.connect_timeout.count(), " ms"));
  }
  void on_stop() override {}  // the link ends, which ends this too

 private:
  EventLoop& loop() const { return *context_->dialer; }

  void connect_to(std::vector<SocketAddress> addresses) {
    addresses_ = std::move(addresses);
    try_next("the name has no address");
  }

  void try_next(std::string last_error) {
    while (next_ < addresses_.size()) {
      int error = 0;
      socket_ = start_connect(addresses_[next_++], &error);
      if (error == 0) return connected();
      if (error == EINPROGRESS) {
        loop().watch(socket_.get(), id_, EPOLLOUT);
        loop().set_deadline(id_, loop().now() + context_->options.connect_timeout);
        return;
      }
      last_error = error_text(error);
    }
    fail(unavailable(std::move(last_error)));
  }

  void connected() {
    const auto link = link_;
    UniqueFd socket = std::move(socket_);
    end();
    link->connected(std::move(socket));
  }
  void fail(Status reason) {
    const auto link = link_;
    end();
    link->fail(std::move(reason));
  }
  void end() {
    const auto self = shared_from_this();
    if (link_ == nullptr) return;
    link_->on_unconnected_end(nullptr);
    link_ = nullptr;
    socket_.reset();
    loop().remove(id_);
  }

  const std::shared_ptr<TcpContext> context_;
  std::shared_ptr<TcpLink> link_;  // null: ended
  EventLoop::HandlerId id_ = 0;
  std::vector<SocketAddress> addresses_;
  size_t next_ = 0;
  UniqueFd socket_;
};

}  // namespace

void start_dialing(const std::shared_ptr<TcpContext>& context, const std::shared_ptr<TcpLink>& link,
                   const Address& address) {
  std::make_shared<TcpDialer>(context, link)->start(address);
}

}  // namespace weir
