#pragma once

#include <memory>
#include <string>

#include "weir/status.h"

namespace weir {

/// How processes prove themselves to each other, in a job of more than one process. Both ways may
/// be set. With neither, a transport listens on loopback only, where every account of the machine
/// can reach it.
struct TransportSecurity {
  /// security.shared-secret.file: at least 16 bytes, read by read_secret_file(). Authenticates the
  /// peer when the connection is made. It neither encrypts nor signs later traffic; TLS does.
  std::string shared_secret_file;

  /// security.ssl.internal.enabled: TLS 1.2 or later, with certificates on both sides. Names in
  /// certificates are not checked: as with Flink, every certificate that the truststore vouches for
  /// belongs to the cluster.
  bool tls = false;
  /// The own certificate, intermediate ones, and the private key: one PEM file, or PKCS12.
  std::string keystore;
  std::string keystore_password;
  std::string key_password;  ///< of the key in a PEM file
  /// Certificates that vouch for peers: PEM, or PKCS12.
  std::string truststore;
  std::string truststore_password;

  bool proves_peers() const { return tls || !shared_secret_file.empty(); }
};

/// A random secret. UNAVAILABLE: the system has no random bytes.
StatusOr<std::string> draw_secret();
/// FAILED_PRECONDITION names the file and what is wrong with it.
StatusOr<std::string> load_shared_secret(const std::string& file);

}  // namespace weir
