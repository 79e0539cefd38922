#include "platform/local_transport.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

struct Inbox {
  std::vector<std::string> frames;
  std::vector<Status> breaks;
  Endpoint endpoint() {
    return {[this](std::string frame) { frames.push_back(std::move(frame)); },
            [this](Status reason) { breaks.push_back(std::move(reason)); }};
  }
};

TEST(LocalTransport, FramesArriveInOrderAtTheOtherEnd) {
  Inbox a;
  Inbox b;
  auto [to_b, to_a] = connect_within_process(a.endpoint(), b.endpoint());
  for (const char* frame : {"one", "", "three"}) to_b->send(frame);
  to_a->send("back");
  EXPECT_EQ(b.frames, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(a.frames, (std::vector<std::string>{"back"}));
}

TEST(LocalTransport, DestroyingOneEndNotifiesTheOtherOnceAndNothingArrivesLater) {
  Inbox a;
  Inbox b;
  auto [to_b, to_a] = connect_within_process(a.endpoint(), b.endpoint());
  to_b.reset();
  ASSERT_EQ(b.breaks.size(), 1u);
  EXPECT_EQ(b.breaks[0].code(), StatusCode::kUnavailable);
  to_a->send("late");
  EXPECT_TRUE(a.frames.empty());
  to_a.reset();
  EXPECT_EQ(b.breaks.size(), 1u);
  EXPECT_TRUE(a.breaks.empty()) << "the end that went first has nobody to tell";
}

}  // namespace
}  // namespace weir
