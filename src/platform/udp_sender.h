#pragma once

#include <string_view>

#include "platform/transport.h"
#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// Sends datagrams to one address, without waiting and without knowing whether they arrive. Thread:
/// one at a time.
class UdpSender {
 public:
  /// Blocks as long as the system's resolver does. INVALID_ARGUMENT or UNAVAILABLE: there is no
  /// such host.
  static StatusOr<UdpSender> open(const Address& address);
  /// UNAVAILABLE: this datagram has not left, for example because nobody listens at the address.
  Status send(std::string_view datagram);

 private:
  explicit UdpSender(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
};

}  // namespace weir
