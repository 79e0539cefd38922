#include "checkpoint/restore_plan.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

OperatorId id_of(uint8_t n) {
  OperatorId id;
  id.bytes[15] = n;
  return id;
}

KeyedStateHandle keyed(int first, int last) {
  return {{first, last},
          std::vector<int64_t>(static_cast<size_t>(last - first + 1)),
          FileSegment{"data", 0, 100}};
}

OperatorStateHandle lists(std::map<std::string, ListStateLocation> content) {
  return {std::move(content), InlineBytes{"12345"}};
}

ListStateLocation split(int elements) {
  return {ListStateMode::kSplit, std::vector<int64_t>(static_cast<size_t>(elements))};
}
ListStateLocation all(int elements) {
  return {ListStateMode::kUnion, std::vector<int64_t>(static_cast<size_t>(elements))};
}

OperatorSnapshotState stored(std::string name, std::string uid, uint8_t id, int parallelism,
                             int max_parallelism, std::map<int, SubtaskState> subtasks) {
  return {std::move(name), std::move(uid),  id_of(id),
          parallelism,     max_parallelism, std::move(subtasks)};
}

std::shared_ptr<const CheckpointMetadata> checkpoint(std::vector<OperatorSnapshotState> operators) {
  return std::make_shared<CheckpointMetadata>(CheckpointMetadata{7, std::move(operators)});
}

/// "0-3 4-7|8-15": the groups that each new subtask reads, per old handle.
std::string keyed_text(const RestorePlan& plan) {
  std::string text;
  for (const SubtaskRestore& subtask : plan.operators[0].subtasks) {
    if (&subtask != &plan.operators[0].subtasks[0]) text += '|';
    for (const KeyedStateSelection& part : subtask.keyed) {
      if (&part != &subtask.keyed[0]) text += ' ';
      text += std::to_string(part.groups.first) + "-" + std::to_string(part.groups.last);
    }
  }
  return text;
}

std::string lists_text(const std::vector<ListStateSelection>& selections) {
  std::string text;
  for (const ListStateSelection& part : selections) {
    if (&part != &selections[0]) text += ' ';
    text += part.list + ":";
    for (const int element : part.elements)
      text += std::to_string(element) + (element == part.elements.back() ? "" : ",");
  }
  return text;
}
/// "u:0 and a:0,1 a:0|a:2": lists and elements that all new subtasks read, and those that each
/// reads, per old handle.
std::string lists_text(const RestorePlan& plan) {
  std::string text = lists_text(plan.operators[0].for_all) + " and ";
  for (const SubtaskRestore& subtask : plan.operators[0].subtasks) {
    if (&subtask != &plan.operators[0].subtasks[0]) text += '|';
    text += lists_text(subtask.lists);
  }
  return text;
}

std::shared_ptr<const CheckpointMetadata> keyed_on_two_subtasks() {
  return checkpoint(
      {stored("count", "c", 1, 2, 16, {{0, {{}, keyed(0, 7)}}, {1, {{}, keyed(8, 15)}}})});
}

StatusOr<RestorePlan> restore_count(int parallelism, int max_parallelism) {
  return plan_restore(keyed_on_two_subtasks(),
                      {{"count", "c", id_of(1), parallelism, max_parallelism}}, {});
}

TEST(RestorePlan, KeyedStateStaysWhereItWas) {
  EXPECT_EQ(keyed_text(restore_count(2, 16).value()), "0-7|8-15");
}

TEST(RestorePlan, KeyedStateIsSplitByKeyGroup) {
  EXPECT_EQ(keyed_text(restore_count(1, 16).value()), "0-7 8-15");
  EXPECT_EQ(keyed_text(restore_count(3, 16).value()), "0-5|6-7 8-10|11-15");
  EXPECT_EQ(keyed_text(restore_count(4, 16).value()), "0-3|4-7|8-11|12-15");
}

TEST(RestorePlan, EveryKeyGroupIsReadOnceAtAnyParallelism) {
  for (int parallelism = 1; parallelism <= 16; ++parallelism) {
    const RestorePlan plan = restore_count(parallelism, 16).value();
    std::vector<int> readers(16);
    for (const SubtaskRestore& subtask : plan.operators[0].subtasks) {
      for (const KeyedStateSelection& part : subtask.keyed) {
        for (int group = part.groups.first; group <= part.groups.last; ++group) {
          EXPECT_TRUE(part.handle->range.contains(group));
          ++readers[static_cast<size_t>(group)];
        }
      }
    }
    EXPECT_EQ(readers, std::vector<int>(16, 1)) << parallelism;
  }
}

TEST(RestorePlan, RefusesAnotherMaxParallelism) {
  const Status status = restore_count(2, 32).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "operator \"count\" (uid c, id 00000000000000000000000000000001) has max parallelism "
            "32, but its keyed state was "
            "written with 16, which is fixed for the state's life; set it to 16 by "
            "set_max_parallelism() on the operator or the "
            "environment, or by pipeline.max-parallelism, or set none: then it is taken over");
  EXPECT_EQ(stored_max_parallelism(*keyed_on_two_subtasks(), id_of(1)), 16);
  EXPECT_EQ(stored_max_parallelism(*keyed_on_two_subtasks(), id_of(2)), std::nullopt);
}

std::shared_ptr<const CheckpointMetadata> lists_on_two_subtasks() {
  return checkpoint({stored("source", "s", 1, 2, 128,
                            {{0, {lists({{"a", split(3)}, {"u", all(1)}}), {}}},
                             {1, {lists({{"a", split(2)}, {"u", all(2)}}), {}}}})});
}

StatusOr<RestorePlan> restore_source(int parallelism, int max_parallelism) {
  return plan_restore(lists_on_two_subtasks(),
                      {{"source", "s", id_of(1), parallelism, max_parallelism}}, {});
}

TEST(RestorePlan, ListsStayWhereTheyWereAndUnionsGoToAll) {
  EXPECT_EQ(lists_text(restore_source(2, 128).value()), "u:0 u:0,1 and a:0,1,2|a:0,1");
}

TEST(RestorePlan, ListsAreDealtOutWhenTheParallelismChanges) {
  EXPECT_EQ(lists_text(restore_source(1, 128).value()), "u:0 u:0,1 and a:0,1,2 a:0,1");
  EXPECT_EQ(lists_text(restore_source(3, 128).value()), "u:0 u:0,1 and a:0 a:0|a:1 a:1|a:2");
}

StatusOr<RestorePlan> restore_broadcast(int parallelism) {
  const ListStateLocation copy{ListStateMode::kBroadcast, {7}};
  return plan_restore(
      checkpoint({stored("join", "j", 1, 3, 128,
                         {{0, {OperatorStateHandle{{{"b", copy}}, InlineBytes{"0"}}, {}}},
                          {2, {OperatorStateHandle{{{"b", copy}}, InlineBytes{"2"}}, {}}}})}),
      {{"join", "j", id_of(1), parallelism, 128}}, {});
}
/// Whose copy each new subtask reads.
std::string copies_text(const RestorePlan& plan) {
  std::string text;
  for (const SubtaskRestore& subtask : plan.operators[0].subtasks) {
    EXPECT_EQ(lists_text(subtask.lists), "b:0");
    text += std::get<InlineBytes>(subtask.lists[0].handle->stream).bytes;
  }
  return text;
}

TEST(RestorePlan, CopiesOfABroadcastStateAreDealtInTurn) {
  EXPECT_EQ(copies_text(restore_broadcast(1).value()), "0");
  EXPECT_EQ(copies_text(restore_broadcast(3).value()), "020") << "subtask 1 had no state";
  EXPECT_EQ(copies_text(restore_broadcast(5).value()), "02020");
}

TEST(RestorePlan, OperatorStateIgnoresMaxParallelism) { EXPECT_TRUE(restore_source(2, 256).ok()); }

TEST(RestorePlan, NewOperatorStartsEmpty) {
  const RestorePlan plan =
      plan_restore(keyed_on_two_subtasks(),
                   {{"count", "c", id_of(1), 2, 16}, {"new", "n", id_of(2), 3, 16}}, {})
          .value();
  ASSERT_EQ(plan.operators.size(), 2u);
  EXPECT_FALSE(plan.operators[1].found);
  ASSERT_EQ(plan.operators[1].subtasks.size(), 3u);
  EXPECT_TRUE(plan.operators[1].subtasks[2].keyed.empty());
  EXPECT_EQ(plan.find(id_of(1)), &plan.operators[0]);
  EXPECT_EQ(plan.find(id_of(3)), nullptr);
}

TEST(RestorePlan, RefusesUnclaimedState) {
  const Status status =
      plan_restore(keyed_on_two_subtasks(), {{"new", "n", id_of(2), 3, 16}}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "checkpoint 7 holds state that no operator of this job claims: \"count\" (uid c, id "
            "00000000000000000000000000000001) with 200 bytes; give the operator that should have "
            "it that uid, or set "
            "execution.state-recovery.ignore-unclaimed-state to true to leave it behind");
}

TEST(RestorePlan, DropsUnclaimedStateOnRequest) {
  const RestorePlan plan = plan_restore(keyed_on_two_subtasks(), {{"new", "n", id_of(2), 3, 16}},
                                        {.ignore_unclaimed_state = true})
                               .value();
  ASSERT_EQ(plan.dropped.size(), 1u);
  EXPECT_EQ(plan.dropped[0].bytes, 200);
}

TEST(RestorePlan, OperatorWithoutStateMayBeRemoved) {
  EXPECT_TRUE(plan_restore(checkpoint({stored("map", "m", 9, 1, 128, {{0, {}}})}), {}, {}).ok());
}

TEST(RestorePlan, RefusesTwoOperatorsWithOneUid) {
  const Status status =
      plan_restore(checkpoint({}), {{"a", "x", id_of(1), 1, 16}, {"b", "x", id_of(1), 1, 16}}, {})
          .status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "operators \"a\" and \"b\" have the same uid x (id 00000000000000000000000000000001); "
            "give each operator its own uid");
}

TEST(RestorePlan, ContradictoryCheckpointIsDamaged) {
  const std::vector<RestoreTarget> targets{{"count", "c", id_of(1), 2, 16}};
  const OperatorSnapshotState state = stored("count", "c", 1, 2, 16, {});
  EXPECT_EQ(plan_restore(checkpoint({state, state}), targets, {}).status().code(),
            StatusCode::kDataLoss);

  const auto code_with = [&](std::map<int, SubtaskState> subtasks) {
    OperatorSnapshotState changed = state;
    changed.subtasks = std::move(subtasks);
    return plan_restore(checkpoint({changed}), targets, {}).status().code();
  };
  KeyedStateHandle short_of_offsets = keyed(0, 7);
  short_of_offsets.offsets.pop_back();
  EXPECT_EQ(code_with({{0, {{}, keyed(0, 7)}}, {1, {{}, keyed(8, 15)}}}), StatusCode::kOk);
  EXPECT_EQ(code_with({{0, {{}, keyed(0, 8)}}, {1, {{}, keyed(8, 15)}}}), StatusCode::kDataLoss);
  EXPECT_EQ(code_with({{0, {{}, keyed(0, 7)}}, {1, {{}, keyed(0, 7)}}}), StatusCode::kDataLoss);
  EXPECT_EQ(code_with({{0, {{}, keyed(8, 16)}}}), StatusCode::kDataLoss);
  EXPECT_EQ(code_with({{0, {{}, short_of_offsets}}}), StatusCode::kDataLoss);
  EXPECT_EQ(code_with({{2, {{}, keyed(0, 7)}}}), StatusCode::kDataLoss);
}

TEST(RestorePlan, PrintsMatchedNewAndDroppedOperators) {
  auto metadata = checkpoint({stored("count", "c", 1, 1, 16, {{0, {{}, keyed(0, 15)}}}),
                              stored("old", "", 2, 1, 128, {{0, {lists({}), {}}}})});
  const RestorePlan plan =
      plan_restore(metadata, {{"count", "c", id_of(1), 2, 16}, {"new", "n", id_of(3), 1, 16}},
                   {.ignore_unclaimed_state = true})
          .value();
  EXPECT_EQ(plan.to_string(),
            "restore of checkpoint 7\n"
            "  matched \"count\" (uid c, id 00000000000000000000000000000001): 100 bytes, 1 -> 2 "
            "subtasks\n"
            "  new     \"new\" (uid n, id 00000000000000000000000000000003)\n"
            "  dropped \"old\" (id 00000000000000000000000000000002): 5 bytes\n");
}

}  // namespace
}  // namespace weir
