#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "weir/status.h"

namespace weir {

struct IoResult {
  /// kDone: `bytes` were moved, at least one. kWantRead, kWantWrite: nothing was; again when the
  /// socket is ready for that. kEnd: the peer sends no more. kFailed: `error` says why, without the
  /// peer's name; PERMISSION_DENIED if one does not trust the other.
  enum class Kind { kDone, kWantRead, kWantWrite, kEnd, kFailed };
  Kind kind = Kind::kDone;
  size_t bytes = 0;
  Status error;
};

/// The bytes of one connected, non-blocking socket, as they are or through TLS. Does not own the
/// socket. Thread: write() one at a time and read() one at a time, of which one may be inside each;
/// the others while neither is.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// To be called until it is kDone; then read and write may be.
  virtual IoResult set_up() = 0;
  /// What both ends of this connection know and nobody else; empty without TLS. After set_up().
  virtual std::string binding() const = 0;
  /// Takes some from the front of `parts`. After kWantRead or kWantWrite to be called again with
  /// the same bytes, and more if there are.
  virtual IoResult write(std::span<const iovec> parts) = 0;
  virtual IoResult read(char* buffer, size_t size) = 0;
  /// Input may be there that the socket does not announce: read() until it is kWantRead. Otherwise
  /// a read() that did not fill the buffer has taken all.
  virtual bool holds_input() const = 0;
  /// Tells the peer that nothing more comes.
  virtual void finish() = 0;
};

std::unique_ptr<ByteStream> make_plain_stream(int socket);

}  // namespace weir
