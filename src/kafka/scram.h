#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::kafka {

/// The client's side of SCRAM (RFC 5802), without channel binding. Pure: the nonce is given.
class Scram {
 public:
  enum class Hash { kSha256, kSha512 };
  Scram(Hash hash, std::string user, std::string password, std::string nonce)
      : hash_(hash), user_(std::move(user)), password_(std::move(password)), nonce_(nonce) {}

  std::string first() const;
  /// The answer to the server's first message. PERMISSION_DENIED: the server is not to be trusted.
  StatusOr<std::string> final_to(std::string_view server_first);
  /// Checks that the server knows the password too.
  Status verify(std::string_view server_final) const;

 private:
  std::string bare() const;

  const Hash hash_;
  const std::string user_;
  const std::string password_;
  const std::string nonce_;
  std::string server_signature_;
};

}  // namespace weir::kafka
