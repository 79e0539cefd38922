#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "fs/hdfs/security/sasl_mechanism.h"
#include "platform/tcp_client.h"

namespace weir {

/// The authentication at the beginning of a connection of Hadoop RPC (SaslRpcClient.java of Hadoop
/// 3.4.2).
struct RpcAuthentication {
  /// Makes the mechanism for the NameNode at `host`. Names that the server gives itself are not
  /// asked for, because a stranger would give its own.
  std::function<StatusOr<std::unique_ptr<SaslMechanism>>(const std::string& host)> kerberos;
  /// Goes on without proof of identity if the server wants none.
  bool simple_allowed = false;
};

/// Sends the first bytes of the connection and proves this client's identity. Returns the
/// connection for the frames that follow: protected as the server demands. PERMISSION_DENIED: one
/// side is not accepted.
StatusOr<std::unique_ptr<TcpClient>> authenticate_rpc(std::unique_ptr<TcpClient> transport,
                                                      const RpcAuthentication& authentication,
                                                      const std::string& host,
                                                      std::chrono::milliseconds timeout);

}  // namespace weir
