// Failures of connections between workers.

#include <gtest/gtest.h>

#include <functional>

#include "runtime/data_frame.h"
#include "runtime/exchange.h"
#include "runtime/testing/two_workers.h"

namespace weir::exchange_tests {
namespace {

TEST(Exchange, ConnectionWaitsForAnAttemptThatIsNotDeployedYet) {
  Pair p;
  p.deploy(0);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "");
  p.deploy(1);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "connected");
  EXPECT_EQ(p.workers[1]->connected, "connected");
}

TEST(Exchange, ConnectionOfAnAttemptThatIsOverIsRefused) {
  Pair p;
  p.deploy(1, 5);
  p.deliver_all();
  p.deploy(0, 4);
  p.deliver_all();
  EXPECT_NE(p.workers[0]->connected.find("cannot send records to worker 1 at localhost:2: attempt "
                                         "4 to run the job is over here; the newest "
                                         "is 5"),
            std::string::npos)
      << p.workers[0]->connected;
  EXPECT_EQ(p.workers[0]->broken, "");
  // The next attempt of the worker that was behind uses the connection that waited.
  p.workers[0]->execution.reset();
  p.deliver_all();
  p.deploy(0, 5);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "connected");
}

TEST(Exchange, WaitingConnectionOfAnOlderAttemptIsRefusedWhenANewerIsDeployed) {
  Pair p;
  p.deploy(0, 4);
  p.deliver_all();
  p.deploy(1, 5);
  p.deliver_all();
  EXPECT_NE(p.workers[0]->connected.find("attempt 4 to run the job is over here"),
            std::string::npos)
      << p.workers[0]->connected;
}

TEST(Exchange, WorkersWithDifferentJobsDoNotConnect) {
  Pair p;
  JobGraph other = p.graph;
  other.fingerprint = murmur3_128("another job");
  Worker stranger(p.world, other);
  p.deploy(0);
  stranger.deploy(p.placement, {p.workers[0]->address(), stranger.address()}, 1);
  p.deliver_all();
  EXPECT_NE(stranger.connected.find("the two workers run different jobs"), std::string::npos)
      << stranger.connected;
}

TEST(Exchange, WorkersWithDifferentPlacementsDoNotConnect) {
  Pair p;
  p.deploy(0);
  p.workers[1]->deploy({0, 1, 1, 1}, p.addresses(), 1);
  p.deliver_all();
  EXPECT_NE(p.workers[1]->connected.find("do not agree on the channels between them"),
            std::string::npos)
      << p.workers[1]->connected;
}

TEST(Exchange, SecondConnectionOfAWorkerIsRefused) {
  Pair p;
  p.deploy(0);
  p.deploy(1);
  p.deliver_all();
  ASSERT_EQ(p.workers[0]->connected, "connected");
  Worker second(p.world, p.graph);
  second.deploy(p.placement, {p.workers[0]->address(), second.address()}, 1);
  p.deliver_all();
  EXPECT_NE(second.connected.find("worker 1 has a data connection already"), std::string::npos)
      << second.connected;
}

TEST(Exchange, UnreachablePeerIsNamed) {
  Pair p;
  p.workers[1]->server.reset();
  p.workers[0]->deploy(p.placement, {p.workers[0]->address(), {"localhost", 99}}, 0);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected,
            "cannot make the data connection to worker 1 at localhost:99: nobody listens there");
}

TEST(Exchange, ConnectionLostDuringTheConnectedCallbackIsReported) {
  Pair p;
  p.workers[0]->when_connected = [&] {
    for (Loopback::Side& side : p.world.loopback.sides()) {
      side.broken = true;
      side.reason = "the other end closed the connection";
    }
    p.deliver_all();
    EXPECT_EQ(p.workers[0]->broken, "") << "one after the other";
  };
  p.deploy(0);
  p.deploy(1);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "connected");
  EXPECT_NE(p.workers[0]->broken.find("lost the data connection"), std::string::npos)
      << p.workers[0]->broken;
}

TEST(Exchange, LostConnectionIsReportedOnceAndOnlyBeforeStop) {
  Pair p;
  p.deploy(0);
  p.deploy(1);
  p.deliver_all();
  p.start();
  p.run(10);
  p.workers[1]->execution.reset();
  p.deliver_all();
  EXPECT_EQ(
      p.workers[0]->broken,
      "lost the data connection to worker 1 at localhost:2: the other end closed the connection");

  Pair q;
  q.deploy(0);
  q.deploy(1);
  q.deliver_all();
  q.workers[0]->execution->stop();
  q.workers[1]->execution.reset();
  q.deliver_all();
  EXPECT_EQ(q.workers[0]->broken, "");
}

TEST(Exchange, DamagedFramesBreakTheAttemptWithAReason) {
  // Each case damages the frames in flight from worker 0 to worker 1.
  struct Case {
    const char* what;
    std::function<void(std::deque<std::string>&)> damage;
    const char* says;
  };
  const Case cases[] = {
      {"empty", [](auto& frames) { frames.front().clear(); },
       "the data connection from worker 0 at localhost:1: an element of a stream"},
      {"unknown kind", [](auto& frames) { frames.front()[0] = 77; }, "a frame of kind 77"},
      {"a hello again", [](auto& frames) { frames.front() = encode_hello({}); },
       "a frame of kind 1"},
      {"unknown channel", [](auto& frames) { frames.front()[1] = 1; },
       "which is not on this connection"},
      {"lost", [](auto& frames) { frames.pop_front(); }, "came where element 0 should have"},
      {"twice", [](auto& frames) { frames.push_front(frames.front()); },
       "came where element 1 should have"},
      {"shorter", [](auto& frames) { frames.front().pop_back(); },
       "what came on the data connection from worker 0 at localhost:1: channel"},
      {"longer", [](auto& frames) { frames.front() += "x"; },
       "what came on the data connection from worker 0 at localhost:1: channel"},
  };
  for (const Case& c : cases) {
    Pair p;
    p.deploy(0);
    p.deploy(1);
    p.deliver_all();
    p.start();
    Loopback::Side* to_one = nullptr;
    for (int i = 0; i < 100 && to_one == nullptr; ++i) {
      p.workers[0]->trigger(i + 1);
      p.world.steps.step_all();
      for (auto& side : p.world.loopback.sides()) {
        // Worker 0 dialed this connection. Take the side that has more than an answer in flight.
        if (side.frames.size() > 1 && &side == &p.world.loopback.sides()[1]) to_one = &side;
      }
    }
    ASSERT_NE(to_one, nullptr);
    c.damage(to_one->frames);
    for (int i = 0; i < 200 && p.workers[1]->broken.empty(); ++i) {
      p.world.loopback.deliver();
      p.world.steps.step_all();
    }
    EXPECT_NE(p.workers[1]->broken.find(c.says), std::string::npos)
        << c.what << ": " << p.workers[1]->broken;
  }
}

TEST(Exchange, FlippedBitNeitherCrashesNorChangesMoreThanARecord) {
  uint64_t broken = 0;
  for (int flip = 0; flip < 400; ++flip) {
    Pair p({0, 1, 0, 1}, 20);
    p.log.check = false;
    p.deploy(0);
    p.deploy(1);
    bool flipped = false;
    for (int round = 0; round < 150 && p.workers[0]->broken.empty() && p.workers[1]->broken.empty();
         ++round) {
      if (p.workers[0]->connected == "connected" && p.workers[1]->connected == "connected" &&
          !p.workers[0]->execution->started())
        p.start();
      p.world.steps.step_all();
      auto& sides = p.world.loopback.sides();
      auto& side = sides[static_cast<size_t>(flip) % sides.size()];
      if (!flipped && side.delivered >= flip % 7 && !side.frames.empty()) {
        std::string& frame = side.frames.front();
        const size_t bit = (static_cast<size_t>(flip) * 131) % (frame.size() * 8);
        frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ (1 << (bit % 8)));
        flipped = true;
      }
      p.world.loopback.deliver();
    }
    if (!p.workers[0]->broken.empty() || !p.workers[1]->broken.empty()) ++broken;
  }
  EXPECT_GT(broken, 50u);
}

TEST(Exchange, PeerWithoutAHelloIsRefused) {
  Pair p;
  p.deploy(0);
  std::string answer;
  auto stranger =
      p.world.loopback.dial(p.workers[0]->address(),
                            {[&](std::string frame) { answer = std::move(frame); }, [](Status) {}});
  stranger->send("GET / HTTP/1.1");
  p.deliver_all();
  EXPECT_NE(decode_answer(answer).status().message().find("a frame of kind 71"), std::string::npos)
      << decode_answer(answer).status().message();
  for (int i = 0; i < 3000; ++i) {  // more than the server keeps: the oldest are dropped
    p.world.loopback.dial(p.workers[0]->address(), {[](std::string) {}, [](Status) {}}).reset();
    p.deliver_all();
    p.world.steps.step_all();
  }
  p.deploy(1);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "connected");
}

TEST(Exchange, NumberOfSilentConnectionsIsBounded) {
  Pair p;
  std::vector<std::unique_ptr<Connection>> silent;
  size_t ended = 0;
  for (int i = 0; i < 1030; ++i)
    silent.push_back(p.world.loopback.dial(p.workers[0]->address(),
                                           {[](std::string) {}, [&](Status) { ++ended; }}));
  p.world.steps.step_all();
  p.deliver_all();
  EXPECT_EQ(ended, 6u);
}

}  // namespace
}  // namespace weir::exchange_tests
