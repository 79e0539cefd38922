#include "runtime/output_partition.h"

#include <gtest/gtest.h>

#include "runtime/input_gate.h"

namespace weir {
namespace {

class IdentityHasher final : public KeyHasher {
 public:
  void hash(Batch& batch) const override {
    batch.key_hashes.clear();
    for (const int record : static_cast<BatchOf<int>&>(batch).records) batch.key_hashes.push_back(record);
  }
};

std::vector<std::shared_ptr<Channel>> channels(int count, size_t capacity = 16) {
  std::vector<std::shared_ptr<Channel>> made;
  for (int i = 0; i < count; ++i) made.push_back(std::make_shared<Channel>(capacity));
  return made;
}

template <class End>
std::vector<std::shared_ptr<End>> ends(const std::vector<std::shared_ptr<Channel>>& channels) {
  return {channels.begin(), channels.end()};
}

BatchOf<int> batch_of(std::vector<int> records) {
  BatchOf<int> batch;
  batch.records = std::move(records);
  return batch;
}

/// "[1 2]" per batch, "w5", "b1", "end".
std::string drain(Channel& channel) {
  std::string text;
  StreamElement element;
  while (channel.try_pop(&element)) {
    switch (element.kind) {
      case StreamElement::Kind::kBatch: {
        text += "[";
        for (const int record : static_cast<BatchOf<int>&>(*element.batch).records) text += std::to_string(record) + " ";
        text.back() = ']';
        break;
      }
      case StreamElement::Kind::kWatermark: text += "w" + std::to_string(element.value); break;
      case StreamElement::Kind::kBarrier: text += "b" + std::to_string(element.value); break;
      case StreamElement::Kind::kEndOfData: text += "end"; break;
    }
  }
  return text;
}

TEST(OutputPartition, GathersSmallBatchesUntilFlushed) {
  auto to = channels(1);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 8}, ends<ChannelWriter>(to));
  auto a = batch_of({1, 2}), b = batch_of({3});
  output.emit(a);
  output.emit(b);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(drain(*to[0]), "");
  output.flush();
  EXPECT_EQ(drain(*to[0]), "[1 2 3]");
}

TEST(OutputPartition, BarrierLeavesAfterTheRecordsBeforeItOnEveryChannel) {
  auto to = channels(2);
  OutputPartition output({.partitioning = Partitioning::kHash, .hasher = std::make_shared<IdentityHasher>(), .max_parallelism = 128}, ends<ChannelWriter>(to));
  auto batch = batch_of({1, 2, 3, 4, 5, 6, 7, 8});
  output.emit(batch);
  output.broadcast(StreamElement::Kind::kBarrier, 9);
  const std::string first = drain(*to[0]), second = drain(*to[1]);
  EXPECT_TRUE(first.ends_with("b9")) << first;
  EXPECT_TRUE(second.ends_with("b9")) << second;
}

TEST(OutputPartition, HashSendsEachKeyToTheSubtaskThatOwnsItsGroup) {
  auto to = channels(3);
  OutputPartition output({.partitioning = Partitioning::kHash, .hasher = std::make_shared<IdentityHasher>(), .max_parallelism = 128}, ends<ChannelWriter>(to));
  std::vector<int> keys(100);
  for (int i = 0; i < 100; ++i) keys[i] = i;
  auto batch = batch_of(keys);
  output.emit(batch);
  output.flush();
  int seen = 0;
  for (int subtask = 0; subtask < 3; ++subtask) {
    StreamElement element;
    while (to[subtask]->try_pop(&element)) {
      for (const int key : static_cast<BatchOf<int>&>(*element.batch).records) {
        EXPECT_EQ(subtask_of_key_group(key_group_of(key, 128), 3, 128), subtask);
        ++seen;
      }
    }
  }
  EXPECT_EQ(seen, 100);
}

TEST(OutputPartition, BroadcastGivesEveryoneEverything) {
  auto to = channels(2);
  OutputPartition output({.partitioning = Partitioning::kBroadcast}, ends<ChannelWriter>(to));
  auto batch = batch_of({1, 2});
  output.emit(batch);
  output.flush();
  EXPECT_EQ(drain(*to[0]), "[1 2]");
  EXPECT_EQ(drain(*to[1]), "[1 2]");
}

TEST(OutputPartition, RebalanceTakesTurns) {
  auto to = channels(2);
  OutputPartition output({.partitioning = Partitioning::kRebalance}, ends<ChannelWriter>(to));
  for (const int record : {1, 2, 3}) {
    auto batch = batch_of({record});
    output.emit(batch);
  }
  output.flush();
  EXPECT_EQ(drain(*to[0]), "[1 3]");
  EXPECT_EQ(drain(*to[1]), "[2]");
}

TEST(OutputPartition, FullChannelKeepsOrderAndHoldsTheTaskBack) {
  auto to = channels(1, 2);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 1}, ends<ChannelWriter>(to));
  for (const int record : {1, 2, 3}) {
    auto batch = batch_of({record});
    output.emit(batch);
  }
  output.broadcast(StreamElement::Kind::kWatermark, 7);
  EXPECT_FALSE(output.pump());
  EXPECT_EQ(drain(*to[0]), "[1][2]");
  EXPECT_TRUE(output.pump());
  EXPECT_EQ(drain(*to[0]), "[3]w7");
}

TEST(OutputPartition, EmptiedBatchesAreUsedAgain) {
  auto to = channels(1);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 1}, ends<ChannelWriter>(to));
  auto batch = batch_of({1});
  output.emit(batch);
  StreamElement element;
  ASSERT_TRUE(to[0]->try_pop(&element));
  Batch* const first = element.batch.get();
  to[0]->give_back(std::move(element.batch));
  batch = batch_of({2});
  output.emit(batch);
  ASSERT_TRUE(to[0]->try_pop(&element));
  EXPECT_EQ(element.batch.get(), first);
  EXPECT_EQ(static_cast<BatchOf<int>&>(*element.batch).records, std::vector<int>{2});
}

TEST(OutputPartition, BatchesWithAndWithoutTimestampsAreNotMixed) {
  auto to = channels(1);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 100}, ends<ChannelWriter>(to));
  auto timed = batch_of({1});
  timed.timestamps = {5};
  auto untimed = batch_of({2});
  output.emit(timed);
  output.emit(untimed);
  output.flush();
  EXPECT_EQ(drain(*to[0]), "[1][2]");
}

TEST(InputGate, BlockedChannelIsPassedOverUntilTheOthersDeliverTheBarrier) {
  auto from = channels(2);
  InputGate gate(ends<ChannelReader>(from), CheckpointingMode::kExactlyOnce);
  OutputPartition a({.partitioning = Partitioning::kForward, .batch_size = 1}, {from[0]});
  OutputPartition b({.partitioning = Partitioning::kForward, .batch_size = 1}, {from[1]});
  const auto emit = [](OutputPartition& to, int record) {
    auto batch = batch_of({record});
    to.emit(batch);
  };
  a.broadcast(StreamElement::Kind::kBarrier, 1);
  emit(a, 100);  // after the barrier: must wait
  emit(b, 1);
  emit(b, 2);
  b.broadcast(StreamElement::Kind::kBarrier, 1);
  std::string order;
  StreamElement element;
  while (gate.next(&element)) {
    if (element.kind == StreamElement::Kind::kBarrier) {
      order += "b ";
    } else {
      order += std::to_string(static_cast<BatchOf<int>&>(*element.batch).records[0]) + " ";
      gate.give_back(std::move(element.batch));
    }
  }
  EXPECT_EQ(order, "1 2 b 100 ");
}

TEST(InputGate, EndsWhenAllChannelsHave) {
  auto from = channels(2);
  InputGate gate(ends<ChannelReader>(from), CheckpointingMode::kExactlyOnce);
  StreamElement element{StreamElement::Kind::kEndOfData, 0, nullptr};
  from[0]->try_push(element);
  EXPECT_FALSE(gate.next(&element));
  element = {StreamElement::Kind::kEndOfData, 0, nullptr};
  from[1]->try_push(element);
  EXPECT_TRUE(gate.next(&element));
  EXPECT_EQ(element.kind, StreamElement::Kind::kEndOfData);
}

}  // namespace
}  // namespace weir
