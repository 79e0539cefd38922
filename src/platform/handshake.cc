#include "platform/handshake.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/strings.h"

namespace weir {
namespace {

// The last four bytes change if anything handles the stream as text.
constexpr std::string_view kMagic("WEIR\r\n\x1a\n", 8);
constexpr unsigned kVersion = 1;
constexpr char kFlagSecret = 1;
constexpr size_t kVersionAt = 8;
constexpr size_t kRoleAt = 10;
constexpr size_t kFlagsAt = 11;
constexpr size_t kNonceAt = 12;
constexpr size_t kHelloBytes = kNonceAt + Handshake::kNonceBytes;
constexpr size_t kProofBytes = 32;

/// Called when `begin` is not the beginning of a hello.
Status describe_stranger(std::string_view begin) {
  for (const std::string_view word : {"GET ", "POST", "HEAD", "PUT ", "OPTI", "HTTP", "PRI "}) {
    if (begin.starts_with(word)) {
      return invalid_argument(
          "the peer speaks HTTP, and this is weir's transport: a worker needs the address that its "
          "coordinator has as --listen, not a REST "
          "or web port; a browser has nothing to look for here");
    }
  }
  if (begin.size() > 1 && (begin[0] == 0x16 || begin[0] == 0x15) && begin[1] == 0x03) {
    return failed_precondition(
        "the peer speaks TLS and this process does not: set security.ssl.internal.enabled alike at "
        "both");
  }
  return invalid_argument(cat("the peer is not a transport of weir: it begins with the bytes ",
                              to_hex(begin.substr(0, 8))));
}

}  // namespace

Handshake::Handshake(Role role, std::string secret, std::string binding, const Nonce& nonce)
    : role_(role), secret_(std::move(secret)), binding_(std::move(binding)), own_hello_([&] {
        std::string hello(kMagic);
        hello += static_cast<char>(kVersion);
        hello += static_cast<char>(kVersion >> 8);
        hello += static_cast<char>(role_);
        hello += secret_.empty() ? '\0' : kFlagSecret;
        hello.append(nonce.data(), nonce.size());
        return hello;
      }()) {}

StatusOr<Handshake::Nonce> Handshake::fresh_nonce() {
  Nonce nonce;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size())) !=
      1) {
    return unavailable("OpenSSL has no random bytes for a handshake");
  }
  return nonce;
}

std::string Handshake::greeting() const {
  return role_ == Role::kDialer ? own_hello_ : std::string();
}

Status Handshake::check_hello(std::string_view hello) const {
  const unsigned version = static_cast<unsigned char>(hello[kVersionAt]) |
                           static_cast<unsigned>(static_cast<unsigned char>(hello[kVersionAt + 1]))
                               << 8;
  if (version != kVersion) {
    return failed_precondition(cat("the peer speaks version ", version,
                                   " of the transport and this process version ", kVersion,
                                   ": run the same version of weir at both"));
  }
  const char expected = static_cast<char>(role_ == Role::kDialer ? Role::kListener : Role::kDialer);
  if (hello[kRoleAt] != expected) {
    return invalid_argument(hello == own_hello_
                                ? "the connection leads back to where it began"
                                : "the peer takes the same role in the handshake as this process");
  }
  if ((hello[kFlagsAt] & ~kFlagSecret) != 0)
    return invalid_argument("the peer's greeting has flags that this version does not know");
  const bool peer_has_secret = hello[kFlagsAt] == kFlagSecret;
  if (secret_.empty() && peer_has_secret) {
    return failed_precondition(
        "the peer asks for a shared secret and this process has none: set "
        "security.shared-secret.file alike at both");
  }
  if (!secret_.empty() && !peer_has_secret) {
    return failed_precondition(
        "the peer has no shared secret, which this process asks for: set "
        "security.shared-secret.file alike at both");
  }
  if (hello.substr(kNonceAt) == std::string_view(own_hello_).substr(kNonceAt)) {
    return permission_denied("the peer sends this process's own challenge back to it");
  }
  return {};
}

std::string Handshake::proof_of(Role prover) const {
  const std::string& dialer_hello = role_ == Role::kDialer ? own_hello_ : peer_hello_;
  const std::string& listener_hello = role_ == Role::kDialer ? peer_hello_ : own_hello_;
  // Both hellos have a fixed size, so the concatenation is unambiguous.
  const std::string text = cat("weir transport proof ", static_cast<char>(prover), dialer_hello,
                               listener_hello, binding_);
  std::string proof(kProofBytes, '\0');
  unsigned length = 0;
  const unsigned char* made = HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                   reinterpret_cast<unsigned char*>(proof.data()), &length);
  return made != nullptr && length == kProofBytes ? proof : std::string();
}

Status Handshake::receive(std::string_view* bytes, std::string* answer) {
  while (step_ != Step::kDone) {
    const size_t wanted = step_ == Step::kHello ? kHelloBytes : kProofBytes;
    const size_t taken = std::min(wanted - received_.size(), bytes->size());
    received_.append(bytes->substr(0, taken));
    if (step_ == Step::kHello) {
      const size_t comparable = std::min(received_.size(), kMagic.size());
      // Checks at the first wrong byte, because a stranger may never send as many bytes as a hello
      // has.
      if (std::string_view(received_).substr(0, comparable) != kMagic.substr(0, comparable))
        return describe_stranger(received_);
    }
    bytes->remove_prefix(taken);
    if (received_.size() < wanted) return {};
    const std::string message = std::exchange(received_, std::string());

    if (step_ == Step::kHello) {
      // Sent before the check, so that a refused dialer learns why.
      if (role_ == Role::kListener && message[kRoleAt] == static_cast<char>(Role::kDialer))
        *answer += own_hello_;
      if (Status checked = check_hello(message); !checked.ok()) return checked;
      peer_hello_ = message;
      if (!secret_.empty() && role_ == Role::kDialer) *answer += proof_of(role_);
      step_ = secret_.empty() ? Step::kDone : Step::kProof;
      continue;
    }
    const std::string expected = proof_of(role_ == Role::kDialer ? Role::kListener : Role::kDialer);
    if (expected.size() != kProofBytes ||
        CRYPTO_memcmp(expected.data(), message.data(), kProofBytes) != 0) {
      return permission_denied(
          "the peer does not know the shared secret: give both the same "
          "security.shared-secret.file");
    }
    if (role_ == Role::kListener) *answer += proof_of(role_);
    step_ = Step::kDone;
  }
  return {};
}

std::string_view Handshake::meaning_of_end() const {
  if (step_ == Step::kProof && role_ == Role::kDialer) {
    return "the peer did not accept this process's proof: give both the same "
           "security.shared-secret.file";
  }
  if (step_ == Step::kHello && role_ == Role::kDialer) {
    return "the peer closed the connection without an answer: is it weir that listens there, and "
           "with the same security.ssl.internal.enabled?";
  }
  return "the peer closed the connection in the middle of the handshake";
}

}  // namespace weir
