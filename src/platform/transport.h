#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "weir/status.h"

namespace weir {

/// The longest frame that a connection carries: a longer one breaks it.
inline constexpr size_t kMaxFrameBytes = size_t{256} << 20;

/// One end of a conversation between two actors, of one process or of two. Frames are strings of
/// bytes; they arrive whole, in the order they were sent, each at most once. When the connection
/// breaks everything after some frame is lost and both ends are told. Thread: any; frames sent from
/// several threads keep each thread's order.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Never blocks: what the other side does not take yet is kept in memory, which the protocols
  /// above bound. After a break it does nothing.
  virtual void send(std::string frame) = 0;
};

/// How an actor is reached. Both are called on any thread, one at a time, and must not block nor
/// destroy a Connection: they post to a mailbox. `on_break` comes at most once, with the reason,
/// and nothing after it. When the destructor of the Connection has returned neither is called
/// again.
struct Endpoint {
  std::function<void(std::string frame)> on_frame;
  std::function<void(Status)> on_break;
};

/// Gets the accepted connection and says where its frames go. Called on any thread; must not block.
using Acceptor = std::function<Endpoint(std::unique_ptr<Connection>)>;

/// Accepts connections until it is destroyed; those that were accepted live on.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual int port() const = 0;
};

/// Where a process listens. As text: "host:port", "[::1]:port".
struct Address {
  std::string host;
  int port = 0;
  bool operator==(const Address&) const = default;
  std::string to_string() const;
  /// INVALID_ARGUMENT says what is expected.
  static StatusOr<Address> parse(const std::string& text);
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Makes two actors of this process reachable for each other: first sends to `b`, second sends to
  /// `a`.
  virtual std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(
      Endpoint a, Endpoint b) = 0;

  /// Port 0: any free one. `acceptor` sees only peers that have proven what the transport's
  /// security asks for. UNAVAILABLE: the address is taken or not this machine's.
  /// FAILED_PRECONDITION: it may be reached from elsewhere, and no security is set up.
  virtual StatusOr<std::unique_ptr<Listener>> listen(const Address& address, Acceptor acceptor) = 0;

  /// Returns at once; what is sent before the connection stands waits for it. If it can't be made,
  /// or the peer refuses or can't prove itself, that is a break with the reason.
  virtual std::unique_ptr<Connection> dial(const Address& address, Endpoint endpoint) = 0;
};

}  // namespace weir
