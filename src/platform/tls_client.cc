#include "platform/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/tls_context.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

constexpr size_t kPieceBytes = 16 << 10;

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;

int give_password(char* buffer, int size, int /*writing*/, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<size_t>(size)) return -1;
  text.copy(buffer, text.size());
  return static_cast<int>(text.size());
}

Status unusable(const std::string& file, const char* what) {
  return failed_precondition(cat("cannot use ", what, " '", file, "': ", openssl_error()));
}

StatusOr<Context> make_context(const TlsClientOptions& options) {
  Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  std::string password = options.key_password;
  SSL_CTX_set_default_passwd_cb(context.get(), give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), &password);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr) != 1) {
    return unusable(options.ca_file, "the certificates in");
  }
  if (!options.certificate_file.empty() &&
      SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1) {
    return unusable(options.certificate_file, "the certificate");
  }
  if (!options.key_file.empty() &&
      SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable(options.key_file, "the key");
  }
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), nullptr);
  SSL_CTX_set_verify(context.get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return context;
}

/// OpenSSL works on two buffers in memory, and this moves their bytes to and from the connection.
class TlsClient final : public TcpClient {
 public:
  TlsClient(std::unique_ptr<TcpClient> connection, Context context)
      : connection_(std::move(connection)),
        context_(std::move(context)),
        ssl_(SSL_new(context_.get())) {
    BIO* received = BIO_new(BIO_s_mem());
    BIO* to_send = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(received, -1);
    SSL_set_bio(ssl_.get(), received, to_send);
    SSL_set_connect_state(ssl_.get());
  }

  Status shake_hands(const std::string& host, const TlsClientOptions& options,
                     milliseconds timeout) {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    if (options.verify && options.check_name) {
      // A name or an address.
      X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_.get());
      if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1)
        SSL_set1_host(ssl_.get(), host.c_str());
      ERR_clear_error();
    }
    while (true) {
      const int done = SSL_do_handshake(ssl_.get());
      const int error = SSL_get_error(ssl_.get(), done);
      WEIR_RETURN_IF_ERROR(flush(timeout));
      if (done == 1) return {};
      if (error != SSL_ERROR_WANT_READ) return distrust(host);
      bool end = false;
      size_t got = 0;
      WEIR_RETURN_IF_ERROR(receive(timeout, &got, &end));
      if (end)
        return permission_denied(cat(host,
                                     " ended the TLS handshake: does it speak TLS on this "
                                     "port, and does it want a certificate?"));
      if (got == 0)
        return unavailable(cat(host, " did not answer the TLS handshake within ", timeout.count(),
                               " ms: does it speak TLS on this port?"));
    }
  }

  Status read(size_t max, milliseconds timeout, std::string* bytes, bool* end) override {
    *end = false;
    // What arrives may be a part of a record, or a message of TLS itself.
    for (size_t raw = 1; raw > 0;) {
      bytes->resize(max);
      const int got = read_some(bytes);
      const int error = SSL_get_error(ssl_.get(), got);
      bytes->resize(got > 0 ? static_cast<size_t>(got) : 0);
      if (got > 0) return {};
      if (error != SSL_ERROR_WANT_READ) return ended(error, end);
      WEIR_RETURN_IF_ERROR(receive(timeout, &raw, end));
    }
    return {};
  }

  Status write(std::string_view bytes, milliseconds timeout) override {
    if (bytes.empty()) return {};
    ERR_clear_error();
    if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0)
      return unavailable(cat("cannot write through TLS: ", openssl_error()));
    return flush(timeout);
  }

 private:
  static Status ended(int error, bool* end) {
    *end = error == SSL_ERROR_ZERO_RETURN;
    return *end ? Status() : unavailable(cat("cannot read through TLS: ", openssl_error()));
  }
  int read_some(std::string* bytes) {
    ERR_clear_error();
    return SSL_read(ssl_.get(), bytes->data(), static_cast<int>(bytes->size()));
  }

  Status flush(milliseconds timeout) {
    BIO* to_send = SSL_get_wbio(ssl_.get());
    std::string piece(kPieceBytes, '\0');
    for (int got = 0; (got = BIO_read(to_send, piece.data(), kPieceBytes)) > 0;)
      WEIR_RETURN_IF_ERROR(connection_->write({piece.data(), static_cast<size_t>(got)}, timeout));
    return {};
  }

  Status receive(milliseconds timeout, size_t* got, bool* end) {
    std::string piece;
    WEIR_RETURN_IF_ERROR(connection_->read(kPieceBytes, timeout, &piece, end));
    *got = piece.size();
    if (!piece.empty())
      BIO_write(SSL_get_rbio(ssl_.get()), piece.data(), static_cast<int>(piece.size()));
    return {};
  }

  Status distrust(const std::string& host) {
    const long verdict = SSL_get_verify_result(ssl_.get());
    std::string reason = openssl_error();
    if (verdict != X509_V_OK) reason += cat(" (", X509_verify_cert_error_string(verdict), ")");
    return permission_denied(cat("no TLS connection to ", host, ": ", reason));
  }

  const std::unique_ptr<TcpClient> connection_;
  const Context context_;
  const std::unique_ptr<SSL, SslDeleter> ssl_;
};

}  // namespace

StatusOr<std::unique_ptr<TcpClient>> make_tls_client(std::unique_ptr<TcpClient> connection,
                                                     const std::string& host,
                                                     const TlsClientOptions& options,
                                                     milliseconds timeout) {
  WEIR_ASSIGN_OR_RETURN(Context context, make_context(options));
  auto client = std::make_unique<TlsClient>(std::move(connection), std::move(context));
  WEIR_RETURN_IF_ERROR(client->shake_hands(host, options, timeout));
  return std::unique_ptr<TcpClient>(std::move(client));
}

}  // namespace weir
