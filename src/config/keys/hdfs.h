#pragma once

#include "config/config_key.h"

namespace weir {

namespace options {

inline constexpr Option<std::string> kHdfsClient{
    {"fs.hdfs.client", ConfigType::kEnum, "native",
     "The client for hdfs:// addresses: native speaks Hadoop's own protocols, webhdfs speaks HTTP "
     "and is the default if fs.hdfs.http-address is set.",
     "", "native,webhdfs"}};
inline constexpr Option<std::string> kHdfsRpcAddress{
    {"fs.hdfs.rpc-address", ConfigType::kString, "",
     "The native client: host:port of the NameNode, several of a pair with commas; unset: taken "
     "from the Hadoop configuration, else the hdfs:// address, with port 8020 if it has none."}};
inline constexpr Option<std::string> kKerberosPrincipal{
    {"security.kerberos.login.principal", ConfigType::kString, "",
     "HDFS: the principal of the keytab; without a keytab, the ticket cache must have a ticket of "
     "it."}};
inline constexpr Option<std::string> kKerberosKeytab{
    {"security.kerberos.login.keytab", ConfigType::kString, "",
     "HDFS: path of a keytab, on each machine, with which tickets are fetched and replaced before "
     "they expire; unset: the ticket cache is used."}};

}  // namespace options

/// HDFS by its own protocols.
inline constexpr const ConfigKey* kHdfsKeys[] = {
    &options::kHdfsClient,
    &options::kHdfsRpcAddress,
    &options::kKerberosPrincipal,
    &options::kKerberosKeytab,
};

}  // namespace weir
