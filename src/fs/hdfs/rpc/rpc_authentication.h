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
  using Mechanism = StatusOr<std::unique_ptr<SaslMechanism>>;

  /// Makes the mechanism of a delegation token, which is preferred; empty: there is no token. The
  /// server has told its `uri`.
  std::function<Mechanism(const std::string& uri)> token;
  /// Makes the mechanism for the NameNode at `host`; empty: there is no login. Names that the
  /// server gives itself are not asked for, because a stranger would give its own.
  std::function<Mechanism(const std::string& host)> kerberos;
  /// Goes on without proof of identity if the server wants none.
  bool simple_allowed = false;
};

enum class RpcLogin {
  kSimple,    ///< no proof; the connection's context names the user
  kKerberos,  ///< the principal is known; the context may name a proxy user
  kToken,     ///< the token says who the user is
};

struct AuthenticatedRpc {
  RpcLogin login = RpcLogin::kSimple;
  std::unique_ptr<TcpClient> transport;  ///< for the frames that follow, protected as demanded
};

/// Sends the first bytes of the connection and proves this client's identity. PERMISSION_DENIED:
/// one side is not accepted.
StatusOr<AuthenticatedRpc> authenticate_rpc(std::unique_ptr<TcpClient> transport,
                                            const RpcAuthentication& authentication,
                                            const std::string& host,
                                            std::chrono::milliseconds timeout);

}  // namespace weir
