#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "platform/transport.h"

namespace weir {

/// The environment of a transport test: the real machine or a simulated one.
class TransportWorld {
 public:
  virtual ~TransportWorld() = default;
  /// The transports of two processes; connections lead from one to the other. Both outlive the
  /// connections.
  virtual Transport& dialing() = 0;
  virtual Transport& listening() = 0;
  /// An address on which `listening` may listen, with port 0.
  virtual Address address() = 0;
  /// Lets time pass until `condition` holds; false if that takes too long. Evaluates it on this
  /// thread.
  virtual bool run_until(const std::function<bool()>& condition) = 0;
  /// Notifies that a callback has come: `condition` may hold now. Thread: any.
  virtual void changed() = 0;
};

struct TransportUnderTest {
  std::string name;
  std::function<std::unique_ptr<TransportWorld>()> make;
};
inline void PrintTo(const TransportUnderTest& parameter, std::ostream* out) {
  *out << parameter.name;
}

/// Records the calls of an endpoint.
class TransportInbox {
 public:
  explicit TransportInbox(TransportWorld& world) : world_(world) {}

  Endpoint endpoint() {
    return {[this](std::string frame) { add([&] { frames_.push_back(std::move(frame)); }); },
            [this](Status reason) { add([&] { breaks_.push_back(std::move(reason)); }); }};
  }
  std::vector<std::string> frames() const {
    std::lock_guard lock(mutex_);
    return frames_;
  }
  std::vector<Status> breaks() const {
    std::lock_guard lock(mutex_);
    return breaks_;
  }
  bool await_frames(size_t count) {
    return world_.run_until([&] { return frames().size() >= count; });
  }
  bool await_break() {
    return world_.run_until([&] { return !breaks().empty(); });
  }

 private:
  template <class Change>
  void add(Change change) {
    {
      std::lock_guard lock(mutex_);
      EXPECT_TRUE(breaks_.empty()) << "something came after the break";
      change();
    }
    world_.changed();
  }

  TransportWorld& world_;
  mutable std::mutex mutex_;
  std::vector<std::string> frames_;
  std::vector<Status> breaks_;
};

/// Accepts connections and keeps them.
class TransportAcceptor {
 public:
  struct Accepted {
    explicit Accepted(TransportWorld& world) : inbox(world) {}
    TransportInbox inbox;
    std::unique_ptr<Connection> connection;
  };

  explicit TransportAcceptor(TransportWorld& world) : world_(world) {}

  Acceptor acceptor() {
    return [this](std::unique_ptr<Connection> connection) {
      Endpoint endpoint;
      {
        std::lock_guard lock(mutex_);
        accepted_.push_back(std::make_unique<Accepted>(world_));
        accepted_.back()->connection = std::move(connection);
        endpoint = accepted_.back()->inbox.endpoint();
      }
      world_.changed();
      return endpoint;
    };
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    return accepted_.size();
  }
  /// Waits for that connection; null if it does not come.
  Accepted* await(size_t index) {
    if (!world_.run_until([&] { return count() > index; })) return nullptr;
    std::lock_guard lock(mutex_);
    return accepted_[index].get();
  }

 private:
  TransportWorld& world_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Accepted>> accepted_;
};

}  // namespace weir
