#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "platform/transport.h"

namespace weir::exchange_tests {

/// A transport inside the test: frames wait in queues until the test delivers them, one at a time.
class Loopback final : public Transport {
 public:
  struct Side {
    Endpoint endpoint;
    std::deque<std::string> frames;  ///< in flight to this side
    Side* peer = nullptr;
    bool open = true;  ///< its Connection is not destroyed
    bool broken = false;
    std::string reason;
    int delivered = 0;
  };
  class End final : public Connection {
   public:
    explicit End(Side* side) : side_(side) {}
    ~End() override {
      EXPECT_FALSE(in_callback) << "a callback destroys a connection";
      side_->open = false;
      if (!side_->peer->broken) {
        side_->peer->broken = true;
        side_->peer->reason = "the other end closed the connection";
      }
    }
    void send(std::string frame) override {
      if (side_->peer->open) side_->peer->frames.push_back(std::move(frame));
    }

   private:
    Side* side_;
  };
  class Listening final : public Listener {
   public:
    Listening(Loopback& loopback, int port) : loopback_(loopback), port_(port) {}
    ~Listening() override { loopback_.acceptors_.erase(port_); }
    int port() const override { return port_; }

   private:
    Loopback& loopback_;
    const int port_;
  };

  std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint,
                                                                              Endpoint) override {
    std::abort();
  }
  StatusOr<std::unique_ptr<Listener>> listen(const Address&, Acceptor acceptor) override {
    acceptors_[next_port_] = std::move(acceptor);
    return std::unique_ptr<Listener>(std::make_unique<Listening>(*this, next_port_++));
  }
  std::unique_ptr<Connection> dial(const Address& address, Endpoint endpoint) override {
    Side* const own = &sides_.emplace_back();
    Side* const other = &sides_.emplace_back();
    own->peer = other;
    other->peer = own;
    own->endpoint = std::move(endpoint);
    auto connection = std::make_unique<End>(own);
    if (const auto acceptor = acceptors_.find(address.port); acceptor != acceptors_.end()) {
      other->endpoint = acceptor->second(std::make_unique<End>(other));
    } else {
      other->open = false;
      own->broken = true;
      own->reason = "nobody listens there";
    }
    return connection;
  }

  /// Delivers one frame, or one break after the last frame, on each connection. Returns false if
  /// there was nothing to deliver.
  bool deliver() {
    bool any = false;
    for (size_t i = 0; i < sides_.size(); ++i) {
      Side& side = sides_[i];
      if (!side.open) continue;
      if (!side.frames.empty()) {
        std::string frame = std::move(side.frames.front());
        side.frames.pop_front();
        ++side.delivered;
        in_callback = true;
        side.endpoint.on_frame(std::move(frame));
        in_callback = false;
        any = true;
      } else if (side.broken && !side.reason.empty()) {
        const std::string reason = std::move(side.reason);
        side.reason.clear();
        in_callback = true;
        side.endpoint.on_break(unavailable(reason));
        in_callback = false;
        any = true;
      }
    }
    return any;
  }
  /// Lets the test change the frames that are delivered later.
  std::deque<Side>& sides() { return sides_; }

  static inline bool in_callback = false;

 private:
  std::deque<Side> sides_;
  std::map<int, Acceptor> acceptors_;
  int next_port_ = 1;
};

}  // namespace weir::exchange_tests
