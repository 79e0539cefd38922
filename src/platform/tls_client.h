#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "platform/tcp_client.h"

namespace weir {

/// How a client proves itself to a server, and what it demands. All files are PEM.
struct TlsClientOptions {
  std::string ca_file;  ///< certificates that vouch for the server; empty: those of the system
  std::string certificate_file;  ///< the own one; empty: none
  std::string key_file;
  std::string key_password;
  bool verify = true;      ///< false: any certificate will do
  bool check_name = true;  ///< the certificate must be for the host that was dialed
};

/// TLS 1.2 or later over a connection. Makes the handshake. FAILED_PRECONDITION names a file that
/// cannot be used. PERMISSION_DENIED: one side does not trust the other.
StatusOr<std::unique_ptr<TcpClient>> make_tls_client(std::unique_ptr<TcpClient> connection,
                                                     const std::string& host,
                                                     const TlsClientOptions& options,
                                                     std::chrono::milliseconds timeout);

}  // namespace weir
