#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sim_process.h"

namespace weir::sim {

/// Shared by the tests of the transport and of the network: numbers as frames.
inline std::string frame(int number) { return std::to_string(number); }

inline std::vector<int> first_numbers(size_t count) {
  std::vector<int> numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back(static_cast<int>(i));
  return numbers;
}

struct Inbox {
  std::vector<int> numbers;
  std::vector<std::string> breaks;
  bool late = false;  ///< a frame came after the break

  Endpoint endpoint() {
    return {[this](std::string frame) {
              numbers.push_back(std::stoi(frame));
              late |= !breaks.empty();
            },
            [this](Status reason) {
              EXPECT_EQ(reason.code(), StatusCode::kUnavailable);
              breaks.emplace_back(reason.message());
            }};
  }
};

/// Two processes on separate hosts, and the connection that the client dials.
struct Pair {
  explicit Pair(SimWorld& world) : world(world), server(world, "server"), client(world, "client") {
    auto made = server.platform().transport.listen({"server", 0},
                                                   [this](std::unique_ptr<Connection> accepted) {
                                                     to_client = std::move(accepted);
                                                     return at_server.endpoint();
                                                   });
    EXPECT_TRUE(made.ok());
    listener = *std::move(made);
    port = listener->port();
  }

  void dial() {
    to_server = client.platform().transport.dial({"server", port}, at_client.endpoint());
  }
  /// Dials and waits until the connection is established.
  void connect() {
    dial();
    EXPECT_EQ(world.run_until([&] { return to_client != nullptr; }, std::chrono::seconds(1)),
              SimWorld::Outcome::kDone);
  }
  size_t breaks() const { return at_client.breaks.size() + at_server.breaks.size(); }

  SimWorld& world;
  SimProcess server;
  SimProcess client;
  Inbox at_server;
  Inbox at_client;
  std::unique_ptr<Listener> listener;
  int port = 0;
  std::unique_ptr<Connection> to_server;
  std::unique_ptr<Connection> to_client;
};

}  // namespace weir::sim
