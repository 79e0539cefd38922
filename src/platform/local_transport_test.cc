#include "platform/local_transport.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

struct Number : Message {
  explicit Number(int value) : value(value) {}
  int value;
};

struct Inbox {
  std::vector<int> numbers;
  std::vector<Status> breaks;
  Endpoint endpoint() {
    return {[this](std::unique_ptr<Message> message) { numbers.push_back(static_cast<Number&>(*message).value); },
            [this](Status reason) { breaks.push_back(std::move(reason)); }};
  }
};

TEST(LocalTransport, MessagesArriveInOrderAtTheOtherEnd) {
  LocalTransport transport;
  Inbox a;
  Inbox b;
  auto [to_b, to_a] = transport.connect(a.endpoint(), b.endpoint());
  for (int i = 0; i < 3; ++i) to_b->send(std::make_unique<Number>(i));
  to_a->send(std::make_unique<Number>(9));
  EXPECT_EQ(b.numbers, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(a.numbers, (std::vector<int>{9}));
}

TEST(LocalTransport, DestroyingOneEndTellsTheOtherOnceAndNothingArrivesAnyMore) {
  LocalTransport transport;
  Inbox a;
  Inbox b;
  auto [to_b, to_a] = transport.connect(a.endpoint(), b.endpoint());
  to_b.reset();
  ASSERT_EQ(b.breaks.size(), 1u);
  EXPECT_EQ(b.breaks[0].code(), StatusCode::kUnavailable);
  to_a->send(std::make_unique<Number>(1));
  EXPECT_TRUE(a.numbers.empty());
  to_a.reset();
  EXPECT_EQ(b.breaks.size(), 1u);
  EXPECT_TRUE(a.breaks.empty()) << "the end that went first has nobody to tell";
}

}  // namespace
}  // namespace weir
