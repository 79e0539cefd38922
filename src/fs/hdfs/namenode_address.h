#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fs/hdfs/hadoop_conf.h"

namespace weir {

/// The HTTP addresses of one HDFS's NameNodes.
struct NameNodes {
  std::vector<std::string> http_bases;  ///< "http://host:port", at least one; several form an HA
                                        ///< nameservice, or are the user's list
  std::string origin;                   ///< how they were found, for messages
};

/// Where a NameNode takes calls of Hadoop RPC.
struct NameNodeAddress {
  std::string host;
  int port = 0;
  std::string text() const;  ///< "host:port"
};
struct RpcNameNodes {
  std::vector<NameNodeAddress> addresses;  ///< at least one; several form an HA nameservice, or are
                                           ///< the user's list
  std::string origin;                      ///< how they were found, for messages
  std::string authority;                   ///< of the URI or fs.defaultFS; may be empty
};

/// Finds the RPC addresses behind the authority of an hdfs:// URI. In this order:
///   1. `configured`, the value of fs.hdfs.rpc-address: "host:port", several separated by commas;
///   2. the authority, or fs.defaultFS if it is empty, is one of dfs.nameservices:
///      dfs.namenode.rpc-address.<ns>.<nn> of each of dfs.ha.namenodes.<ns>;
///   3. the authority itself, with port 8020 if it has none.
StatusOr<RpcNameNodes> find_rpc_namenodes(const HadoopConf& conf, const std::string& authority,
                                          const std::optional<std::string>& configured);

/// Finds the HTTP addresses behind the authority of an hdfs:// URI ("host:8020", a nameservice, or
/// "" for fs.defaultFS). In this order:
///   1. `configured`, the value of fs.hdfs.http-address: "host:port" or a URL, several separated by
///      commas;
///   2. the authority is one of dfs.nameservices: dfs.namenode.http-address.<ns>.<nn> of each of
///      dfs.ha.namenodes.<ns>;
///   3. the authority is the RPC address of a NameNode in the configuration: the matching
///      dfs.namenode.http-address;
///   4. port 9870 of the authority's host.
/// With dfs.http.policy HTTPS_ONLY, https-address and port 9871 are used instead.
StatusOr<NameNodes> find_namenodes(const HadoopConf& conf, const std::string& authority,
                                   const std::optional<std::string>& configured);

/// The same for a webhdfs:// URI, whose authority is the HTTP address itself, or a nameservice.
/// `https`: for a swebhdfs:// URI.
StatusOr<NameNodes> find_web_namenodes(const HadoopConf& conf, const std::string& authority,
                                       bool https = false);

}  // namespace weir
