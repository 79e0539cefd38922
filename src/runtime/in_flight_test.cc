// Barriers overtake records on an edge, and a restore at any parallelism gives each of them once.

#include "runtime/testing/in_flight_attempt.h"

namespace weir::in_flight_tests {
namespace {

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
}  // namespace weir::in_flight_tests
