#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "platform/tcp_client.h"

namespace google::protobuf {
class MessageLite;
}

namespace weir {

/// A connection to a DataNode, with a buffer for what is read. Thread: one at a time.
class MessageStream {
 public:
  /// A call fails when no byte moves for `silence`.
  MessageStream(std::unique_ptr<TcpClient> transport, std::chrono::milliseconds silence)
      : transport_(std::move(transport)), silence_(silence) {}

  Status write(std::string_view bytes) { return transport_->write(bytes, silence_); }
  /// With `room` for more bytes at `to`, they may be overwritten: then one call of the system also
  /// fetches what follows.
  Status read_exactly(char* to, size_t bytes, size_t room = 0);
  /// Reads a delimited message.
  Status read_message(google::protobuf::MessageLite* message);
  /// The same if one arrives within `timeout`; else OK and `*got` is false.
  Status poll_message(std::chrono::milliseconds timeout, google::protobuf::MessageLite* message,
                      bool* got);
  /// True if the last failure was one of time, and not of the connection.
  bool timed_out() const { return timed_out_; }

 private:
  /// Reads once into the buffer; `*got` is false if nothing came in time.
  Status fill(std::chrono::milliseconds timeout, bool* got);
  Status silent();

  const std::unique_ptr<TcpClient> transport_;
  const std::chrono::milliseconds silence_;
  std::string buffer_;
  size_t begin_ = 0;  ///< of what is unread in buffer_
  bool timed_out_ = false;
};

}  // namespace weir
