#pragma once

#include <memory>
#include <string>

#include "weir/status.h"

namespace weir {

/// What processes have to prove to each other, beyond a job in one process. Both may be set. With
/// neither a transport listens on loopback only, where whoever has an account on the machine
/// reaches it.
struct TransportSecurity {
  /// security.shared-secret.file: at least 16 bytes, as read_secret_file() reads them. Proves who
  /// is at the other end when the connection is made; it neither hides nor signs what is sent then,
  /// which TLS does.
  std::string shared_secret_file;

  /// security.ssl.internal.enabled: TLS 1.2 or later, both sides with certificates. Names in
  /// certificates are not looked at: whoever holds a certificate that the truststore vouches for
  /// belongs to the cluster, as with Flink.
  bool tls = false;
  /// Own certificate, those between it and the root, and the private key: one PEM file, or PKCS12.
  std::string keystore;
  std::string keystore_password;
  std::string key_password;  ///< of the key in a PEM file
  /// Certificates that vouch for peers: PEM, or PKCS12.
  std::string truststore;
  std::string truststore_password;

  bool proves_peers() const { return tls || !shared_secret_file.empty(); }
};

/// A secret that nobody can guess. UNAVAILABLE: there are no random bytes.
StatusOr<std::string> draw_secret();
/// FAILED_PRECONDITION names the file and what is wrong with it.
StatusOr<std::string> load_shared_secret(const std::string& file);

}  // namespace weir
