#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "weir/status.h"

namespace weir {

struct IoResult {
  /// kDone: at least one byte was moved, `bytes` in total. kWantRead, kWantWrite: nothing was
  /// moved; retry when the socket is ready for that. kEnd: the peer sends no more. kFailed: `error`
  /// gives the reason without the peer's name; PERMISSION_DENIED if one side does not trust the
  /// other.
  enum class Kind { kDone, kWantRead, kWantWrite, kEnd, kFailed };
  Kind kind = Kind::kDone;
  size_t bytes = 0;
  Status error;
};

/// The bytes of one connected, non-blocking socket, plain or through TLS. Does not own the socket.
/// Thread: one writer and one reader may be inside at the same time; the other calls only while
/// neither is.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Call it until it returns kDone; read and write only after that.
  virtual IoResult set_up() = 0;
  /// A value that only the two ends of this connection know; empty without TLS. Only after
  /// set_up().
  virtual std::string binding() const = 0;
  /// Takes bytes from the front of `parts`. After kWantRead or kWantWrite call it again with the
  /// same bytes, to which more may have been appended.
  virtual IoResult write(std::span<const iovec> parts) = 0;
  virtual IoResult read(char* buffer, size_t size) = 0;
  /// True if input may be buffered that the socket does not announce: call read() until it returns
  /// kWantRead. If false, a read() that did not fill the buffer has taken everything.
  virtual bool holds_input() const = 0;
  /// Tells the peer that nothing more comes.
  virtual void finish() = 0;
};

std::unique_ptr<ByteStream> make_plain_stream(int socket);

}  // namespace weir
