#include "fs/hdfs/data/transfer_protection.h"

#include <openssl/evp.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"
#include "fs/hdfs/security/transformed_stream.h"

namespace weir {
namespace {

constexpr uint32_t kMagic = 0xDEADBEEF;
constexpr uint32_t kAesCtr = 2;  // CipherSuite
constexpr size_t kTokenBytesMax = 1 << 20;

/// Each message of the mechanism after its length.
class PrefixedTokens final : public StreamCodec {
 public:
  explicit PrefixedTokens(std::shared_ptr<SaslMechanism> mechanism)
      : mechanism_(std::move(mechanism)) {}
  Status encode(std::string_view bytes, std::string* sent) override {
    WEIR_ASSIGN_OR_RETURN(const std::string token, mechanism_->wrap(bytes));
    append_be32(static_cast<uint32_t>(token.size()), sent);
    *sent += token;
    return {};
  }
  Status decode(std::string* received, std::string* bytes) override {
    size_t at = 0;
    while (received->size() - at >= 4) {
      const size_t size = read_be32(received->data() + at);
      if (size > kTokenBytesMax)
        return unavailable(cat("it sent a protected message of ", size, " bytes"));
      if (received->size() - at - 4 < size) break;
      WEIR_ASSIGN_OR_RETURN(const std::string part,
                            mechanism_->unwrap(std::string_view(*received).substr(at + 4, size)));
      *bytes += part;
      at += 4 + size;
    }
    received->erase(0, at);
    return {};
  }

 private:
  const std::shared_ptr<SaslMechanism> mechanism_;
};

/// AES in counter mode, a stream in each direction.
class AesStreams final : public StreamCodec {
 public:
  AesStreams() : sending_(EVP_CIPHER_CTX_new()), receiving_(EVP_CIPHER_CTX_new()) {}
  ~AesStreams() override {
    EVP_CIPHER_CTX_free(sending_);
    EVP_CIPHER_CTX_free(receiving_);
  }
  Status start(const std::string& send_key, const std::string& send_iv,
               const std::string& receive_key, const std::string& receive_iv) {
    WEIR_RETURN_IF_ERROR(init(sending_, send_key, send_iv));
    return init(receiving_, receive_key, receive_iv);
  }
  Status encode(std::string_view bytes, std::string* sent) override {
    return apply(sending_, bytes, sent);
  }
  Status decode(std::string* received, std::string* bytes) override {
    const Status status = apply(receiving_, *received, bytes);
    received->clear();
    return status;
  }

 private:
  static Status init(EVP_CIPHER_CTX* context, const std::string& key, const std::string& iv) {
    const EVP_CIPHER* cipher = key.size() == 16   ? EVP_aes_128_ctr()
                               : key.size() == 24 ? EVP_aes_192_ctr()
                               : key.size() == 32 ? EVP_aes_256_ctr()
                                                  : nullptr;
    if (cipher == nullptr || iv.size() != 16 ||
        EVP_EncryptInit_ex(context, cipher, nullptr,
                           reinterpret_cast<const unsigned char*>(key.data()),
                           reinterpret_cast<const unsigned char*>(iv.data())) != 1)
      return unavailable(cat("it sent a key of ", key.size(), " bytes for AES"));
    return {};
  }
  static Status apply(EVP_CIPHER_CTX* context, std::string_view bytes, std::string* out) {
    const size_t had = out->size();
    out->resize(had + bytes.size());
    int size = 0;
    if (EVP_EncryptUpdate(context, reinterpret_cast<unsigned char*>(out->data() + had), &size,
                          reinterpret_cast<const unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size())) != 1)
      return unavailable("OpenSSL cannot encrypt by AES");
    return {};
  }

  EVP_CIPHER_CTX* const sending_;
  EVP_CIPHER_CTX* const receiving_;
};

StatusOr<hadoop::DataTransferEncryptorMessage> receive(TcpClient& transport,
                                                       std::chrono::milliseconds timeout,
                                                       bool* key_unknown) {
  std::string received;
  while (true) {
    const size_t size = delimited_size(received);
    if (size == SIZE_MAX || size > kTokenBytesMax)
      return unavailable("it does not speak of authentication");
    if (size != 0 && size <= received.size()) break;
    std::string part;
    bool end = false;
    WEIR_RETURN_IF_ERROR(transport.read(64 << 10, timeout, &part, &end));
    if (end) return unavailable("it closed the connection during the authentication");
    if (part.empty())
      return unavailable(cat("it was silent for ", timeout.count(), " ms in the authentication"));
    received += part;
  }
  hadoop::DataTransferEncryptorMessage message;
  std::string_view rest = received;
  if (!take_delimited(&rest, &message)) return unavailable("its authentication cannot be read");
  if (message.status() == hadoop::DataTransferEncryptorMessage::SUCCESS) return message;
  *key_unknown = message.status() == hadoop::DataTransferEncryptorMessage::ERROR_UNKNOWN_KEY;
  return permission_denied(cat("it does not accept this process: ", message.message()));
}

Status send(TcpClient& transport, const hadoop::DataTransferEncryptorMessage& message,
            std::string opening, std::chrono::milliseconds timeout) {
  append_delimited(message, &opening);
  return transport.write(opening, timeout);
}

}  // namespace

StatusOr<std::unique_ptr<TcpClient>> protect_transfer(std::unique_ptr<TcpClient> plain,
                                                      DigestLogin login, Protection protection,
                                                      std::string nonce,
                                                      std::chrono::milliseconds timeout,
                                                      bool* key_unknown) {
  *key_unknown = false;
  std::shared_ptr<SaslMechanism> mechanism =
      digest_md5_mechanism(std::move(login), {protection}, std::move(nonce));
  hadoop::DataTransferEncryptorMessage message;
  message.set_status(hadoop::DataTransferEncryptorMessage::SUCCESS);
  message.set_payload("");
  std::string magic;
  append_be32(kMagic, &magic);
  WEIR_RETURN_IF_ERROR(send(*plain, message, magic, timeout));
  WEIR_ASSIGN_OR_RETURN(const auto challenge, receive(*plain, timeout, key_unknown));
  WEIR_ASSIGN_OR_RETURN(*message.mutable_payload(), mechanism->answer(challenge.payload()));
  if (protection == Protection::kPrivacy) message.add_cipheroption()->set_suite(kAesCtr);
  WEIR_RETURN_IF_ERROR(send(*plain, message, "", timeout));
  WEIR_ASSIGN_OR_RETURN(const auto proof, receive(*plain, timeout, key_unknown));
  WEIR_RETURN_IF_ERROR(mechanism->finish(proof.payload()));
  if (!mechanism->wraps()) return plain;
  if (proof.cipheroption_size() == 0)
    return transformed_stream(std::move(plain), std::make_unique<PrefixedTokens>(mechanism));
  const hadoop::CipherOption& option = proof.cipheroption(0);
  if (option.suite() != kAesCtr)
    return unavailable(cat("it chose the cipher ", option.suite(), ", which weir does not have"));
  // "In" is what the DataNode reads.
  WEIR_ASSIGN_OR_RETURN(const std::string in_key, mechanism->unwrap(option.inkey()));
  WEIR_ASSIGN_OR_RETURN(const std::string out_key, mechanism->unwrap(option.outkey()));
  auto streams = std::make_unique<AesStreams>();
  WEIR_RETURN_IF_ERROR(streams->start(in_key, option.iniv(), out_key, option.outiv()));
  return transformed_stream(std::move(plain), std::move(streams));
}

}  // namespace weir
