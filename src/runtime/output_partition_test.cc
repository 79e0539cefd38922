#include "runtime/output_partition.h"

#include <gtest/gtest.h>

#include "runtime/input_gate.h"
#include "weir/detail/types/record_codec_of.h"

namespace weir {
namespace {

class IdentityHasher final : public KeyHasher {
 public:
  std::unique_ptr<KeyHasher> copy() const override { return std::make_unique<IdentityHasher>(); }
  void hash(Batch& batch) const override {
    batch.key_hashes.clear();
    for (const int record : static_cast<BatchOf<int>&>(batch).records)
      batch.key_hashes.push_back(record);
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
        for (const int record : static_cast<BatchOf<int>&>(*element.batch).records)
          text += std::to_string(record) + " ";
        text.back() = ']';
        break;
      }
      case StreamElement::Kind::kWatermark: text += "w" + std::to_string(element.value); break;
      case StreamElement::Kind::kBarrier: text += "b" + std::to_string(element.value); break;
      case StreamElement::Kind::kEndOfData: text += "end"; break;
      case StreamElement::Kind::kWatermarkStatus: text += "status"; break;
    }
  }
  return text;
}

TEST(OutputPartition, GathersSmallBatchesUntilFlushed) {
  auto to = channels(1);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 8},
                         ends<ChannelWriter>(to));
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
  OutputPartition output({.partitioning = Partitioning::kHash,
                          .hasher = std::make_shared<IdentityHasher>(),
                          .max_parallelism = 128},
                         ends<ChannelWriter>(to));
  auto batch = batch_of({1, 2, 3, 4, 5, 6, 7, 8});
  output.emit(batch);
  output.broadcast(StreamElement::Kind::kBarrier, 9);
  const std::string first = drain(*to[0]), second = drain(*to[1]);
  EXPECT_TRUE(first.ends_with("b9")) << first;
  EXPECT_TRUE(second.ends_with("b9")) << second;
}

TEST(OutputPartition, HashSendsEachKeyToTheSubtaskThatOwnsItsGroup) {
  auto to = channels(3);
  OutputPartition output({.partitioning = Partitioning::kHash,
                          .hasher = std::make_shared<IdentityHasher>(),
                          .max_parallelism = 128},
                         ends<ChannelWriter>(to));
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

TEST(OutputPartition, BroadcastSendsEverythingToEveryChannel) {
  auto to = channels(2);
  OutputPartition output({.partitioning = Partitioning::kBroadcast}, ends<ChannelWriter>(to));
  auto batch = batch_of({1, 2});
  output.emit(batch);
  output.flush();
  EXPECT_EQ(drain(*to[0]), "[1 2]");
  EXPECT_EQ(drain(*to[1]), "[1 2]");
}

TEST(OutputPartition, GlobalSendsEverythingToTheFirstChannel) {
  auto to = channels(2);
  OutputPartition output({.partitioning = Partitioning::kGlobal}, ends<ChannelWriter>(to));
  auto batch = batch_of({1, 2});
  output.emit(batch);
  output.flush();
  EXPECT_EQ(drain(*to[0]), "[1 2]");
  EXPECT_EQ(drain(*to[1]), "");
}

TEST(OutputPartition, ShuffleGivesEachChannelItsShare) {
  auto to = channels(3, 4096);
  OutputPartition output({.partitioning = Partitioning::kShuffle}, ends<ChannelWriter>(to));
  std::vector<int> counts(3);
  for (int i = 0; i < 100; ++i) {
    auto batch = batch_of(std::vector<int>(30, i));
    batch.key_hashes.assign(i % 2 == 0 ? 30 : 0, 7);  // of an earlier exchange
    output.emit(batch);
  }
  output.flush();
  StreamElement element;
  for (size_t target = 0; target < to.size(); ++target) {
    while (to[target]->try_pop(&element)) {
      EXPECT_TRUE(element.batch->key_hashes.empty());
      counts[target] += static_cast<int>(element.batch->size());
    }
  }
  EXPECT_EQ(counts[0] + counts[1] + counts[2], 3000);
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

/// Answers with the record itself.
class RecordIsTarget final : public RecordPartitioner {
 public:
  std::unique_ptr<RecordPartitioner> copy() const override {
    return std::make_unique<RecordIsTarget>();
  }
  Status choose(const Batch& batch, int receivers, std::vector<uint16_t>* which) const override {
    which->clear();
    for (const int record : static_cast<const BatchOf<int>&>(batch).records) {
      if (record >= receivers) return failed_precondition("no such subtask");
      which->push_back(static_cast<uint16_t>(record));
    }
    return {};
  }
};

TEST(OutputPartition, APartitionerChoosesTheChannel) {
  auto to = channels(3);
  OutputPartition output(
      {.partitioning = Partitioning::kCustom, .partitioner = std::make_shared<RecordIsTarget>()},
      ends<ChannelWriter>(to));
  auto batch = batch_of({2, 0, 2});
  output.emit(batch);
  output.flush();
  EXPECT_EQ(drain(*to[0]) + drain(*to[1]) + drain(*to[2]), "[0][2 2]");
  EXPECT_TRUE(output.failure().ok());
  batch = batch_of({1, 3});
  output.emit(batch);
  EXPECT_EQ(output.failure().message(), "no such subtask");
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
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 1},
                         ends<ChannelWriter>(to));
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

TEST(OutputPartition, LaterElementsStayBehindWaitingOnesWhenThereIsRoomAgain) {
  auto to = channels(1, 2);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 1},
                         ends<ChannelWriter>(to));
  for (const int record : {1, 2, 3}) {
    auto batch = batch_of({record});
    output.emit(batch);
  }
  EXPECT_EQ(drain(*to[0]), "[1][2]");
  output.broadcast(StreamElement::Kind::kBarrier, 7);
  EXPECT_TRUE(output.pump());
  EXPECT_EQ(drain(*to[0]), "[3]b7");
}

TEST(OutputPartition, EmptiedBatchesAreReused) {
  auto to = channels(1);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 1},
                         ends<ChannelWriter>(to));
  auto batch = batch_of({1});
  output.emit(batch);
  StreamElement element;
  ASSERT_TRUE(to[0]->try_pop(&element));
  Batch* const first = element.batch.get();
  to[0]->recycle(std::move(element.batch));
  batch = batch_of({2});
  output.emit(batch);
  ASSERT_TRUE(to[0]->try_pop(&element));
  EXPECT_EQ(element.batch.get(), first);
  EXPECT_EQ(static_cast<BatchOf<int>&>(*element.batch).records, std::vector<int>{2});
}

TEST(OutputPartition, BatchesWithAndWithoutTimestampsAreNotMixed) {
  auto to = channels(1);
  OutputPartition output({.partitioning = Partitioning::kForward, .batch_size = 100},
                         ends<ChannelWriter>(to));
  auto timed = batch_of({1});
  timed.timestamps = {5};
  auto untimed = batch_of({2});
  output.emit(timed);
  output.emit(untimed);
  output.flush();
  EXPECT_EQ(drain(*to[0]), "[1][2]");
}

TEST(InputGate, BlockedChannelIsSkippedUntilTheOthersDeliverTheBarrier) {
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
      gate.recycle(std::move(element.batch));
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

/// The sizes of the batches in the channel, and all records one after the other.
std::pair<std::vector<size_t>, std::string> batches_of_texts(Channel& channel) {
  std::pair<std::vector<size_t>, std::string> found;
  StreamElement element;
  while (channel.try_pop(&element)) {
    found.first.push_back(element.batch->size());
    for (const std::string& record : static_cast<BatchOf<std::string>&>(*element.batch).records)
      found.second += record;
  }
  return found;
}

BatchOf<std::string> texts(size_t count, size_t bytes) {
  BatchOf<std::string> batch;
  for (size_t i = 0; i < count; ++i) batch.records.emplace_back(bytes, static_cast<char>('a' + i));
  return batch;
}

TEST(OutputPartition, BatchesOfLargeRecordsAreBoundedInBytes) {
  auto to = channels(1, 64);
  OutputPartition output(
      {.batch_size = 512, .batch_bytes = 1000, .codec = detail::record_codec<std::string>()},
      ends<ChannelWriter>(to));
  auto large = texts(10, 300);
  std::string expected;
  for (const std::string& record : large.records) expected += record;
  output.emit(large);
  EXPECT_TRUE(large.empty());
  output.flush();
  EXPECT_EQ(batches_of_texts(*to[0]), std::make_pair(std::vector<size_t>{3, 3, 3, 1}, expected));
  auto huge = texts(20, 5000);
  output.emit(huge);
  output.flush();
  EXPECT_EQ(batches_of_texts(*to[0]).first, std::vector<size_t>(20, 1));
}

TEST(OutputPartition, RefusesARecordAboveTheLimitUnlessItStaysInItsShard) {
  auto to = channels(1, 64);
  const auto partition = [&](Partitioning partitioning) {
    return OutputPartition({.partitioning = partitioning,
                            .max_record_bytes = 104,
                            .codec = detail::record_codec<std::string>()},
                           ends<ChannelWriter>(to));
  };
  auto batch = texts(3, 100);  // and four bytes for the length
  EXPECT_TRUE(partition(Partitioning::kRebalance).check(batch).ok());
  batch.records[1] += 'x';
  const Status refused = partition(Partitioning::kRebalance).check(batch);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(),
            "a record of 105 bytes cannot be sent to the next task; at most 104 bytes "
            "(weir.max-record-size) may: emit smaller records, or raise the limit");
  EXPECT_TRUE(partition(Partitioning::kForward).check(batch).ok());
}

/// Knows whether it is the graph's instance.
class PrototypeHasher final : public KeyHasher {
 public:
  explicit PrototypeHasher(std::vector<const KeyHasher*>& used, bool copied = false)
      : used_(used), copied_(copied) {}
  std::unique_ptr<KeyHasher> copy() const override {
    return std::make_unique<PrototypeHasher>(used_, true);
  }
  void hash(Batch& batch) const override {
    EXPECT_TRUE(copied_);
    used_.push_back(this);
    batch.key_hashes.assign(batch.size(), 0);
  }

 private:
  std::vector<const KeyHasher*>& used_;
  const bool copied_;
};

TEST(OutputPartition, EverySenderHasItsOwnKeySelector) {
  std::vector<const KeyHasher*> used;
  const auto prototype = std::make_shared<const PrototypeHasher>(used);
  std::vector<std::unique_ptr<OutputPartition>> senders;
  for (int i = 0; i < 2; ++i) {
    std::vector<std::shared_ptr<ChannelWriter>> channels = {std::make_shared<Channel>(4),
                                                            std::make_shared<Channel>(4)};
    senders.push_back(std::make_unique<OutputPartition>(
        OutputPartition::Options{.partitioning = Partitioning::kHash, .hasher = prototype},
        channels));
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& sender : senders) {
      BatchOf<int> batch = batch_of({1});
      sender->emit(batch);
    }
  }
  ASSERT_EQ(used.size(), 4u);
  EXPECT_NE(used[0], used[1]);
  EXPECT_EQ(used[0], used[2]);
  EXPECT_EQ(used[1], used[3]);
}

TEST(BatchLimit, EstimateRisesAtOnceAndFallsSlowly) {
  BatchLimit limit(512, 10000, detail::record_codec<std::string>());
  limit.measure(texts(300, 8));
  EXPECT_EQ(limit.full(), 512u);
  EXPECT_GT(limit.most(), 512u);
  limit.measure(texts(300, 4998));
  EXPECT_EQ(limit.full(), 1u);
  EXPECT_EQ(limit.most(), 1u);
  for (int i = 0; i < 10; ++i) limit.measure(texts(300, 8));
  EXPECT_GT(limit.full(), 4u);
  EXPECT_LT(limit.full(), 100u);
  for (int i = 0; i < 60; ++i) limit.measure(texts(300, 8));
  EXPECT_EQ(limit.full(), 512u);
}

TEST(BatchLimit, WithoutACodecLimitsOnlyTheNumberOfRecords) {
  BatchLimit limit(512, 10, nullptr);
  limit.measure(texts(300, 1000));
  EXPECT_EQ(limit.full(), 512u);
  EXPECT_GT(limit.most(), 1000000u);
}

TEST(BatchLimit, SplitBatchKeepsItsOrderTimestampsAndHashes) {
  BatchOf<int> batch = batch_of({1, 2, 3, 4, 5});
  batch.timestamps = {10, 20, 30, 40, 50};
  batch.key_hashes = {6, 7, 8, 9, 10};
  const auto parts = split_batch(batch, 2);
  EXPECT_TRUE(batch.empty());
  ASSERT_EQ(parts.size(), 3u);
  const auto& last = static_cast<BatchOf<int>&>(*parts[2]);
  EXPECT_EQ(last.records, (std::vector<int>{5}));
  EXPECT_EQ(last.timestamps, (std::vector<Timestamp>{50}));
  EXPECT_EQ(last.key_hashes, (std::vector<int32_t>{10}));
  EXPECT_EQ(static_cast<BatchOf<int>&>(*parts[1]).records, (std::vector<int>{3, 4}));
}

}  // namespace
}  // namespace weir
