#include "fs/hdfs/security/transformed_stream.h"

#include <algorithm>

#include "base/status_macros.h"

namespace weir {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kWriteBytes = 48 << 10;  // below the largest message of a mechanism

class TransformedStream final : public TcpClient {
 public:
  TransformedStream(std::unique_ptr<TcpClient> inner, std::unique_ptr<StreamCodec> codec)
      : inner_(std::move(inner)), codec_(std::move(codec)) {}

  Status read(size_t max, std::chrono::milliseconds timeout, std::string* bytes,
              bool* end) override {
    bytes->clear();
    *end = false;
    if (ready_.empty()) {
      std::string part;
      WEIR_RETURN_IF_ERROR(inner_->read(kReadBytes, timeout, &part, end));
      received_ += part;
      WEIR_RETURN_IF_ERROR(codec_->decode(&received_, &ready_));
    }
    bytes->assign(ready_, 0, max);
    ready_.erase(0, bytes->size());
    if (!bytes->empty()) *end = false;
    return {};
  }

  Status write(std::string_view bytes, std::chrono::milliseconds timeout) override {
    while (!bytes.empty()) {
      std::string sent;
      WEIR_RETURN_IF_ERROR(codec_->encode(bytes.substr(0, kWriteBytes), &sent));
      bytes.remove_prefix(std::min(bytes.size(), kWriteBytes));
      WEIR_RETURN_IF_ERROR(inner_->write(sent, timeout));
    }
    return {};
  }

 private:
  const std::unique_ptr<TcpClient> inner_;
  const std::unique_ptr<StreamCodec> codec_;
  std::string received_;  ///< not decoded
  std::string ready_;     ///< not returned
};

}  // namespace

std::unique_ptr<TcpClient> transformed_stream(std::unique_ptr<TcpClient> inner,
                                              std::unique_ptr<StreamCodec> codec) {
  return std::make_unique<TransformedStream>(std::move(inner), std::move(codec));
}

}  // namespace weir
