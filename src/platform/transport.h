#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "weir/status.h"

namespace weir {

/// The longest frame of a connection: a longer one breaks it.
inline constexpr size_t kMaxFrameBytes = size_t{256} << 20;

/// One end of a conversation between two actors, in the same process or in two. Frames are byte
/// strings; they arrive whole, in the order sent, each at most once. When the connection breaks,
/// everything after some frame is lost and both ends are notified. Thread: any; frames sent from
/// several threads keep each thread's order.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Never blocks: frames that the other side does not take yet stay in memory, which the protocols
  /// above bound. After a break it does nothing.
  virtual void send(std::string frame) = 0;
};

/// The callbacks of an actor. Both are called on any thread, one at a time, and must neither block
/// nor destroy a Connection: they post to a mailbox. `on_break` is called at most once, with the
/// reason, and is the last call. Neither is called again when the destructor of the Connection has
/// returned.
struct Endpoint {
  std::function<void(std::string frame)> on_frame;
  std::function<void(Status)> on_break;
};

/// Gets an accepted connection and returns the endpoint for its frames. Called on any thread; must
/// not block.
using Acceptor = std::function<Endpoint(std::unique_ptr<Connection>)>;

/// Accepts connections until it is destroyed. Accepted connections live on.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual int port() const = 0;
};

/// The address of a listener. As text: "host:port", "[::1]:port".
struct Address {
  std::string host;
  int port = 0;
  bool operator==(const Address&) const = default;
  std::string to_string() const;
  /// INVALID_ARGUMENT describes the expected form.
  static StatusOr<Address> parse(const std::string& text);
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Connects two actors of this process: first sends to `b`, second sends to `a`.
  virtual std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(
      Endpoint a, Endpoint b) = 0;

  /// Port 0: any free one. `acceptor` sees only peers that have proven what the transport's
  /// security asks for. UNAVAILABLE: the address is taken or not this machine's.
  /// FAILED_PRECONDITION: other machines could reach it, and no security is set up.
  virtual StatusOr<std::unique_ptr<Listener>> listen(const Address& address, Acceptor acceptor) = 0;

  /// Returns at once; frames sent before the connection is established wait for it. A connection
  /// that fails, or a peer that refuses or can't prove itself, is a break with the reason.
  virtual std::unique_ptr<Connection> dial(const Address& address, Endpoint endpoint) = 0;
};

}  // namespace weir
