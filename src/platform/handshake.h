#pragma once

#include <array>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// What two transports say before the first frame: that they are weir's, in which version, and, if
/// they have a shared secret, the proof of it (HMAC-SHA256 over fresh nonces of both, bound to each
/// one's role). docs/formats/transport.md has the bytes. Pure: bytes in, bytes out. Nothing is
/// answered to who does not begin as a dialer of weir; the listener proves nothing to who has not.
/// Thread: one at a time.
class Handshake {
 public:
  enum class Role : char { kDialer = 'D', kListener = 'L' };
  static constexpr size_t kNonceBytes = 32;
  using Nonce = std::array<char, kNonceBytes>;

  /// `secret` empty: none. `binding`: bytes that both sides know and that no other connection has
  /// (of TLS), or empty. `nonce` comes from fresh_nonce().
  Handshake(Role role, std::string secret, std::string binding, const Nonce& nonce);

  /// Nothing random is left to give: UNAVAILABLE.
  static StatusOr<Nonce> fresh_nonce();

  /// What is to be sent before anything has come.
  std::string greeting() const;
  /// Takes what it needs from the front of `bytes` and appends what is to be sent to `answer`, also
  /// when it fails. After a failure, or when done, not to be called again. PERMISSION_DENIED: a
  /// wrong proof; FAILED_PRECONDITION: one of the two is to be configured otherwise;
  /// INVALID_ARGUMENT: not a transport of weir.
  Status receive(std::string_view* bytes, std::string* answer);
  bool done() const { return step_ == Step::kDone; }
  /// What it means if the peer ends the connection now.
  std::string_view meaning_of_end() const;

 private:
  enum class Step { kHello, kProof, kDone };

  std::string hello() const;
  Status check_hello(std::string_view hello) const;
  std::string proof_of(Role role) const;

  // set once
  const Role role_;
  const std::string secret_;
  const std::string binding_;
  const std::string own_hello_;

  Step step_ = Step::kHello;
  std::string received_;  // of the step's message
  std::string peer_hello_;
};

}  // namespace weir
