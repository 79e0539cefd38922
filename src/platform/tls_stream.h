#pragma once

#include <memory>

#include "platform/byte_stream.h"
#include "platform/tls_context.h"

namespace weir {

/// TLS over `socket`, with mutual authentication by certificates.
std::unique_ptr<ByteStream> make_tls_stream(const TlsContext& context, int socket, bool dialer);

}  // namespace weir
