#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fs/hdfs/data/data_node_dialer.h"
#include "fs/hdfs/hadoop_conf.h"
#include "fs/hdfs/rpc/namenode_client.h"
#include "fs/hdfs/rpc/rpc_authentication.h"
#include "fs/hdfs/security/gssapi_mechanism.h"
#include "fs/real_registry.h"

namespace weir {

/// How the native client proves who it is, as Hadoop's files and the configuration say.
struct NativeSecurity {
  bool kerberos = false;  ///< false: the user is only named
  KerberosLogin login;
  std::string user;       ///< the short name of the configured principal; empty: not known
  RpcAuthentication rpc;  ///< without a token
  std::vector<Protection> accepted;  ///< levels of calls, the most liked first; empty: any
  /// The file of $HADOOP_TOKEN_FILE_LOCATION; empty: there is none, or a keytab makes it needless.
  std::string token_file;
  /// The protection of connections to DataNodes, by the block's token; nullopt: none.
  std::optional<Protection> transfer;
};

/// INVALID_ARGUMENT names the key and its file.
StatusOr<NativeSecurity> native_security(const HadoopConf& conf,
                                         const RealFileSystemsOptions& options);

/// Protects connections to DataNodes: by a key of the NameNode if the cluster encrypts all
/// transfers (dfs.encrypt.data.transfer), else by the block's token, else not at all.
DataNodeDialer::Protect transfer_protector(const NativeSecurity& security,
                                           std::shared_ptr<NameNodeClient> namenode,
                                           std::function<std::string()> nonce,
                                           std::chrono::milliseconds timeout);

}  // namespace weir
