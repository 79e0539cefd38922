#include "platform/local_transport.h"

#include <mutex>

namespace weir {
namespace {

/// One receiving end. Thread: any.
class End {
 public:
  explicit End(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  void deliver(std::string frame) {
    std::lock_guard lock(mutex_);
    if (open_) endpoint_.on_frame(std::move(frame));
  }
  void tell_broken(Status reason) {
    std::lock_guard lock(mutex_);
    if (!open_) return;
    open_ = false;
    if (endpoint_.on_break) endpoint_.on_break(std::move(reason));
  }
  void close() {
    std::lock_guard lock(mutex_);
    open_ = false;
  }

 private:
  std::mutex mutex_;
  // guarded by mutex_
  Endpoint endpoint_;
  bool open_ = true;
};

class LocalConnection : public Connection {
 public:
  LocalConnection(std::shared_ptr<End> own, std::shared_ptr<End> other)
      : own_(std::move(own)), other_(std::move(other)) {}
  ~LocalConnection() override {
    own_->close();
    other_->tell_broken(unavailable("the other end closed the connection"));
  }
  void send(std::string frame) override { other_->deliver(std::move(frame)); }

 private:
  std::shared_ptr<End> own_;
  std::shared_ptr<End> other_;
};

}  // namespace

std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect_within_process(
    Endpoint a, Endpoint b) {
  auto end_a = std::make_shared<End>(std::move(a));
  auto end_b = std::make_shared<End>(std::move(b));
  return {std::make_unique<LocalConnection>(end_a, end_b),
          std::make_unique<LocalConnection>(end_b, end_a)};
}

}  // namespace weir
