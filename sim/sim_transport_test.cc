#include "sim_transport.h"

#include <gtest/gtest.h>

#include <set>

#include "sim_process.h"

namespace weir::sim {
namespace {

using std::chrono::seconds;

struct Number : Message {
  explicit Number(int value) : value(value) {}
  int value;
};

struct Inbox {
  std::vector<int> numbers;
  int breaks = 0;
  bool late = false;  ///< a message came after the break
  Endpoint endpoint() {
    return {[this](std::unique_ptr<Message> message) {
              numbers.push_back(static_cast<Number&>(*message).value);
              late |= breaks > 0;
            },
            [this](Status reason) {
              EXPECT_EQ(reason.code(), StatusCode::kUnavailable);
              ++breaks;
            }};
  }
};

std::vector<int> first_numbers(size_t count) {
  std::vector<int> numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back(static_cast<int>(i));
  return numbers;
}

TEST(SimTransport, MessagesArriveInOrderAfterADelay) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    SimProcess process(world, "p");
    Inbox a;
    Inbox b;
    auto [to_b, to_a] = process.platform().transport.connect(a.endpoint(), b.endpoint());
    for (int i = 0; i < 20; ++i) to_b->send(std::make_unique<Number>(i));
    to_a->send(std::make_unique<Number>(0));
    EXPECT_TRUE(b.numbers.empty());
    world.run_for(seconds(1));
    EXPECT_EQ(b.numbers, first_numbers(20));
    EXPECT_EQ(a.numbers, first_numbers(1));
    EXPECT_EQ(a.breaks + b.breaks, 0);
  }
}

TEST(SimTransport, ALostConnectionLosesASuffixAndTellsBothEndsOnce) {
  std::set<size_t> received;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimWorld world(seed);
    world.faults().connection_loss = 0.1;
    SimProcess process(world, "p");
    Inbox a;
    Inbox b;
    auto [to_b, to_a] = process.platform().transport.connect(a.endpoint(), b.endpoint());
    for (int i = 0; i < 60; ++i) {
      world.at(std::chrono::microseconds(100 * i), nullptr, [&, i] { to_b->send(std::make_unique<Number>(i)); });
    }
    world.run_for(seconds(1));
    EXPECT_EQ(b.numbers, first_numbers(b.numbers.size())) << "seed " << seed;
    received.insert(b.numbers.size());
    const int broken = b.numbers.size() < 60 ? 1 : b.breaks;
    EXPECT_EQ(a.breaks, broken) << "seed " << seed;
    EXPECT_EQ(b.breaks, broken) << "seed " << seed;
    EXPECT_FALSE(a.late || b.late);
  }
  EXPECT_GT(received.size(), 20u) << "the break should come anywhere";
}

TEST(SimTransport, DestroyingOneEndTellsOnlyTheOther) {
  SimWorld world(1);
  SimProcess process(world, "p");
  Inbox a;
  Inbox b;
  auto [to_b, to_a] = process.platform().transport.connect(a.endpoint(), b.endpoint());
  to_a->send(std::make_unique<Number>(0));
  to_b.reset();
  world.run_for(seconds(1));
  EXPECT_TRUE(a.numbers.empty());
  EXPECT_EQ(a.breaks, 0);
  EXPECT_EQ(b.breaks, 1);
}

TEST(SimTransport, DeathOfOneProcessBreaksItsConnectionsWithAnother) {
  std::set<size_t> received;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    auto life_a = std::make_shared<Life>(Life{.name = "a", .on_killed = {}});
    auto life_b = std::make_shared<Life>(Life{.name = "b", .on_killed = {}});
    Inbox a;
    Inbox b;
    auto [to_b, to_a] = connect_processes(world, life_a, a.endpoint(), life_b, b.endpoint());
    for (int i = 0; i < 10; ++i) to_b->send(std::make_unique<Number>(i));
    world.kill(*life_a, "for the test");
    to_b->send(std::make_unique<Number>(10));
    to_a->send(std::make_unique<Number>(0));
    world.run_for(seconds(1));
    EXPECT_EQ(b.numbers, first_numbers(b.numbers.size()));
    EXPECT_LE(b.numbers.size(), 10u);
    received.insert(b.numbers.size());
    EXPECT_EQ(b.breaks, 1);
    EXPECT_EQ(a.breaks, 0);
    EXPECT_TRUE(a.numbers.empty());
  }
  EXPECT_GT(received.size(), 3u) << "what was under way arrives in part";
}

}  // namespace
}  // namespace weir::sim
