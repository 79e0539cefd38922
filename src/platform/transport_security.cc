#include "platform/transport_security.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/secret_file.h"
#include "platform/handshake.h"

namespace weir {
namespace {

constexpr size_t kMinSecretBytes = 16;

}  // namespace

StatusOr<std::string> draw_secret() {
  WEIR_ASSIGN_OR_RETURN(const Handshake::Nonce bytes, Handshake::fresh_nonce());
  return to_hex(std::string_view(bytes.data(), bytes.size()));
}

StatusOr<std::string> load_shared_secret(const std::string& file) {
  WEIR_ASSIGN_OR_RETURN(std::string secret, read_secret_file("security.shared-secret.file", file));
  if (secret.size() < kMinSecretBytes) {
    return failed_precondition(cat("security.shared-secret.file ", file, " has ", secret.size(),
                                   " bytes, and less than ", kMinSecretBytes,
                                   " can be guessed: make one with `openssl rand -hex 32`"));
  }
  return secret;
}

}  // namespace weir
