#include "fs/hdfs/security/digest_md5.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/provider.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"

namespace weir {
namespace {

constexpr size_t kMacBytes = 10;

std::string md5(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string hmac_md5(const std::string& key, const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

/// RC4 as a stream of one direction. OpenSSL 3 keeps it in its provider "legacy".
class Rc4 {
 public:
  explicit Rc4(const std::string& key) : context_(EVP_CIPHER_CTX_new()) {
    static OSSL_LIB_CTX* const library = [] {
      OSSL_LIB_CTX* own = OSSL_LIB_CTX_new();
      OSSL_PROVIDER_load(own, "legacy");
      OSSL_PROVIDER_load(own, "default");
      return own;
    }();
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(library, "RC4", nullptr);
    ready_ = cipher != nullptr &&
             EVP_EncryptInit_ex(context_, cipher, nullptr,
                                reinterpret_cast<const unsigned char*>(key.data()), nullptr) == 1;
    EVP_CIPHER_free(cipher);
  }
  ~Rc4() { EVP_CIPHER_CTX_free(context_); }
  Rc4(const Rc4&) = delete;
  Rc4& operator=(const Rc4&) = delete;

  StatusOr<std::string> apply(std::string_view bytes) {
    std::string out(bytes.size(), '\0');
    int size = 0;
    if (!ready_ || EVP_EncryptUpdate(context_, reinterpret_cast<unsigned char*>(out.data()), &size,
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size())) != 1)
      return unavailable(
          "OpenSSL has no RC4 here; set dfs.encrypt.data.transfer.cipher.suites to "
          "AES/CTR/NoPadding on the DataNodes");
    return out;
  }

 private:
  EVP_CIPHER_CTX* const context_;
  bool ready_ = false;
};

/// Reads key=value and key="value" pairs, separated by commas.
std::map<std::string, std::string> parse_directives(std::string_view text) {
  std::map<std::string, std::string> directives;
  while (!text.empty()) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) break;
    const std::string key(trim(text.substr(0, equals)));
    text.remove_prefix(equals + 1);
    std::string value;
    if (text.starts_with('"')) {
      size_t at = 1;
      for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        value += text[at];
      }
      text.remove_prefix(std::min(text.size(), at + 1));
    } else {
      value = trim(text.substr(0, text.find(',')));
    }
    directives[key] = value;
    const size_t comma = text.find(',');
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return directives;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

class DigestMd5 final : public SaslMechanism {
 public:
  DigestMd5(DigestLogin login, std::vector<Protection> accepted, std::string nonce)
      : login_(std::move(login)), accepted_(std::move(accepted)), client_nonce_(std::move(nonce)) {
    if (accepted_.empty())
      accepted_ = {Protection::kAuthentication, Protection::kIntegrity, Protection::kPrivacy};
  }

  StatusOr<std::string> answer(std::string_view challenge) override {
    if (!secret_.empty())
      return permission_denied("the server asks for more after the answer of DIGEST-MD5");
    const auto offer = parse_directives(challenge);
    const auto value = [&](const char* key) {
      const auto found = offer.find(key);
      return found == offer.end() ? std::string() : found->second;
    };
    const std::string offered = offer.contains("qop") ? value("qop") : "auth";
    const auto chosen = std::find_if(
        accepted_.begin(), accepted_.end(),
        [&offered](Protection protection) { return has_item(offered, qop_name(protection)); });
    if (chosen == accepted_.end()) {
      return permission_denied(cat("the server offers the protection \"", offered,
                                   "\" and this process wants \"", qop_name(accepted_.front()),
                                   "\": ", login_.advice));
    }
    protection_ = *chosen;
    const std::string qop(qop_name(protection_));
    if (protection_ == Protection::kPrivacy && !has_item(value("cipher"), "rc4")) {
      return permission_denied(
          cat("the server offers the ciphers \"", value("cipher"), "\" and not rc4"));
    }
    const std::string realm = value("realm"), nonce = value("nonce");
    secret_ = md5(md5(cat(login_.user, ":", realm, ":", login_.password)) +
                  cat(":", nonce, ":", client_nonce_));
    const auto proof = [&](std::string_view prefix) {
      const std::string a2 =
          cat(prefix, ":", login_.uri, qop == "auth" ? "" : ":00000000000000000000000000000000");
      return to_hex(md5(cat(to_hex(secret_), ":", nonce, ":00000001:", client_nonce_, ":", qop, ":",
                            to_hex(md5(a2)))));
    };
    expected_ = proof("");
    derive_keys();
    std::string answer =
        cat("charset=utf-8,username=", quoted(login_.user), ",realm=", quoted(realm),
            ",nonce=", quoted(nonce), ",nc=00000001,cnonce=", quoted(client_nonce_),
            ",digest-uri=", quoted(login_.uri), ",maxbuf=65536,response=", proof("AUTHENTICATE"),
            ",qop=", qop);
    if (protection_ == Protection::kPrivacy) answer += ",cipher=\"rc4\"";
    return answer;
  }

  Status finish(std::string_view token) override {
    const auto directives = parse_directives(token);
    const auto found = directives.find("rspauth");
    if (!secret_.empty() && found != directives.end() && found->second == expected_) return {};
    return permission_denied("the server has not proven that it knows the token's password");
  }
  bool wraps() const override { return protection_ != Protection::kAuthentication; }

  StatusOr<std::string> wrap(std::string_view bytes) override {
    std::string number;
    append_be32(sent_++, &number);
    std::string body(bytes);
    body += mac(send_key_, number, bytes);
    if (sealing_) { WEIR_ASSIGN_OR_RETURN(body, sealing_->apply(body)); }
    return body + std::string("\x00\x01", 2) + number;
  }

  StatusOr<std::string> unwrap(std::string_view token) override {
    std::string number;
    append_be32(received_++, &number);
    if (token.size() < kMacBytes + 6 ||
        token.substr(token.size() - 6, 2) != std::string("\x00\x01", 2) ||
        token.substr(token.size() - 4) != number)
      return permission_denied("bytes arrived out of order, or are not those of DIGEST-MD5");
    std::string body(token.substr(0, token.size() - 6));
    if (opening_) { WEIR_ASSIGN_OR_RETURN(body, opening_->apply(body)); }
    std::string bytes = body.substr(0, body.size() - kMacBytes);
    if (body.substr(bytes.size()) != mac(receive_key_, number, bytes))
      return permission_denied("bytes were changed on their way: their checksum does not fit");
    return bytes;
  }

 private:
  static std::string_view qop_name(Protection protection) {
    switch (protection) {
      case Protection::kAuthentication: return "auth";
      case Protection::kIntegrity: return "auth-int";
      case Protection::kPrivacy: return "auth-conf";
    }
    return "";
  }
  static bool has_item(std::string_view list, std::string_view item) {
    for (const std::string_view one : split(list, ',')) {
      if (trim(one) == item) return true;
    }
    return false;
  }
  static std::string mac(const std::string& key, const std::string& number,
                         std::string_view bytes) {
    return hmac_md5(key, number + std::string(bytes)).substr(0, kMacBytes);
  }
  void derive_keys() {
    const auto signing = [this](const char* direction) {
      return md5(secret_ + "Digest session key to " + direction + " signing key magic constant");
    };
    send_key_ = signing("client-to-server");
    receive_key_ = signing("server-to-client");
    if (protection_ != Protection::kPrivacy) return;
    const auto sealing = [this](const char* direction) {
      return md5(secret_ + "Digest H(A1) to " + direction + " sealing key magic constant");
    };
    sealing_ = std::make_unique<Rc4>(sealing("client-to-server"));
    opening_ = std::make_unique<Rc4>(sealing("server-to-client"));
  }

  const DigestLogin login_;
  std::vector<Protection> accepted_;
  Protection protection_ = Protection::kAuthentication;  ///< the chosen one
  const std::string client_nonce_;
  std::string secret_;  ///< H(A1), binary
  std::string expected_;
  std::string send_key_, receive_key_;
  std::unique_ptr<Rc4> sealing_, opening_;
  uint32_t sent_ = 0;
  uint32_t received_ = 0;
};

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::unique_ptr<SaslMechanism> digest_md5_mechanism(DigestLogin login,
                                                    std::vector<Protection> accepted,
                                                    std::string nonce) {
  return std::make_unique<DigestMd5>(std::move(login), std::move(accepted), std::move(nonce));
}

}  // namespace weir
