#include "checkpoint/in_flight_list.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using enum InFlightRoute;

TEST(InFlightList, NamesSayInputAndRoute) {
  for (const InFlightRoute route : {kFixed, kByKey, kByPartitioner, kCopied}) {
    for (const int input : {0, 1, 12})
      EXPECT_EQ(in_flight_list(in_flight_list_name(input, route)), (InFlightList{input, route}));
  }
  EXPECT_EQ(in_flight_list_name(1, kByKey), "weir.in-flight.1.by-key");
  for (const char* other :
       {"", "weir.in-flight.", "weir.in-flight.1", "weir.in-flight.1.", "weir.in-flight.x.fixed",
        "weir.in-flight.1.other", "weir.in-flight.-1.fixed", "a.weir.in-flight.1.fixed"})
    EXPECT_EQ(in_flight_list(other), std::nullopt) << other;
}

/// "0>0 1>0": old and new subtasks.
std::string readers(InFlightRoute route, int before, int now, int max_before = 8, int max_now = 8) {
  OperatorSnapshotState state;
  state.parallelism = before;
  state.max_parallelism = max_before;
  CheckpointedOperator target;
  target.parallelism = now;
  target.max_parallelism = max_now;
  std::string text;
  for (int old_subtask = 0; old_subtask < before; ++old_subtask) {
    text += (text.empty() ? "" : " ") + std::to_string(old_subtask) + ">";
    for (const int reader : in_flight_readers(route, old_subtask, state, target))
      text += std::to_string(reader);
  }
  return text;
}

TEST(InFlightList, FixedRecordsHaveOneReader) {
  EXPECT_EQ(readers(kFixed, 2, 2), "0>0 1>1");
  EXPECT_EQ(readers(kFixed, 3, 2), "0>0 1>1 2>0");
  EXPECT_EQ(readers(kFixed, 2, 5), "0>0 1>1");
}

TEST(InFlightList, RecordsByKeyAreReadByTheOwnersOfTheirKeyGroups) {
  EXPECT_EQ(readers(kByKey, 2, 2), "0>0 1>1");
  EXPECT_EQ(readers(kByKey, 2, 4), "0>01 1>23");
  EXPECT_EQ(readers(kByKey, 4, 2), "0>0 1>0 2>1 3>1");
  EXPECT_EQ(readers(kByKey, 2, 3), "0>01 1>12");
  EXPECT_EQ(readers(kByKey, 2, 2, 8, 16), "0>01 1>01") << "the groups are others";
}

TEST(InFlightList, APartitionerIsAskedBySubtasksOfAnotherParallelism) {
  EXPECT_EQ(readers(kByPartitioner, 2, 2), "0>0 1>1");
  EXPECT_EQ(readers(kByPartitioner, 2, 3), "0>012 1>012");
}

TEST(InFlightList, EachSubtaskBehindABroadcastGoesOnWhereOneWas) {
  EXPECT_EQ(readers(kCopied, 2, 2), "0>0 1>1");
  EXPECT_EQ(readers(kCopied, 2, 5), "0>024 1>13");
  EXPECT_EQ(readers(kCopied, 3, 1), "0>0 1> 2>");
}

}  // namespace
}  // namespace weir
