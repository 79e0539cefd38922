#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fs/hdfs/namenode_address.h"
#include "fs/hdfs/native_security.h"
#include "fs/hdfs/rpc/rpc_connection.h"
#include "fs/hdfs/security/token_file.h"

namespace weir {

/// A token that proves the right to call a NameNode.
struct NameNodeToken {
  HadoopToken token;
  std::string owner;
};
/// The token for a NameNode in security.token_file, which is read each time: somebody may have put
/// a newer one there. nullopt: none is for this NameNode. INVALID_ARGUMENT names the file.
StatusOr<std::optional<NameNodeToken>> find_token(const NativeSecurity& security,
                                                  const std::string& authority,
                                                  const NameNodeAddress& namenode);

/// Opens a connection to a NameNode and proves this process's identity there.
struct NameNodeLogin {
  NativeSecurity security;
  std::string authority;   ///< of the URI, for tokens of a nameservice
  std::string user;        ///< where nothing is to be proven
  std::string proxy_user;  ///< the user for whom this process acts; empty: for itself
  std::string client_id;   ///< see RpcIdentity
  std::function<std::string()> nonce;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};
  RpcConnection::Now now;

  StatusOr<std::shared_ptr<RpcConnection>> connect(const NameNodeAddress& namenode) const;

  /// The user in the connection's context, when a login is done.
  RpcUser user_after(RpcLogin login) const;
};

}  // namespace weir
