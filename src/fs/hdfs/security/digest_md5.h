#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fs/hdfs/security/sasl_mechanism.h"

namespace weir {

/// The two sides of a login, and the password that one proves to know.
struct DigestLogin {
  std::string user;
  std::string password;
  std::string uri;  ///< "hdfs/0" between client and DataNode, "/default" to a NameNode
  /// The remedy if no level of protection is accepted by both.
  std::string_view advice =
      "set dfs.data.transfer.protection in hdfs-site.xml to the DataNodes' value";
};

/// RFC 4648, with padding and without line breaks.
std::string base64(std::string_view bytes);

/// SASL's mechanism DIGEST-MD5 (RFC 2831) as Java has it: md5-sess, UTF-8, one exchange. With
/// kPrivacy the bytes that follow are encrypted by RC4, which is what Hadoop's servers offer beside
/// DES; callers that agree on AES afterwards do not use it. `accepted`: in the order of liking;
/// empty: whatever the server demands. `nonce`: the client's, random.
std::unique_ptr<SaslMechanism> digest_md5_mechanism(DigestLogin login,
                                                    std::vector<Protection> accepted,
                                                    std::string nonce);

}  // namespace weir
