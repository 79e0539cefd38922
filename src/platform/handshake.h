#pragma once

#include <array>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// The exchange of two transports before the first frame. Each shows that it is weir's transport,
/// in which version, and, with a shared secret, proves that it knows it (HMAC-SHA256 over fresh
/// nonces of both, bound to each side's role). docs/formats/transport.md has the bytes. Pure: bytes
/// in, bytes out. The listener answers only a peer that begins as a dialer of weir, and proves
/// itself only to a peer that has proven itself. Thread: one at a time.
class Handshake {
 public:
  enum class Role : char { kDialer = 'D', kListener = 'L' };
  static constexpr size_t kNonceBytes = 32;
  using Nonce = std::array<char, kNonceBytes>;

  /// An empty `secret` means none. `binding`: bytes that both sides of this connection know and no
  /// other connection has (from TLS), or empty. `nonce` comes from fresh_nonce().
  Handshake(Role role, std::string secret, std::string binding, const Nonce& nonce);

  /// UNAVAILABLE: the system has no random bytes.
  static StatusOr<Nonce> fresh_nonce();

  /// The bytes to send before anything has arrived.
  std::string greeting() const;
  /// Consumes what it needs from the front of `bytes`, and appends the bytes to send to `answer`,
  /// also when it fails. Don't call it again after a failure or when done. PERMISSION_DENIED: a
  /// wrong proof; FAILED_PRECONDITION: one of the two needs another configuration;
  /// INVALID_ARGUMENT: the peer is not a transport of weir.
  Status receive(std::string_view* bytes, std::string* answer);
  bool done() const { return step_ == Step::kDone; }
  /// The meaning of an end of the connection at this point.
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
  std::string received_;  // of the current step's message
  std::string peer_hello_;
};

}  // namespace weir
