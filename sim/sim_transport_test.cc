#include "sim_transport.h"

#include <gtest/gtest.h>

#include <set>

#include "sim_process.h"
#include "sim_transport_test.h"

namespace weir::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SimTransport, FramesWithinAProcessArriveInOrderAfterADelay) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    world.faults().connection_loss = 0.5;  // has no effect within a process
    SimProcess process(world, "p");
    Inbox a;
    Inbox b;
    auto [to_b, to_a] = process.platform().transport.connect(a.endpoint(), b.endpoint());
    for (int i = 0; i < 20; ++i) to_b->send(frame(i));
    to_a->send(frame(0));
    EXPECT_TRUE(b.numbers.empty());
    world.run_for(seconds(1));
    EXPECT_EQ(b.numbers, first_numbers(20));
    EXPECT_EQ(a.numbers, first_numbers(1));
    EXPECT_EQ(a.breaks.size() + b.breaks.size(), 0u);
  }
}

TEST(SimTransport, ADialReachesTheListenerAndEarlierFramesWait) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.dial();
    for (int i = 0; i < 20; ++i) pair.to_server->send(frame(i));
    EXPECT_EQ(pair.to_client, nullptr);
    world.run_for(seconds(1));
    ASSERT_NE(pair.to_client, nullptr);
    pair.to_client->send(frame(0));
    world.run_for(seconds(1));
    EXPECT_EQ(pair.at_server.numbers, first_numbers(20));
    EXPECT_EQ(pair.at_client.numbers, first_numbers(1));
    EXPECT_EQ(pair.breaks(), 0u);
  }
}

TEST(SimTransport, ADialToNobodyIsRefused) {
  SimWorld world(1);
  Pair pair(world);
  pair.listener.reset();
  pair.dial();
  pair.to_server->send(frame(0));
  world.run_for(seconds(1));
  EXPECT_EQ(pair.at_client.breaks,
            std::vector<std::string>{"between client and server: connection refused (simulated)"});
  EXPECT_EQ(pair.to_client, nullptr);
}

TEST(SimTransport, AnAcceptedConnectionOutlivesItsListener) {
  SimWorld world(1);
  Pair pair(world);
  pair.connect();
  pair.listener.reset();
  pair.to_server->send(frame(0));
  world.run_for(seconds(1));
  EXPECT_EQ(pair.at_server.numbers, first_numbers(1));
}

TEST(SimTransport, AnAcceptorMayRefuseAConnection) {
  SimWorld world(1);
  SimProcess server(world, "server");
  SimProcess client(world, "client");
  int accepted = 0;
  auto listener =
      server.platform().transport.listen({"server", 0}, [&](std::unique_ptr<Connection>) {
        ++accepted;
        return Endpoint{};
      });
  ASSERT_TRUE(listener.ok());
  Inbox inbox;
  auto connection =
      client.platform().transport.dial({"server", (*listener)->port()}, inbox.endpoint());
  connection->send(frame(0));
  world.run_for(seconds(1));
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(inbox.breaks, std::vector<std::string>{
                              "between client and server: the other end closed the connection"});
}

TEST(SimTransport, PortZeroSelectsTheLowestFreePortOfTheHost) {
  SimWorld world(1);
  SimProcess one(world, "one", "host");
  SimProcess two(world, "two", "host");
  SimProcess elsewhere(world, "elsewhere");
  const auto port = [](SimProcess& process, const Address& address,
                       std::unique_ptr<Listener>* keep) {
    auto listener = process.platform().transport.listen(
        address, [](std::unique_ptr<Connection>) { return Endpoint{}; });
    if (!listener.ok()) return listener.status().code() == StatusCode::kUnavailable ? -1 : -2;
    *keep = *std::move(listener);
    return (*keep)->port();
  };
  std::unique_ptr<Listener> a, b, c, d;
  EXPECT_EQ(port(one, {"host", 0}, &a), 20000);
  EXPECT_EQ(port(two, {"0.0.0.0", 0}, &b), 20001);
  EXPECT_EQ(port(elsewhere, {"localhost", 0}, &c), 20000);
  EXPECT_EQ(port(two, {"host", 20000}, &d), -1) << "taken";
  EXPECT_EQ(port(two, {"elsewhere", 0}, &d), -1) << "another host";
  one.kill();
  EXPECT_EQ(port(two, {"host", 20000}, &d), 20000) << "free when its process is dead";
}

TEST(SimTransport, ALostConnectionLosesASuffixAndNotifiesBothEndsOnce) {
  std::set<size_t> received;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.connect();
    world.faults().connection_loss = 0.1;
    for (int i = 0; i < 60; ++i) {
      world.at(world.now() + microseconds(100 * i), nullptr,
               [&, i] { pair.to_server->send(frame(i)); });
    }
    world.run_for(seconds(1));
    EXPECT_EQ(pair.at_server.numbers, first_numbers(pair.at_server.numbers.size()))
        << "seed " << seed;
    received.insert(pair.at_server.numbers.size());
    const size_t broken = pair.at_server.numbers.size() < 60 ? 1 : pair.at_server.breaks.size();
    EXPECT_EQ(pair.at_client.breaks.size(), broken) << "seed " << seed;
    EXPECT_EQ(pair.at_server.breaks.size(), broken) << "seed " << seed;
    EXPECT_FALSE(pair.at_client.late || pair.at_server.late);
  }
  EXPECT_GT(received.size(), 20u) << "the break should come anywhere";
}

TEST(SimTransport, DestroyingOneEndNotifiesOnlyTheOther) {
  SimWorld world(1);
  SimProcess process(world, "p");
  Inbox a;
  Inbox b;
  auto [to_b, to_a] = process.platform().transport.connect(a.endpoint(), b.endpoint());
  to_a->send(frame(0));
  to_b.reset();
  world.run_for(seconds(1));
  EXPECT_TRUE(a.numbers.empty());
  EXPECT_EQ(a.breaks.size(), 0u);
  EXPECT_EQ(b.breaks.size(), 1u);
}

TEST(SimTransport, TheDeathOfAProcessBreaksItsConnectionsToOthers) {
  std::set<size_t> received;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.connect();
    for (int i = 0; i < 10; ++i) pair.to_server->send(frame(i));
    pair.client.kill();
    pair.to_server->send(frame(10));
    pair.to_client->send(frame(0));
    world.run_for(2 * world.options().message_max);
    EXPECT_EQ(pair.at_server.numbers, first_numbers(pair.at_server.numbers.size()));
    EXPECT_LE(pair.at_server.numbers.size(), 10u);
    received.insert(pair.at_server.numbers.size());
    EXPECT_EQ(pair.at_server.breaks.size(), 1u);
    EXPECT_EQ(pair.at_client.breaks.size(), 0u);
    EXPECT_TRUE(pair.at_client.numbers.empty());
  }
  EXPECT_GT(received.size(), 3u) << "what was under way arrives in part";
}

TEST(SimTransport, APausedProcessReceivesEverythingWhenItContinues) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.server.pause(seconds(100));
    pair.dial();
    for (int i = 0; i < 20; ++i) pair.to_server->send(frame(i));
    world.run_for(seconds(99));
    EXPECT_EQ(pair.to_client, nullptr) << "nobody is there to accept it";
    EXPECT_EQ(pair.breaks(), 0u) << "but the system of its host takes it";
    world.run_for(seconds(2));
    EXPECT_EQ(pair.at_server.numbers, first_numbers(20));
  }
}

}  // namespace
}  // namespace weir::sim
