#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// The client's end of one authentication by SASL (RFC 4422). Thread: one at a time until done();
/// then one may wrap while another unwraps.
class SaslMechanism {
 public:
  virtual ~SaslMechanism() = default;
  /// The answer to a challenge, which is empty at first. PERMISSION_DENIED: the identity of one
  /// side is not accepted, and the message says why. UNAVAILABLE: it may be later.
  virtual StatusOr<std::string> answer(std::string_view challenge) = 0;
  /// To be called when the server reports success, with its last token. Refuses a server that has
  /// not proven who it is.
  virtual Status finish(std::string_view token) = 0;
  /// True if the bytes that follow have to be wrapped.
  virtual bool wraps() const = 0;
  virtual StatusOr<std::string> wrap(std::string_view bytes) = 0;
  virtual StatusOr<std::string> unwrap(std::string_view token) = 0;
};

/// The protection of bytes after the authentication: hadoop.rpc.protection and
/// dfs.data.transfer.protection.
enum class Protection {
  kAuthentication,  ///< nothing
  kIntegrity,       ///< a checksum with a key
  kPrivacy,         ///< encryption
};

}  // namespace weir
