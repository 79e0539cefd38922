#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "rest/request.h"
#include "weir/status.h"

namespace weir {

/// An HTTP server on one thread of its own; the only user of libmicrohttpd. It bounds what clients
/// can cost: the size of a request, the number of connections, and the time for which one may be
/// silent.
class HttpServer {
 public:
  struct Options {
    std::string host;               ///< an address of this machine, or a name of one
    int first_port = 0;             ///< 0: any free one
    int last_port = 0;              ///< the first free one of the range is taken
    size_t most_bytes = 64 * 1024;  ///< of the body of a request
    unsigned most_connections = 64;
    unsigned silence_seconds = 10;
  };
  /// `handler` is called on the server's thread. It must not throw or block.
  /// INVALID_ARGUMENT: the host is not known. UNAVAILABLE: no port can be listened on.
  static StatusOr<std::unique_ptr<HttpServer>> start(
      const Options& options, std::function<RestReply(const RestRequest&)> handler);
  /// Waits until no handler runs.
  virtual ~HttpServer() = default;
  /// Takes no new connections, and waits until the replies to all requests are sent, or at most for
  /// this time.
  virtual void finish(std::chrono::milliseconds at_most) = 0;
  virtual int port() const = 0;
};

}  // namespace weir
