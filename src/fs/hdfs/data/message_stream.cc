#include "fs/hdfs/data/message_stream.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <cstring>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"

namespace weir {
namespace {
/// Small, because the bytes of files should not pass through the buffer: the headers and checksums
/// of a packet fit, and many acknowledgements.
constexpr size_t kBufferBytes = 1 << 10;
constexpr size_t kMessageBytesMax = 1 << 20;
}  // namespace

Status MessageStream::silent() {
  timed_out_ = true;
  return unavailable(cat("it was silent for ", silence_.count(), " ms"));
}

Status MessageStream::fill(std::chrono::milliseconds timeout, bool* got) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t had = buffer_.size();
  buffer_.resize(had + kBufferBytes);
  size_t received = 0;
  bool end = false;
  Status status =
      transport_->read_into(buffer_.data() + had, kBufferBytes, timeout, &received, &end);
  buffer_.resize(had + received);
  *got = received > 0;
  if (status.ok() && end) return unavailable("it closed the connection");
  return status;
}

Status MessageStream::read_exactly(char* to, size_t bytes, size_t room) {
  const size_t buffered = std::min(bytes, buffer_.size() - begin_);
  std::memcpy(to, buffer_.data() + begin_, buffered);
  begin_ += buffered;
  to += buffered;
  bytes -= buffered;
  room -= std::min(room, buffered);
  while (bytes > 0 && bytes < kBufferBytes) {
    bool got = false;
    WEIR_RETURN_IF_ERROR(fill(silence_, &got));
    if (!got) return silent();
    const size_t taken = std::min(bytes, buffer_.size() - begin_);
    std::memcpy(to, buffer_.data() + begin_, taken);
    begin_ += taken;
    to += taken;
    bytes -= taken;
  }
  while (bytes > 0) {
    size_t received = 0;
    bool end = false;
    const size_t most = std::max(bytes, std::min(room, bytes + kBufferBytes));
    WEIR_RETURN_IF_ERROR(transport_->read_into(to, most, silence_, &received, &end));
    if (end) return unavailable("it closed the connection");
    if (received == 0) return silent();
    if (received > bytes) {  // the buffer is empty
      buffer_.assign(to + bytes, received - bytes);
      begin_ = 0;
      return {};
    }
    to += received;
    bytes -= received;
    room -= std::min(room, received);
  }
  return {};
}

Status MessageStream::poll_message(std::chrono::milliseconds timeout,
                                   google::protobuf::MessageLite* message, bool* got) {
  *got = false;
  while (true) {
    std::string_view unread = std::string_view(buffer_).substr(begin_);
    const size_t size = delimited_size(unread);
    if (size == SIZE_MAX || (size != 0 && size > kMessageBytesMax))
      return unavailable("it sent bytes that are not a message of HDFS");
    if (size != 0 && size <= unread.size()) {
      std::string_view one = unread.substr(0, size);
      if (!take_delimited(&one, message))
        return unavailable("it sent a message that cannot be read");
      begin_ += size;
      *got = true;
      return {};
    }
    bool received = false;
    // The rest of a message that has begun gets its time.
    WEIR_RETURN_IF_ERROR(fill(unread.empty() ? timeout : silence_, &received));
    if (received) continue;
    return unread.empty() ? Status() : silent();
  }
}

Status MessageStream::read_message(google::protobuf::MessageLite* message) {
  bool got = false;
  WEIR_RETURN_IF_ERROR(poll_message(silence_, message, &got));
  return got ? Status() : silent();
}

}  // namespace weir
