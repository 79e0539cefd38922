#include <sys/socket.h>

#include <cerrno>

#include "platform/byte_stream.h"
#include "platform/tcp_socket.h"

namespace weir {
namespace {

IoResult result_of(ssize_t moved, IoResult::Kind wanted) {
  if (moved > 0) return {IoResult::Kind::kDone, static_cast<size_t>(moved), {}};
  if (moved == 0) return {IoResult::Kind::kEnd, 0, {}};
  if (errno == EAGAIN || errno == EINTR) return {wanted, 0, {}};
  return {IoResult::Kind::kFailed, 0, unavailable(error_text(errno))};
}

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(int socket) : socket_(socket) {}

  IoResult set_up() override { return {}; }
  std::string binding() const override { return {}; }
  IoResult write(std::span<const iovec> parts) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    return result_of(::sendmsg(socket_, &message, MSG_NOSIGNAL), IoResult::Kind::kWantWrite);
  }
  IoResult read(char* buffer, size_t size) override {
    return result_of(::recv(socket_, buffer, size, 0), IoResult::Kind::kWantRead);
  }
  bool holds_input() const override { return false; }
  void finish() override { ::shutdown(socket_, SHUT_WR); }

 private:
  const int socket_;
};

}  // namespace

std::unique_ptr<ByteStream> make_plain_stream(int socket) {
  return std::make_unique<PlainStream>(socket);
}

}  // namespace weir
