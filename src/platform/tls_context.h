#pragma once

#include <memory>
#include <string>

#include "platform/transport_security.h"
#include "weir/status.h"

struct ssl_ctx_st;

namespace weir {

/// Own certificate and trusted ones, as OpenSSL wants them. Thread: any.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// FAILED_PRECONDITION names the file and what is wrong with it.
StatusOr<TlsContext> load_tls(const TransportSecurity& security);

/// What OpenSSL last complained of on this thread, and forgets it.
std::string openssl_error();

}  // namespace weir
