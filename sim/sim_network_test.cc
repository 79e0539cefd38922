#include "sim_network.h"

#include <gtest/gtest.h>

#include <set>

#include "sim_disk.h"
#include "sim_transport_test.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Partition kFull{{"client"}, {"server"}};
const Partition kToServer{{"client"}, {"server"}, /*one_way=*/true};

TEST(SimNetwork, PartitionsAddUpAndAHostReachesItself) {
  SimWorld world(1);
  SimNetwork& network = world.network();
  EXPECT_TRUE(network.reaches("a", "b"));
  const uint64_t full = network.cut({{"a"}, {"b", "c"}});
  const uint64_t one_way = network.cut({{"a"}, {"b"}, true});
  EXPECT_FALSE(network.reaches("a", "b"));
  EXPECT_FALSE(network.reaches("b", "a"));
  EXPECT_FALSE(network.reaches("c", "a"));
  EXPECT_TRUE(network.reaches("b", "c"));
  EXPECT_TRUE(network.reaches("a", "a"));
  network.heal(full);
  EXPECT_FALSE(network.reaches("a", "b"));
  EXPECT_TRUE(network.reaches("b", "a"));
  network.heal(one_way);
  EXPECT_TRUE(network.reaches("a", "b"));
}

TEST(SimNetwork, WaitingFramesArriveInOrderWhenAPartitionEnds) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.connect();
    for (int i = 0; i < 5; ++i) pair.to_server->send(frame(i));
    world.network().cut_for(kFull, seconds(4));  // shorter than any keepalive
    for (int i = 5; i < 10; ++i) pair.to_server->send(frame(i));
    pair.to_client->send(frame(0));
    world.run_for(milliseconds(3999));
    EXPECT_TRUE(pair.at_server.numbers.empty());
    EXPECT_TRUE(pair.at_client.numbers.empty());
    for (int i = 10; i < 15; ++i) pair.to_server->send(frame(i));
    world.run_for(milliseconds(1));
    for (int i = 15; i < 20; ++i) pair.to_server->send(frame(i));
    world.run_for(seconds(4));
    EXPECT_EQ(pair.at_server.numbers, first_numbers(20)) << "seed " << seed;
    EXPECT_EQ(pair.at_client.numbers, first_numbers(1));
    EXPECT_EQ(pair.breaks(), 0u);
  }
}

TEST(SimNetwork, AOneWayPartitionStopsOneDirectionOnly) {
  SimWorld world(1);
  Pair pair(world);
  pair.connect();
  world.network().cut(kToServer);
  pair.to_server->send(frame(0));
  pair.to_client->send(frame(0));
  world.run_for(seconds(4));
  EXPECT_TRUE(pair.at_server.numbers.empty());
  EXPECT_EQ(pair.at_client.numbers, first_numbers(1));
}

TEST(SimNetwork, AfterAPartitionAConversationMayBeReset) {
  std::set<size_t> received;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.connect();
    world.faults().reset_after_partition = 1;
    world.network().cut_for(kFull, seconds(4));
    for (int i = 0; i < 10; ++i) pair.to_server->send(frame(i));
    world.run_for(seconds(10));
    EXPECT_EQ(pair.at_server.numbers, first_numbers(pair.at_server.numbers.size()));
    received.insert(pair.at_server.numbers.size());
    EXPECT_EQ(pair.at_server.breaks.size(), 1u);
    EXPECT_EQ(pair.at_client.breaks.size(), 1u);
  }
  EXPECT_GT(received.size(), 3u) << "some of what waited arrives before";
}

TEST(SimNetwork, AProcessDeathBehindAPartitionIsSilentUntilThePartitionEndsOrAnEndTimesOut) {
  int received_while_cut = 0;
  int received_afterwards = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.connect();
    world.network().cut_for(kFull, minutes(5));
    pair.client.kill();
    world.run_for(seconds(4));
    EXPECT_EQ(pair.at_server.breaks.size(), 0u);
    world.run_for(minutes(5) - seconds(5));
    const bool gave_up = !pair.at_server.breaks.empty();
    if (gave_up) {
      ++received_while_cut;
      EXPECT_EQ(pair.at_server.breaks[0],
                "between client and server: the other side does not answer (simulated)");
    }
    world.run_for(seconds(10));
    EXPECT_EQ(pair.at_server.breaks.size(), 1u);
    if (!gave_up) {
      ++received_afterwards;
      EXPECT_EQ(pair.at_server.breaks[0],
                "between client and server: the other process died (simulated)");
    }
  }
  EXPECT_GT(received_while_cut, 20);
  EXPECT_GT(received_afterwards, 20);
}

TEST(SimNetwork, OneEndMayTimeOutLongBeforeTheOtherLearnsOfIt) {
  int one_sided = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    pair.connect();
    world.network().cut_for(kFull, minutes(5));
    world.run_for(minutes(4));
    if (pair.breaks() != 1) continue;
    ++one_sided;
    world.run_for(minutes(2));
    EXPECT_EQ(pair.breaks(), 2u) << "seed " << seed;
  }
  EXPECT_GT(one_sided, 20);
}

TEST(SimNetwork, ADialWaitsForAPartitionToEndOrTimesOut) {
  int connected = 0;
  int gave_up = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    Pair pair(world);
    world.network().cut_for(Partition{{"server"}, {"client"}, /*one_way=*/true}, seconds(15));
    pair.dial();
    pair.to_server->send(frame(0));
    world.run_for(seconds(14));
    EXPECT_EQ(pair.to_client, nullptr);
    world.run_for(seconds(10));
    if (pair.to_client != nullptr) {
      ++connected;
      EXPECT_EQ(pair.at_server.numbers, first_numbers(1));
      EXPECT_EQ(pair.breaks(), 0u);
    } else {
      ++gave_up;
      EXPECT_EQ(pair.at_client.breaks.size(), 1u);
    }
  }
  EXPECT_GT(connected, 20);
  EXPECT_GT(gave_up, 20);
}

TEST(SimNetwork, StoppingFaultsHealsPartitionsAndLosesNothing) {
  SimWorld world(1);
  world.faults().reset_after_partition = 0;
  Pair pair(world);
  pair.connect();
  world.network().cut(kFull);
  world.network().cut(kToServer);
  pair.to_server->send(frame(0));
  world.run_for(seconds(1));
  world.stop_faults();
  world.run_for(seconds(4));
  EXPECT_EQ(pair.at_server.numbers, first_numbers(1));
}

TEST(SimNetwork, AnHdfsBehindAPartitionDoesNotAnswer) {
  SimWorld world(1);
  world.add_disk("hdfs://nn", std::make_unique<SimDisk>(world, "hdfs", DiskKind::kHdfs));
  SimProcess process(world, "p");
  SimProcess other(world, "other");
  const auto make = [](SimProcess& by, const std::string& path) {
    return by.platform().files.resolve("hdfs://nn" + path)->fs->make_directories(path).code();
  };
  SimDisk& disk = *world.disk("hdfs://nn");
  const uint64_t there = world.network().cut({{"p"}, {"hdfs"}, true});
  EXPECT_EQ(make(process, "/a"), StatusCode::kUnavailable);
  EXPECT_FALSE(disk.raw().stat("/a").ok());
  EXPECT_EQ(make(other, "/b"), StatusCode::kOk);
  world.network().heal(there);
  const uint64_t back = world.network().cut({{"hdfs"}, {"p"}, true});
  EXPECT_EQ(make(process, "/c"), StatusCode::kUnavailable);
  EXPECT_TRUE(disk.raw().stat("/c").ok()) << "done, but the answer is lost";
  world.network().heal(back);
  EXPECT_EQ(make(process, "/d"), StatusCode::kOk);
}

uint64_t hash_of_a_busy_network(uint64_t seed) {
  SimWorld world(seed);
  world.faults().connection_loss = 0.01;
  world.faults().reset_after_partition = 0.5;
  Pair pair(world);
  pair.connect();
  for (int i = 0; i < 100; ++i) {
    world.at(world.now() + milliseconds(100 * i), nullptr, [&, i] {
      if (i % 30 == 10) world.network().cut_for(i % 20 == 0 ? kFull : kToServer, milliseconds(700));
      pair.to_server->send(frame(i));
      pair.to_client->send(frame(i));
    });
  }
  world.run_for(seconds(20));
  return world.trace().hash();
}

TEST(SimNetwork, TheSameSeedGivesTheSameRun) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const uint64_t hash = hash_of_a_busy_network(seed);
    EXPECT_EQ(hash_of_a_busy_network(seed), hash);
    hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 20u);
}

}  // namespace
}  // namespace weir::sim
