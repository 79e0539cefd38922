#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "fs/hdfs/security/digest_md5.h"
#include "platform/tcp_client.h"

namespace weir {

/// The authentication at the beginning of a connection to a DataNode, and what follows from it
/// (SaslDataTransferClient.java and DataTransferSaslUtil.java of Hadoop 3.4.2). With kPrivacy the
/// two sides agree on AES if the DataNode has it switched on, else on RC4. PERMISSION_DENIED: the
/// login or the level of protection is not accepted. `*key_unknown`: the key that the login was
/// made from has expired.
StatusOr<std::unique_ptr<TcpClient>> protect_transfer(std::unique_ptr<TcpClient> plain,
                                                      DigestLogin login, Protection protection,
                                                      std::string nonce,
                                                      std::chrono::milliseconds timeout,
                                                      bool* key_unknown);

}  // namespace weir
