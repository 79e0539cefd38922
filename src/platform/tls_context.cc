#include "platform/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>

#include <fstream>
#include <iterator>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

template <auto Free>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using Pkcs12Ptr = std::unique_ptr<PKCS12, OpensslDeleter<PKCS12_free>>;

constexpr size_t kReadAheadBytes = 64 << 10;

/// The content of a keystore or truststore. A keystore's own certificate comes first.
struct KeyMaterial {
  KeyPtr key;
  std::vector<CertificatePtr> certificates;
};

BioPtr bio_of(const std::string& bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// Replaces OpenSSL's own callback, which would ask at the terminal.
int give_password(char* buffer, int size, int /*writing*/, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.empty() || text.size() > static_cast<size_t>(size)) return -1;
  text.copy(buffer, text.size());
  return static_cast<int>(text.size());
}

KeyMaterial read_pem(const std::string& bytes, std::string key_password) {
  KeyMaterial material;
  const BioPtr for_certificates = bio_of(bytes);
  while (X509* certificate =
             PEM_read_bio_X509(for_certificates.get(), nullptr, give_password, &key_password)) {
    material.certificates.emplace_back(certificate);
  }
  ERR_clear_error();  // reading stopped at the end of the file
  const BioPtr for_key = bio_of(bytes);
  material.key.reset(PEM_read_bio_PrivateKey(for_key.get(), nullptr, give_password, &key_password));
  return material;
}

StatusOr<KeyMaterial> read_pkcs12(const std::string& bytes, const std::string& password) {
  const BioPtr bio = bio_of(bytes);
  const Pkcs12Ptr store(d2i_PKCS12_bio(bio.get(), nullptr));
  if (store == nullptr) return failed_precondition("is neither PEM nor PKCS12");
  EVP_PKEY* key = nullptr;
  X509* own = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(store.get(), password.c_str(), &key, &own, &others) != 1)
    return failed_precondition(cat("cannot be opened: ", openssl_error()));
  KeyMaterial material;
  material.key.reset(key);
  if (own != nullptr) material.certificates.emplace_back(own);
  while (others != nullptr && sk_X509_num(others) > 0)
    material.certificates.emplace_back(sk_X509_shift(others));
  sk_X509_free(others);
  return material;
}

/// Reads PEM or PKCS12, and detects which. FAILED_PRECONDITION names `option` and the file.
/// `key_password` is for PEM only.
StatusOr<KeyMaterial> load_key_material(const std::string& option, const std::string& file,
                                        const std::string& password,
                                        const std::string& key_password) {
  const std::string name = cat(option, " ", file);
  if (file.empty())
    return failed_precondition(
        cat("security.ssl.internal.enabled is true and ", option, " is not set"));
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad() || bytes.size() > INT32_MAX)
    return failed_precondition(cat("cannot read ", name, ": is it there and readable?"));
  ERR_clear_error();
  if (bytes.find("-----BEGIN") != std::string::npos) return read_pem(bytes, key_password);
  if (bytes.starts_with("\xfe\xed\xfe\xed") || bytes.starts_with("\xce\xce\xce\xce")) {
    return failed_precondition(cat(name,
                                   " is a keystore of Java's own kind (JKS): convert it with "
                                   "`keytool -importkeystore -srckeystore ",
                                   file, " -destkeystore FILE -deststoretype PKCS12`"));
  }
  auto material = read_pkcs12(bytes, password);
  if (!material.ok()) return failed_precondition(cat(name, " ", material.status().message()));
  return material;
}

}  // namespace

std::string openssl_error() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  std::string text = reason != nullptr ? reason : "OpenSSL gives no reason";
  ERR_clear_error();
  return text;
}

StatusOr<TlsContext> load_tls(const TransportSecurity& security) {
  WEIR_ASSIGN_OR_RETURN(const KeyMaterial own,
                        load_key_material("security.ssl.internal.keystore", security.keystore,
                                          security.keystore_password, security.key_password));
  if (own.key == nullptr || own.certificates.empty()) {
    return failed_precondition(
        cat("security.ssl.internal.keystore ", security.keystore, " has no ",
            own.key == nullptr ? "private key that can be read" : "certificate",
            ": it has to hold this process's certificate and its key; is the password right?"));
  }
  WEIR_ASSIGN_OR_RETURN(const KeyMaterial trusted,
                        load_key_material("security.ssl.internal.truststore", security.truststore,
                                          security.truststore_password, {}));
  if (trusted.certificates.empty()) {
    return failed_precondition(cat("security.ssl.internal.truststore ", security.truststore,
                                   " has no certificate, so it trusts nobody"));
  }
  ERR_clear_error();
  TlsContext made(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  SSL_CTX* const context = made.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    return failed_precondition(cat("OpenSSL cannot be set up: ", openssl_error()));
  }
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAheadBytes);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);

  bool good = SSL_CTX_use_certificate(context, own.certificates[0].get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, own.key.get()) == 1 &&
              SSL_CTX_check_private_key(context) == 1;
  for (size_t i = 1; i < own.certificates.size(); ++i)
    good = good && SSL_CTX_add1_chain_cert(context, own.certificates[i].get()) == 1;
  if (!good)
    return failed_precondition(cat("security.ssl.internal.keystore ", security.keystore,
                                   " cannot be used: ", openssl_error()));

  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  // As with Java's truststores, a certificate in it is trusted even if it is not a root.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  for (const CertificatePtr& certificate : trusted.certificates)
    good = good && X509_STORE_add_cert(store, certificate.get()) == 1;
  if (!good)
    return failed_precondition(cat("security.ssl.internal.truststore ", security.truststore,
                                   " cannot be used: ", openssl_error()));
  return made;
}

}  // namespace weir
