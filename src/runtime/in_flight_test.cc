// Barriers overtake records on an edge, and a restore at any parallelism gives each of them once.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/strings.h"
#include "checkpoint/in_flight_list.h"
#include "runtime/in_flight_recorder.h"
#include "runtime/in_flight_restore.h"
#include "runtime/in_flight_time.h"
#include "runtime/input_gate.h"
#include "runtime/output_partition.h"
#include "weir/detail/types/record_codec_of.h"

namespace weir {
namespace {

using Ints = BatchOf<int>;
using Kind = StreamElement::Kind;
constexpr int kMaxParallelism = 16;

/// The key of a record is its number modulo 10.
class ByLastDigit final : public KeyHasher {
 public:
  std::unique_ptr<KeyHasher> copy() const override { return std::make_unique<ByLastDigit>(); }
  void hash(Batch& batch) const override {
    if (!batch.key_hashes.empty()) return;
    for (const int record : static_cast<Ints&>(batch).records)
      batch.key_hashes.push_back(record % 10);
  }
};

/// Sends a record to the subtask of its last digit.
class ToLastDigit final : public RecordPartitioner {
 public:
  std::unique_ptr<RecordPartitioner> copy() const override {
    return std::make_unique<ToLastDigit>();
  }
  Status choose(const Batch& batch, int receivers, std::vector<uint16_t>* which) const override {
    which->clear();
    for (const int record : static_cast<const Ints&>(batch).records)
      which->push_back(static_cast<uint16_t>(record % 10 % receivers));
    return {};
  }
};

JobOperator operator_of(const std::string& name) {
  JobOperator op;
  op.name = name;
  op.uid = name;
  op.id = murmur3_128(name);
  return op;
}

JobGraph graph_of(Partitioning partitioning, int senders, int receivers) {
  JobGraph graph;
  for (const auto& [name, parallelism] : {std::pair{"from", senders}, std::pair{"to", receivers}}) {
    JobVertex vertex;
    vertex.name = name;
    vertex.parallelism = parallelism;
    vertex.max_parallelism = kMaxParallelism;
    vertex.chain.push_back(operator_of(name));
    graph.vertices.push_back(std::move(vertex));
  }
  JobEdge edge;
  edge.from = 0;
  edge.to = 1;
  edge.partitioning = partitioning;
  edge.codec = detail::record_codec<int>();
  if (partitioning == Partitioning::kHash) edge.hasher = std::make_shared<ByLastDigit>();
  if (partitioning == Partitioning::kCustom) edge.partitioner = std::make_shared<ToLastDigit>();
  graph.edges.push_back(std::move(edge));
  return graph;
}

/// An edge with its channels and receiving gates, of one attempt.
class Attempt {
 public:
  Attempt(Partitioning partitioning, int senders, int receivers, size_t capacity = 4)
      : graph_(graph_of(partitioning, senders, receivers)),
        receivers_(static_cast<size_t>(receivers)) {
    std::vector<std::vector<std::shared_ptr<ChannelReader>>> in(receivers_);
    for (int sender = 0; sender < senders; ++sender) {
      std::vector<std::shared_ptr<ChannelWriter>> out;
      for (size_t receiver = 0; receiver < receivers_; ++receiver) {
        if (partitioning == Partitioning::kForward && receiver != static_cast<size_t>(sender))
          continue;
        auto channel = std::make_shared<Channel>(capacity);
        out.push_back(channel);
        in[receiver].push_back(channel);
      }
      const JobEdge& edge = graph_.edges[0];
      partitions_.push_back(std::make_unique<OutputPartition>(
          OutputPartition::Options{.partitioning = partitioning,
                                   .hasher = edge.hasher,
                                   .max_parallelism = kMaxParallelism,
                                   .batch_size = 2,
                                   .codec = edge.codec,
                                   .partitioner = edge.partitioner},
          std::move(out)));
    }
    for (size_t receiver = 0; receiver < receivers_; ++receiver) {
      std::vector<ChannelOrigin> origins(in[receiver].size(),
                                         {&graph_.edges[0], murmur3_128("from")});
      gates_.push_back(std::make_unique<InputGate>(in[receiver], CheckpointingMode::kExactlyOnce));
      gates_.back()->record_with(
          std::make_unique<InFlightRecorder>(
              std::move(origins),
              InFlightRecorder::Place{static_cast<int>(receiver), receivers, kMaxParallelism}),
          100);
    }
  }

  void emit(int sender, int record, Timestamp timestamp = kNoTimestamp) {
    Ints batch;
    batch.add(record, timestamp);
    partitions_[static_cast<size_t>(sender)]->emit(batch);
  }
  void watermark(int sender, Timestamp value) {
    partitions_[static_cast<size_t>(sender)]->broadcast(Kind::kWatermark, value);
  }
  void status(int sender, bool idle) {
    partitions_[static_cast<size_t>(sender)]->broadcast(Kind::kWatermarkStatus, idle ? 1 : 0);
  }
  InputGate& gate(size_t receiver) { return *gates_[receiver]; }
  size_t receivers() const { return receivers_; }

  /// "1@10 w20 idle b3 end", as the task gets it; at most `most` elements.
  std::string receive(size_t receiver, int most = 1000) {
    std::string text;
    StreamElement element;
    const auto next = [&] {
      for (auto& partition : partitions_) partition->pump();
      gates_[receiver]->pull();
      return gates_[receiver]->next(&element);
    };
    while (most-- > 0 && next()) {
      if (!text.empty()) text += ' ';
      if (element.kind == Kind::kBatch) {
        const auto& batch = static_cast<const Ints&>(*element.batch);
        for (size_t i = 0; i < batch.size(); ++i) {
          text += cat(i == 0 ? "" : " ", batch.records[i]);
          if (batch.timestamp(i) != kNoTimestamp) text += cat('@', batch.timestamp(i));
        }
        gates_[receiver]->recycle(std::move(element.batch));
      } else if (element.kind == Kind::kWatermarkStatus) {
        text += element.value != 0 ? "idle" : "active";
      } else {
        text += cat(element.kind == Kind::kBarrier ? 'b' : 'w', element.value);
      }
    }
    return text;
  }
  void send_barrier(CheckpointId id) {
    for (auto& partition : partitions_) partition->broadcast(Kind::kBarrier, id);
  }
  /// Takes checkpoint `id` of all receivers although nothing of what was sent has been processed.
  void overtake(CheckpointId id) {
    send_barrier(id);
    for (size_t receiver = 0; receiver < receivers_; ++receiver) {
      InputGate& gate = *gates_[receiver];
      gate.barriers().overtake(id);
      StreamElement barrier;
      ASSERT_TRUE(gate.next_overtaking(&barrier));
      EXPECT_EQ(barrier.value, id);
      std::optional<OperatorLists> lists;
      for (int i = 0; i < 100 && !lists; ++i) {
        gate.pull();
        for (auto& partition : partitions_) partition->pump();
        lists = gate.take_recorded(id);
      }
      ASSERT_TRUE(lists.has_value());
      stored_.push_back(*std::move(lists));
    }
  }
  const std::vector<OperatorLists>& stored() const { return stored_; }
  void forget_stored() { stored_.clear(); }

  /// Restores what another attempt has stored, as the restore plan deals it out.
  Status restore(const Attempt& before) {
    OperatorSnapshotState state;
    state.parallelism = static_cast<int>(before.receivers_);
    state.max_parallelism = kMaxParallelism;
    CheckpointedOperator target;
    target.parallelism = static_cast<int>(receivers_);
    target.max_parallelism = kMaxParallelism;
    std::vector<OperatorLists> lists(receivers_);
    for (size_t old_subtask = 0; old_subtask < before.stored_.size(); ++old_subtask) {
      for (const auto& [name, list] : before.stored_[old_subtask]) {
        EXPECT_EQ(list.mode, ListStateMode::kUnion);
        for (const int reader : in_flight_readers(in_flight_list(name)->route,
                                                  static_cast<int>(old_subtask), state, target)) {
          std::vector<std::string>& all = lists[static_cast<size_t>(reader)][name].elements;
          all.insert(all.end(), list.elements.begin(), list.elements.end());
        }
      }
    }
    for (size_t subtask = 0; subtask < receivers_; ++subtask) {
      InFlightRestore in_flight(graph_, 1, static_cast<int>(subtask));
      if (Status status = in_flight.take_from(0, lists[subtask]); !status.ok()) return status;
      EXPECT_TRUE(lists[subtask].empty());
      RestoredInFlight restored = in_flight.take();
      if (before.receivers_ != receivers_) forget_event_time(&restored);
      gates_[subtask]->replay(std::move(restored.channels));
    }
    return {};
  }
  JobGraph& graph() { return graph_; }

 private:
  JobGraph graph_;
  const size_t receivers_;
  std::vector<std::unique_ptr<OutputPartition>> partitions_;
  std::vector<std::unique_ptr<InputGate>> gates_;
  std::vector<OperatorLists> stored_;
};

std::multiset<int> numbers(const std::string& received) {
  std::multiset<int> numbers;
  for (size_t at = 0; at < received.size(); at = received.find(' ', at) + 1) {
    if (std::isdigit(static_cast<unsigned char>(received[at])) != 0)
      numbers.insert(std::stoi(received.substr(at)));
    if (received.find(' ', at) == std::string::npos) break;
  }
  return numbers;
}

std::multiset<int> one_to(int last) {
  std::multiset<int> numbers;
  for (int i = 1; i <= last; ++i) numbers.insert(i);
  return numbers;
}

TEST(InFlight, EveryEdgeGivesEachRecordOnceAtAnyParallelism) {
  using enum Partitioning;
  for (const Partitioning partitioning :
       {kForward, kHash, kRebalance, kRescale, kShuffle, kGlobal, kCustom}) {
    for (const auto& [before, now] :
         std::vector<std::pair<int, int>>{{1, 1}, {1, 2}, {2, 5}, {5, 3}, {3, 3}, {4, 1}}) {
      SCOPED_TRACE(cat(static_cast<int>(partitioning), ": ", before, " to ", now));
      Attempt first(partitioning, before, before);
      for (int i = 1; i <= 60; ++i) first.emit(i % before, i);
      first.overtake(1);
      Attempt second(partitioning, now, now);
      ASSERT_TRUE(second.restore(first).ok());
      std::multiset<int> all;
      for (size_t subtask = 0; subtask < second.receivers(); ++subtask) {
        for (const int number : numbers(second.receive(subtask))) {
          all.insert(number);
          if (partitioning == kHash) {
            EXPECT_EQ(subtask_of_key_group(key_group_of(number % 10, kMaxParallelism), now,
                                           kMaxParallelism),
                      static_cast<int>(subtask))
                << number;
          }
          if (partitioning == kCustom && before != now) {
            EXPECT_EQ(number % 10 % now, static_cast<int>(subtask));
          }
        }
      }
      EXPECT_EQ(all, one_to(60));
      // The attempt that took the checkpoint still processes everything, once.
      all.clear();
      for (size_t subtask = 0; subtask < first.receivers(); ++subtask)
        all.merge(numbers(first.receive(subtask)));
      EXPECT_EQ(all, one_to(60));
    }
  }
}

TEST(InFlight, OrderOfAChannelAndTimestampsAreKept) {
  Attempt first(Partitioning::kHash, 1, 1);
  for (int i = 0; i < 20; ++i) first.emit(0, i, 100 + i);
  first.overtake(1);
  Attempt second(Partitioning::kHash, 1, 3);
  ASSERT_TRUE(second.restore(first).ok());
  for (size_t subtask = 0; subtask < 3; ++subtask) {
    std::string expected;
    for (int i = 0; i < 20; ++i) {
      if (subtask_of_key_group(key_group_of(i % 10, kMaxParallelism), 3, kMaxParallelism) ==
          static_cast<int>(subtask))
        expected += cat(expected.empty() ? "" : " ", i, '@', 100 + i);
    }
    EXPECT_EQ(second.receive(subtask), expected);
  }
}

TEST(InFlight, RestoredElementsComeBeforeNewOnesAndBarriers) {
  Attempt first(Partitioning::kForward, 1, 1);
  first.emit(0, 1);
  first.emit(0, 2);
  first.overtake(1);
  Attempt second(Partitioning::kForward, 1, 1);
  ASSERT_TRUE(second.restore(first).ok());
  second.emit(0, 3);
  second.emit(0, 4);
  second.send_barrier(2);
  second.gate(0).barriers().overtake(2);
  EXPECT_FALSE(second.gate(0).overtakes()) << "the restored records come first";
  EXPECT_EQ(second.receive(0), "1 2 b2 3 4");
}

TEST(InFlight, WatermarksAndIdlenessInFlightAreRestored) {
  Attempt first(Partitioning::kRebalance, 2, 1, 16);
  first.watermark(0, 10);
  first.watermark(1, 5);
  EXPECT_EQ(first.receive(0), "w5");
  first.emit(0, 1, 20);
  first.emit(0, 2, 20);
  first.watermark(1, 8);
  first.watermark(0, 30);
  first.status(1, true);
  first.overtake(1);
  Attempt second(Partitioning::kRebalance, 2, 1);
  ASSERT_TRUE(second.restore(first).ok());
  // The task had 5 at its snapshot. The second channel's idleness lets the first one's through.
  EXPECT_EQ(second.receive(0), "w5 1@20 w8 2@20 w10 w30");
  second.watermark(0, 20);
  second.watermark(1, 20);
  EXPECT_EQ(second.receive(0), "") << "event time does not go back";
  second.watermark(0, 40);
  second.watermark(1, 31);
  EXPECT_EQ(second.receive(0), "w31");
}

TEST(InFlight, EventTimeStartsOverAtAnotherParallelism) {
  Attempt first(Partitioning::kRebalance, 1, 1, 16);
  first.watermark(0, 10);
  EXPECT_EQ(first.receive(0), "w10");
  first.emit(0, 1);
  first.watermark(0, 20);
  first.overtake(1);
  Attempt second(Partitioning::kRebalance, 1, 2);
  ASSERT_TRUE(second.restore(first).ok());
  EXPECT_EQ(second.receive(0), "1");
  EXPECT_EQ(second.receive(1), "");
  second.watermark(0, 15);
  EXPECT_EQ(second.receive(0), "w15");
}

TEST(InFlight, EventTimeIsKeptIfNoParallelismHasChanged) {
  const JobGraph graph = graph_of(Partitioning::kForward, 2, 2);
  RestorePlan plan;
  for (const char* name : {"from", "to"}) {
    OperatorRestore op;
    op.id = murmur3_128(name);
    op.found = true;
    op.old_parallelism = 2;
    plan.operators.push_back(std::move(op));
  }
  EXPECT_TRUE(keeps_event_time(plan, graph));
  plan.operators[0].old_parallelism = 3;
  EXPECT_FALSE(keeps_event_time(plan, graph));
  plan.operators[0].old_parallelism = 2;
  plan.operators[0].found = false;
  EXPECT_FALSE(keeps_event_time(plan, graph)) << "a new operator may have older records";
}

TEST(InFlight, AnIdleTaskIsActiveAfterItsRestoredElements) {
  Attempt first(Partitioning::kForward, 1, 1, 16);
  first.emit(0, 1);
  first.status(0, true);
  first.overtake(1);
  Attempt second(Partitioning::kForward, 1, 1);
  ASSERT_TRUE(second.restore(first).ok());
  EXPECT_EQ(second.receive(0), "1 idle active") << "the sender tells anew whether it is idle";
}

TEST(InFlight, TheEndOfEventTimeIsNotRestored) {
  Attempt first(Partitioning::kRebalance, 2, 1, 16);
  first.watermark(0, 10);
  first.watermark(0, kMaxWatermark);
  first.emit(1, 1);
  first.emit(1, 2);
  first.watermark(1, 20);
  first.watermark(1, kMaxWatermark);
  first.overtake(1);
  Attempt second(Partitioning::kRebalance, 2, 1);
  ASSERT_TRUE(second.restore(first).ok());
  const std::string received = second.receive(0);
  EXPECT_EQ(received.find(cat('w', kMaxWatermark)), std::string::npos) << received;
  second.watermark(0, kMaxWatermark);
  second.watermark(1, kMaxWatermark);
  EXPECT_EQ(second.receive(0), cat('w', kMaxWatermark));
}

TEST(InFlight, NothingInFlightStoresNothing) {
  Attempt attempt(Partitioning::kHash, 2, 2);
  attempt.watermark(0, 10);
  attempt.watermark(1, 10);
  for (size_t receiver = 0; receiver < 2; ++receiver) attempt.receive(receiver);
  attempt.overtake(1);
  for (const OperatorLists& lists : attempt.stored()) EXPECT_TRUE(lists.empty());
}

TEST(InFlight, WhatACheckpointHasNotProcessedIsInTheNextOneToo) {
  Attempt first(Partitioning::kForward, 1, 1);
  for (int i = 1; i <= 10; ++i) first.emit(0, i);
  first.overtake(1);
  EXPECT_EQ(first.receive(0, 2), "1 2");
  first.emit(0, 11);
  first.emit(0, 12);
  first.forget_stored();
  first.overtake(2);
  Attempt second(Partitioning::kForward, 1, 1);
  ASSERT_TRUE(second.restore(first).ok());
  EXPECT_EQ(second.receive(0), "3 4 5 6 7 8 9 10 11 12");
  EXPECT_EQ(first.receive(0), "3 4 5 6 7 8 9 10 11 12");
}

TEST(InFlight, AnAbortedCheckpointForgetsWhatItRecorded) {
  Attempt attempt(Partitioning::kForward, 1, 1);
  for (int i = 1; i <= 4; ++i) attempt.emit(0, i);
  InputGate& gate = attempt.gate(0);
  gate.barriers().overtake(1);
  StreamElement barrier;
  ASSERT_TRUE(gate.next_overtaking(&barrier));
  gate.pull();
  EXPECT_EQ(gate.take_recorded(1), std::nullopt) << "its barrier is missing";
  gate.barriers().on_abort(1);
  EXPECT_EQ(gate.take_recorded(1), std::nullopt);
  EXPECT_EQ(attempt.receive(0), "1 2 3 4");
  attempt.emit(0, 5);
  attempt.emit(0, 6);
  attempt.overtake(2);
  Attempt restored(Partitioning::kForward, 1, 1);
  ASSERT_TRUE(restored.restore(attempt).ok());
  EXPECT_EQ(restored.receive(0), "5 6");
}

TEST(InFlight, RecordsOfAnotherTypeAreRefused) {
  Attempt first(Partitioning::kForward, 1, 1);
  first.emit(0, 1);
  first.overtake(1);
  Attempt second(Partitioning::kForward, 1, 1);
  second.graph().edges[0].codec = detail::record_codec<int64_t>();
  const Status status = second.restore(first);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "the checkpoint has records in flight to operator 'to' (uid 'to') of the type int32, "
            "which is now int64; take a savepoint with the program that wrote the checkpoint, "
            "which has no records in flight, and start this one from it");
}

TEST(InFlight, AnEdgeThatDealsRecordsOutOtherwiseIsRefused) {
  Attempt first(Partitioning::kHash, 1, 1);
  first.emit(0, 1);
  first.overtake(1);
  Attempt second(Partitioning::kRebalance, 1, 1);
  const Status status = second.restore(first);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("gets its records in another way now"), std::string::npos)
      << status.message();
}

TEST(InFlight, DamagedBytesAreRefused) {
  Attempt first(Partitioning::kForward, 1, 1);
  first.emit(0, 1);
  first.watermark(0, 5);
  first.overtake(1);
  const std::string whole = first.stored()[0].begin()->second.elements[0];
  const std::string name = first.stored()[0].begin()->first;
  Attempt second(Partitioning::kForward, 1, 1);
  for (size_t length = 0; length < whole.size(); ++length) {
    OperatorLists lists;
    lists[name].elements = {whole.substr(0, length)};
    InFlightRestore restore(second.graph(), 1, 0);
    EXPECT_EQ(restore.take_from(0, lists).code(), StatusCode::kDataLoss) << length;
  }
}

TEST(InFlight, BytesAreThoseOfTheDocument) {
  InFlightHead head;
  head.record_type = "int32";
  head.sender = murmur3_128("count-uid");
  head.receiver = 1;
  head.receivers = 2;
  head.watermark = 10;
  BinaryWriter out;
  put_in_flight_head(out, head);
  auto batch = std::make_unique<Ints>();
  batch->add(1, 3);
  batch->add(258, 4);
  const auto codec = detail::record_codec<int>();
  put_in_flight_entry(out, {Kind::kBatch, 0, std::move(batch)}, codec.get());
  put_in_flight_entry(out, {Kind::kWatermark, 12, nullptr}, nullptr);
  std::string hex;
  for (const char byte : out.buffer()) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<uint8_t>(byte) >> 4];
    hex += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  EXPECT_EQ(hex,
            "0100000005696e743332"
            "e7d10c5c3dca7d2059d631494000fce800000000"
            "00000001000000020000008000000000"
            "000000000000000a00"
            "000000001d"
            "0100000002"
            "03000000000000000400000000000000"
            "0100000002010000"
            "01000000000000000c");
  EXPECT_EQ(out.size(), 0x62u);
}

TEST(InFlight, RecordsOfAnOperatorThatHasJoinedTheChainGoToIt) {
  Attempt first(Partitioning::kRebalance, 1, 1);
  for (int i = 1; i <= 4; ++i) first.emit(0, i);
  first.overtake(1);
  JobGraph graph;
  graph.vertices.emplace_back();
  graph.vertices[0].chain = {operator_of("from"), operator_of("to")};
  graph.vertices[0].chain[1].codec = detail::record_codec<int>();
  OperatorLists lists = first.stored()[0];
  InFlightRestore restore(graph, 0, 0);
  ASSERT_TRUE(restore.take_from(1, lists).ok());
  RestoredInFlight in_flight = restore.take();
  EXPECT_TRUE(in_flight.channels.empty());
  std::string text;
  for (const auto& [op, batch] : in_flight.inner) {
    for (const int record : static_cast<const Ints&>(*batch).records)
      text += cat(op, ':', record, ' ');
  }
  EXPECT_EQ(text, "1:1 1:2 1:3 1:4 ");
}

TEST(InFlight, TypesWithoutASerializerAreNamedBeforeTheStart) {
  JobGraph graph = graph_of(Partitioning::kRebalance, 1, 1);
  EXPECT_TRUE(check_can_overtake(graph).ok());
  graph.edges[0].codec = nullptr;
  const Status status = check_can_overtake(graph);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("'from' (uid 'from') and 'to' (uid 'to')"), std::string::npos);
  graph.edges[0].aligned_only = true;
  EXPECT_TRUE(check_can_overtake(graph).ok());
}

}  // namespace
}  // namespace weir
