#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "platform/tcp_client.h"

namespace weir {

/// How bytes look on a protected connection. Thread: one may encode while another decodes.
class StreamCodec {
 public:
  virtual ~StreamCodec() = default;
  /// Appends what is sent instead of `bytes`.
  virtual Status encode(std::string_view bytes, std::string* sent) = 0;
  /// Appends to `bytes` what the received bytes mean, and removes them as far as they are complete.
  virtual Status decode(std::string* received, std::string* bytes) = 0;
};

/// A connection whose bytes go through a codec.
std::unique_ptr<TcpClient> transformed_stream(std::unique_ptr<TcpClient> inner,
                                              std::unique_ptr<StreamCodec> codec);

}  // namespace weir
