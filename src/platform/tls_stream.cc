#include "platform/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "base/strings.h"
#include "platform/tcp_socket.h"

namespace weir {
namespace {

constexpr size_t kRecordBytes = 16 << 10;
constexpr size_t kBindingBytes = 32;
constexpr std::string_view kBindingLabel = "EXPORTER-weir-transport";

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, and a library must not change what SIGPIPE
// does to its process.

int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

int write_socket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t moved = ::send(socket_of(bio), bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (moved < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(moved);
}

int read_socket(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t moved = ::recv(socket_of(bio), bytes, static_cast<size_t>(size), 0);
  if (moved < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(moved);
}

long control_socket(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct BioMethod {
  BIO_METHOD* method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "weir socket");
  BioMethod() {
    BIO_meth_set_write(method, write_socket);
    BIO_meth_set_read(method, read_socket);
    BIO_meth_set_ctrl(method, control_socket);
  }
  ~BioMethod() { BIO_meth_free(method); }
};

class TlsStream final : public ByteStream {
 public:
  TlsStream(const TlsContext& context, int socket, bool dialer)
      : ssl_(SSL_new(context.get())), socket_(socket) {
    static const BioMethod socket_method;
    BIO* bio = BIO_new(socket_method.method);
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(socket)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (dialer) {
      SSL_set_connect_state(ssl_.get());
    } else {
      SSL_set_accept_state(ssl_.get());
    }
  }

  IoResult set_up() override {
    std::lock_guard lock(mutex_);
    forget_errors();
    return result_of(SSL_do_handshake(ssl_.get()), 0);
  }
  std::string binding() const override {
    std::string secret(kBindingBytes, '\0');
    SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(secret.data()),
                               secret.size(), kBindingLabel.data(), kBindingLabel.size(), nullptr,
                               0, 0);
    return secret;
  }

  IoResult write(std::span<const iovec> parts) override {
    std::lock_guard lock(mutex_);
    size_t part = 0;
    size_t offset = 0;
    size_t total = 0;
    while (true) {
      // Writes whole records: otherwise a frame's header and each small frame would cost a record.
      record_.clear();
      size_t next = part;
      for (size_t from = offset; next < parts.size() && record_.size() < kRecordBytes; from = 0) {
        const size_t taken = std::min(parts[next].iov_len - from, kRecordBytes - record_.size());
        record_.append(static_cast<const char*>(parts[next].iov_base) + from, taken);
        if (from + taken < parts[next].iov_len) break;
        ++next;
      }
      if (record_.empty()) return {IoResult::Kind::kDone, total, {}};
      forget_errors();
      size_t moved = 0;
      const int status = SSL_write_ex(ssl_.get(), record_.data(), record_.size(), &moved);
      // The next call runs into the reason again.
      if (status != 1)
        return total > 0 ? IoResult{IoResult::Kind::kDone, total, {}} : result_of(status, 0);
      total += moved;
      for (; part < parts.size() && moved >= parts[part].iov_len - offset; ++part) {
        moved -= parts[part].iov_len - offset;
        offset = 0;
      }
      offset += moved;
    }
  }

  IoResult read(char* buffer, size_t size) override {
    std::lock_guard lock(mutex_);
    forget_errors();
    size_t moved = 0;
    const int status = SSL_read_ex(ssl_.get(), buffer, size, &moved);
    return result_of(status, moved);
  }
  bool holds_input() const override { return true; }

  void finish() override {
    std::lock_guard lock(mutex_);
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ::shutdown(socket_, SHUT_WR);
  }

 private:
  static void forget_errors() {
    ERR_clear_error();
    errno = 0;  // at the end of input OpenSSL leaves errno unchanged
  }

  IoResult result_of(int status, size_t bytes) {
    const int system_error = errno;
    if (status == 1) return {IoResult::Kind::kDone, bytes, {}};
    switch (SSL_get_error(ssl_.get(), status)) {
      case SSL_ERROR_WANT_READ: return {IoResult::Kind::kWantRead, 0, {}};
      case SSL_ERROR_WANT_WRITE: return {IoResult::Kind::kWantWrite, 0, {}};
      case SSL_ERROR_ZERO_RETURN: return {IoResult::Kind::kEnd, 0, {}};
      case SSL_ERROR_SYSCALL:
        if (ERR_peek_error() == 0) {
          if (system_error == 0) return {IoResult::Kind::kEnd, 0, {}};
          return {IoResult::Kind::kFailed, 0, unavailable(error_text(system_error))};
        }
        break;
      default: break;
    }
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      ERR_clear_error();
      return {IoResult::Kind::kEnd, 0, {}};
    }
    return {IoResult::Kind::kFailed, 0, permission_denied(explain())};
  }

  std::string explain() const {
    const long verified = SSL_get_verify_result(ssl_.get());
    const unsigned long reason = ERR_GET_REASON(ERR_peek_last_error());
    std::string text = openssl_error();
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
      return cat("the peer's certificate is not trusted (", X509_verify_cert_error_string(verified),
                 "): security.ssl.internal.truststore has to hold who signed it");
    }
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return "the peer shows no certificate";
    if (text.find("alert") != std::string::npos) {
      return cat("the peer refuses TLS with this process (", text,
                 "): its security.ssl.internal.truststore has to hold who signed this process's "
                 "certificate");
    }
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
        reason == SSL_R_UNSUPPORTED_PROTOCOL) {
      return cat("the peer does not speak TLS as this process does (", text,
                 "): set security.ssl.internal.enabled alike at both");
    }
    return text;
  }

  // One SSL object serves both directions.
  mutable std::mutex mutex_;
  const std::unique_ptr<SSL, decltype([](SSL* ssl) { SSL_free(ssl); })> ssl_;
  std::string record_;
  const int socket_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tls_stream(const TlsContext& context, int socket, bool dialer) {
  return std::make_unique<TlsStream>(context, socket, dialer);
}

}  // namespace weir
