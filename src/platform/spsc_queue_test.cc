#include "platform/spsc_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "platform/real_random.h"

namespace weir {
namespace {

TEST(SpscQueue, RefusesWhenFullAndLeavesTheValue) {
  SpscQueue<std::unique_ptr<int>> queue(2);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
  EXPECT_TRUE(queue.has_room());
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(2)));
  EXPECT_FALSE(queue.has_room());
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(queue.try_push(std::move(third)));
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(queue.size_estimate(), 2u);
  std::unique_ptr<int> out;
  ASSERT_TRUE(queue.try_pop(out));
  EXPECT_EQ(*out, 1);
  EXPECT_TRUE(queue.try_push(std::move(third)));
  ASSERT_NE(queue.front(), nullptr);
  EXPECT_EQ(**queue.front(), 2);
  queue.pop();
  ASSERT_TRUE(queue.try_pop(out));
  EXPECT_EQ(*out, 3);
  EXPECT_EQ(queue.front(), nullptr);
  EXPECT_FALSE(queue.try_pop(out));
}

TEST(SpscQueue, CapacityIsRoundedUpToAPowerOfTwo) {
  EXPECT_EQ(SpscQueue<int>(0).capacity(), 1u);
  EXPECT_EQ(SpscQueue<int>(5).capacity(), 8u);
  EXPECT_EQ(SpscQueue<int>(8).capacity(), 8u);
}

TEST(SpscQueue, DestroysElementsThatWereNotTaken) {
  auto watched = std::make_shared<int>(0);
  {
    SpscQueue<std::shared_ptr<int>> queue(4);
    queue.try_push(std::shared_ptr<int>(watched));
    queue.try_push(std::shared_ptr<int>(watched));
    ASSERT_NE(queue.front(), nullptr);
    queue.pop();
    EXPECT_EQ(watched.use_count(), 2);
  }
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(SpscQueue, TwoThreadsPassEverythingInOrder) {
  constexpr int kCount = 200000;
  SpscQueue<std::unique_ptr<int>> queue(8);
  std::thread producer([&] {
    for (int i = 0; i < kCount; ++i) {
      auto value = std::make_unique<int>(i);
      while (!queue.try_push(std::move(value))) std::this_thread::yield();
    }
  });
  int wrong = 0;
  for (int i = 0; i < kCount; ++i) {
    std::unique_ptr<int> value;
    while (!queue.try_pop(value)) std::this_thread::yield();
    if (*value != i) ++wrong;
  }
  producer.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(queue.size_estimate(), 0u);
}

TEST(RealRandom, TwoGeneratorsDiffer) {
  RealRandom a;
  RealRandom b;
  EXPECT_NE(a.next(), b.next());
  EXPECT_NE(a.next(), a.next());
}

}  // namespace
}  // namespace weir
