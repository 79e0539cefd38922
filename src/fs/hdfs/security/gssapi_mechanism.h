#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fs/hdfs/security/sasl_mechanism.h"

namespace weir {

/// The identity of this process for Kerberos.
struct KerberosLogin {
  std::string principal;  ///< "alice@REALM"; empty: the ticket cache's
  std::string keytab;     ///< a path; empty: the ticket cache ($KRB5CCNAME, or the default one)
};

/// SASL's mechanism GSSAPI (RFC 4752) with Kerberos 5, by MIT's library. With a keytab, tickets are
/// obtained when they are needed and replaced before they expire, in memory; a ticket cache is read
/// again for each authentication. `service`: "hdfs/host@REALM" or "hdfs@host". `accepted`: in the
/// order of liking; empty: whatever the server demands.
/// PERMISSION_DENIED names the mistake in the login; UNAVAILABLE if no KDC answers.
StatusOr<std::unique_ptr<SaslMechanism>> gssapi_mechanism(const KerberosLogin& login,
                                                          const std::string& service,
                                                          std::vector<Protection> accepted);

/// The value of the header Authorization that proves this process's identity to an HTTP server
/// (SPNEGO, RFC 4559), for one request. `service`: "HTTP@host". Errors as above.
StatusOr<std::string> negotiate_header(const KerberosLogin& login, const std::string& service);

/// The remedy for an error of Kerberos, by the library's text; empty if none is known. Pure.
std::string_view kerberos_advice(std::string_view error);

}  // namespace weir
