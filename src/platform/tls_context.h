#pragma once

#include <memory>
#include <string>

#include "platform/transport_security.h"
#include "weir/status.h"

struct ssl_ctx_st;

namespace weir {

/// The own certificate and the trusted ones, loaded for OpenSSL. Thread: any.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// FAILED_PRECONDITION names the file and what is wrong with it.
StatusOr<TlsContext> load_tls(const TransportSecurity& security);

/// Returns and clears OpenSSL's last error on this thread.
std::string openssl_error();

}  // namespace weir
