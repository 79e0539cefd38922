#include "platform/transport_security.h"

#include <fstream>
#include <iterator>

#include "base/strings.h"

namespace weir {
namespace {

constexpr size_t kMinSecretBytes = 16;

}  // namespace

StatusOr<std::string> load_shared_secret(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) return failed_precondition(cat("cannot read security.shared-secret.file ", file, ": is it there and readable?"));
  const std::string_view secret = trim(text);
  if (secret.size() < kMinSecretBytes) {
    return failed_precondition(cat("security.shared-secret.file ", file, " has ", secret.size(), " bytes, and less than ", kMinSecretBytes,
                                   " can be guessed: make one with `openssl rand -hex 32`"));
  }
  return std::string(secret);
}

}  // namespace weir
