#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "fs/hdfs/security/sasl_mechanism.h"

namespace weir {

/// The two sides of a login, and the password that one proves to know.
struct DigestLogin {
  std::string user;
  std::string password;
  std::string uri;  ///< "hdfs/0" between client and DataNode, "/default" to a NameNode
};

/// SASL's mechanism DIGEST-MD5 (RFC 2831) as Java has it: md5-sess, UTF-8, one exchange. With
/// kPrivacy the bytes that follow are encrypted by RC4, which is what Hadoop's servers offer beside
/// DES; callers that agree on AES afterwards do not use it. `nonce`: the client's, random.
std::unique_ptr<SaslMechanism> digest_md5_mechanism(DigestLogin login, Protection protection,
                                                    std::string nonce);

}  // namespace weir
