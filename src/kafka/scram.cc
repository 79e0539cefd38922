#include "kafka/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/status_macros.h"
#include "base/strings.h"
#include "kafka/base64.h"

namespace weir::kafka {
namespace {

constexpr int kMinIterations = 4096;
constexpr int kMaxIterations = 10'000'000;  ///< more would only keep this process busy

const EVP_MD* digest(Scram::Hash hash) {
  return hash == Scram::Hash::kSha256 ? EVP_sha256() : EVP_sha512();
}

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

std::string hmac(const EVP_MD* md, std::string_view key, std::string_view text) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(md)), '\0');
  HMAC(md, key.data(), static_cast<int>(key.size()), raw(text), text.size(), raw(out), nullptr);
  return out;
}

std::string hash_of(const EVP_MD* md, std::string_view text) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(md)), '\0');
  EVP_Digest(text.data(), text.size(), raw(out), nullptr, md, nullptr);
  return out;
}

/// The value of `name=value` in a message of such pairs, separated by commas.
std::optional<std::string_view> value_of(std::string_view message, char name) {
  for (const std::string_view part : split(message, ',')) {
    if (part.size() >= 2 && part[0] == name && part[1] == '=') return part.substr(2);
  }
  return std::nullopt;
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == ',' ? "=2C" : c == '=' ? "=3D" : std::string(1, c);
  return out;
}

}  // namespace

std::string Scram::bare() const { return cat("n=", escaped(user_), ",r=", nonce_); }
std::string Scram::first() const { return cat("n,,", bare()); }

StatusOr<std::string> Scram::final_to(std::string_view server_first) {
  const auto nonce = value_of(server_first, 'r');
  const auto salt_text = value_of(server_first, 's');
  const auto count_text = value_of(server_first, 'i');
  const auto salt = salt_text ? from_base64(*salt_text) : std::nullopt;
  int count = 0;
  if (count_text)
    std::from_chars(count_text->data(), count_text->data() + count_text->size(), count);
  if (!nonce || !salt) return permission_denied("the broker's SCRAM message lacks a part");
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size())
    return permission_denied("the broker's SCRAM nonce does not extend the client's");
  if (count < kMinIterations || count > kMaxIterations)
    return permission_denied(cat("the broker asks for ", count, " iterations of SCRAM; between ",
                                 kMinIterations, " and ", kMaxIterations, " are acceptable"));
  const EVP_MD* md = digest(hash_);
  std::string salted(static_cast<size_t>(EVP_MD_get_size(md)), '\0');
  PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()), raw(*salt),
                    static_cast<int>(salt->size()), count, md, static_cast<int>(salted.size()),
                    raw(salted));
  const std::string without_proof = cat("c=biws,r=", *nonce);
  const std::string signed_text = cat(bare(), ",", server_first, ",", without_proof);
  const std::string client_key = hmac(md, salted, "Client Key");
  std::string proof = hmac(md, hash_of(md, client_key), signed_text);
  for (size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  server_signature_ = hmac(md, hmac(md, salted, "Server Key"), signed_text);
  return cat(without_proof, ",p=", to_base64(proof));
}

Status Scram::verify(std::string_view server_final) const {
  if (const auto problem = value_of(server_final, 'e'))
    return permission_denied(cat("the broker refuses the SCRAM authentication: ", *problem));
  const auto text = value_of(server_final, 'v');
  const auto signature = text ? from_base64(*text) : std::nullopt;
  if (server_signature_.empty() || !signature || signature->size() != server_signature_.size() ||
      CRYPTO_memcmp(signature->data(), server_signature_.data(), signature->size()) != 0) {
    return permission_denied("the broker does not know the password: is it the right broker?");
  }
  return {};
}

}  // namespace weir::kafka
