#pragma once

#include <functional>
#include <memory>
#include <string>

#include "weir/status.h"

namespace weir {

/// What actors of different processes say to each other. Concrete messages derive from it (cluster/messages.h).
class Message {
 public:
  virtual ~Message() = default;
};

/// One direction of a conversation between two actors. Messages arrive in the order they were sent, each at most once; when the
/// connection breaks, everything after some message is lost and both ends are told.
/// Thread: the owning actor's.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Never blocks. After a break it does nothing.
  virtual void send(std::unique_ptr<Message> message) = 0;
};

/// How an actor is reached. `on_message` is called from the receiver's side on any thread (it posts to a mailbox and wakes the actor);
/// `on_break` likewise, at most once, with the reason.
struct Endpoint {
  std::function<void(std::unique_ptr<Message>)> on_message;
  std::function<void(Status)> on_break;
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Makes two actors of this process reachable for each other: first sends to `b`, second sends to `a`.
  virtual std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint a, Endpoint b) = 0;
};

}  // namespace weir
