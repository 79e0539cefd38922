#include "checkpoint/pending_checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir {
namespace {

using enum AckOutcome;

OperatorId id_of(uint8_t n) {
  OperatorId id;
  id.bytes[15] = n;
  return id;
}

/// "source" and "count", each with one subtask in process 0 and one in process 1.
std::shared_ptr<const CheckpointParticipants> two_processes() {
  return std::make_shared<CheckpointParticipants>(CheckpointParticipants{
      {{"source", "s", id_of(1), 2, 16}, {"count", "c", id_of(2), 2, 16}},
      {{0, {{id_of(1), 0}, {id_of(2), 0}}}, {1, {{id_of(1), 1}, {id_of(2), 1}}}}});
}

PendingCheckpoint triggered() {
  PendingCheckpoint pending(3, 7, 1000, MonotonicTime(5), two_processes());
  pending.move_to(CheckpointPhase::kTriggered);
  return pending;
}

std::string file_of(int process) {
  return process == 0 ? "data-0-0000000000000001" : "data-1-0000000000000002";
}

AcknowledgeCheckpoint ack_of(int process) {
  SubtaskState source;
  source.operator_state =
      OperatorStateHandle{{{"splits", {ListStateMode::kSplit, {0, 4}}}}, InlineBytes{"12345678"}};
  SubtaskState count;
  count.keyed_state = KeyedStateHandle{{process * 8, process * 8 + 7},
                                       {0, 10, 20, 30, 40, 50, 60, 70},
                                       FileSegment{file_of(process), 100, 80}};
  return {.attempt = 3,
          .id = 7,
          .process = process,
          .states = {{id_of(1), process, source}, {id_of(2), process, count}},
          .files = {{file_of(process), 180, 99}}};
}

AckOutcome acknowledge(PendingCheckpoint& pending, const AcknowledgeCheckpoint& message) {
  Status reason;
  const AckOutcome outcome = pending.acknowledge(message, &reason);
  EXPECT_EQ(outcome == kInvalid, !reason.ok()) << reason.to_string();
  return outcome;
}

std::string reason_of(const AcknowledgeCheckpoint& message) {
  PendingCheckpoint pending = triggered();
  Status reason;
  EXPECT_EQ(pending.acknowledge(message, &reason), kInvalid);
  EXPECT_EQ(pending.missing(), "4 of 4 subtasks have not acknowledged: process 0 (2), 1 (2)");
  return std::string(reason.message());
}

TEST(PendingCheckpoint, IsAcknowledgedAfterTheLastSubtaskInAnyOrder) {
  std::vector<int> order{0, 1};
  do {
    PendingCheckpoint pending = triggered();
    EXPECT_EQ(acknowledge(pending, ack_of(order[0])), kAccepted);
    EXPECT_EQ(pending.phase(), CheckpointPhase::kTriggered);
    EXPECT_EQ(acknowledge(pending, ack_of(order[1])), kAccepted);
    EXPECT_EQ(pending.phase(), CheckpointPhase::kAcknowledged);
    EXPECT_EQ(pending.missing(), "");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(PendingCheckpoint, ProcessMayAcknowledgeInParts) {
  PendingCheckpoint pending = triggered();
  AcknowledgeCheckpoint first = ack_of(0), second = ack_of(0);
  first.states.pop_back();
  first.files.clear();
  second.states.erase(second.states.begin());
  EXPECT_EQ(acknowledge(pending, second), kAccepted);
  EXPECT_EQ(acknowledge(pending, ack_of(1)), kAccepted);
  EXPECT_EQ(pending.missing(), "1 of 4 subtasks have not acknowledged: process 0 (1)");
  EXPECT_EQ(acknowledge(pending, first), kAccepted);
  EXPECT_EQ(pending.phase(), CheckpointPhase::kAcknowledged);
}

TEST(PendingCheckpoint, AcceptsAnAcknowledgementOnce) {
  PendingCheckpoint pending = triggered();
  EXPECT_EQ(acknowledge(pending, ack_of(0)), kAccepted);
  EXPECT_EQ(acknowledge(pending, ack_of(0)), kDuplicate);
  EXPECT_EQ(acknowledge(pending, ack_of(1)), kAccepted);
  EXPECT_EQ(acknowledge(pending, ack_of(1)), kDuplicate);
  EXPECT_EQ(pending.files().size(), 2u);
}

TEST(PendingCheckpoint, RejectsUnknownAttemptsCheckpointsProcessesAndSubtasks) {
  PendingCheckpoint pending = triggered();
  AcknowledgeCheckpoint other = ack_of(0);
  other.attempt = 2;
  EXPECT_EQ(acknowledge(pending, other), kUnknown);
  other = ack_of(0);
  other.id = 6;
  EXPECT_EQ(acknowledge(pending, other), kUnknown);
  other = ack_of(0);
  other.process = 1;
  EXPECT_EQ(acknowledge(pending, other), kUnknown);
  other.process = 2;
  EXPECT_EQ(acknowledge(pending, other), kUnknown);
  other = ack_of(0);
  other.states[1].operator_id = id_of(9);
  EXPECT_EQ(acknowledge(pending, other), kUnknown);
  other = ack_of(0);
  other.states.clear();
  EXPECT_EQ(acknowledge(pending, other), kUnknown);
  EXPECT_EQ(pending.missing(), "4 of 4 subtasks have not acknowledged: process 0 (2), 1 (2)");
}

TEST(PendingCheckpoint, AbortedCheckpointAcceptsNothing) {
  PendingCheckpoint pending = triggered();
  pending.move_to(CheckpointPhase::kAborted);
  EXPECT_EQ(acknowledge(pending, ack_of(0)), kTooLate);
}

TEST(PendingCheckpoint, AcceptsNoAcknowledgementBeforeTheTrigger) {
  PendingCheckpoint pending(3, 7, 1000, MonotonicTime(5), two_processes());
  EXPECT_EQ(acknowledge(pending, ack_of(0)), kUnknown);
}

TEST(PendingCheckpoint, RefusesStateOutsideTheNamedFiles) {
  AcknowledgeCheckpoint message = ack_of(0);
  message.files.clear();
  EXPECT_EQ(reason_of(message),
            "the acknowledgement of checkpoint 7 from process 0 is malformed, subtask 0 of "
            "operator \"count\": it refers to the file "
            "\"data-0-0000000000000001\", which is not among the files it names");
  message = ack_of(0);
  message.files[0].length = 179;
  EXPECT_EQ(reason_of(message),
            "the acknowledgement of checkpoint 7 from process 0 is malformed, subtask 0 of "
            "operator \"count\": it refers to 80 bytes at "
            "100 of data-0-0000000000000001, which has only 179");
  for (const FileSegment& segment :
       {FileSegment{file_of(0), -1, 80}, FileSegment{file_of(0), 100, -1},
        FileSegment{file_of(0), INT64_MAX, 80}, FileSegment{file_of(0), 100, INT64_MAX}}) {
    message = ack_of(0);
    message.states[1].state.keyed_state->stream = segment;
    reason_of(message);
  }
}

TEST(PendingCheckpoint, RefusesOffsetsOutsideTheState) {
  AcknowledgeCheckpoint message = ack_of(0);
  message.states[1].state.keyed_state->offsets[7] = 81;
  EXPECT_NE(reason_of(message).find("it has the offset 81 in a state of 80 bytes"),
            std::string::npos);
  message = ack_of(0);
  message.states[0].state.operator_state->lists["splits"].offsets[1] = -1;
  EXPECT_NE(reason_of(message).find("it has the offset -1 in a state of 8 bytes"),
            std::string::npos);
}

TEST(PendingCheckpoint, RefusesKeyGroupsOfOtherSubtasks) {
  AcknowledgeCheckpoint message = ack_of(0);
  message.states[1].state.keyed_state->range = {0, 8};
  EXPECT_NE(reason_of(message).find("it has 8 offsets for the key groups 0 to 8, but owns 0 to 7"),
            std::string::npos);
  message = ack_of(0);
  message.states[1].state.keyed_state->offsets.pop_back();
  EXPECT_NE(reason_of(message).find("it has 7 offsets for the key groups 0 to 7, but owns 0 to 7"),
            std::string::npos);
}

TEST(PendingCheckpoint, RefusesFileNamesOutsideTheDirectory) {
  for (const char* name : {"../data", "/etc/passwd", "_metadata", "_weir", ""}) {
    AcknowledgeCheckpoint message = ack_of(0);
    message.files.push_back({name, 1, 1});
    EXPECT_NE(reason_of(message).find("which cannot be a data file"), std::string::npos) << name;
  }
  AcknowledgeCheckpoint message = ack_of(0);
  message.files.push_back(message.files[0]);
  EXPECT_NE(reason_of(message).find("it names the file data-0-0000000000000001 twice"),
            std::string::npos);
}

TEST(PendingCheckpoint, RefusesRepeatedSubtasks) {
  AcknowledgeCheckpoint message = ack_of(0);
  message.states.push_back(message.states[0]);
  EXPECT_NE(
      reason_of(message).find("names subtask 0 of operator 00000000000000000000000000000001 twice"),
      std::string::npos);

  PendingCheckpoint pending = triggered();
  AcknowledgeCheckpoint part = ack_of(0);
  part.states.pop_back();
  EXPECT_EQ(acknowledge(pending, part), kAccepted);
  EXPECT_EQ(acknowledge(pending, ack_of(0)), kInvalid);
}

TEST(PendingCheckpoint, RefusesAFileClaimedByTwoProcesses) {
  PendingCheckpoint pending = triggered();
  AcknowledgeCheckpoint message = ack_of(1);
  message.files.push_back(ack_of(0).files[0]);
  EXPECT_EQ(acknowledge(pending, ack_of(0)), kAccepted);
  EXPECT_EQ(acknowledge(pending, message), kInvalid);
  EXPECT_EQ(pending.missing(), "2 of 4 subtasks have not acknowledged: process 1 (2)");
}

TEST(PendingCheckpoint, BuildsTheMetadataFromAllAcknowledgements) {
  PendingCheckpoint pending = triggered();
  acknowledge(pending, ack_of(1));
  acknowledge(pending, ack_of(0));
  const CheckpointMetadata metadata = pending.metadata();
  EXPECT_EQ(metadata.checkpoint_id, 7);
  ASSERT_EQ(metadata.operators.size(), 2u);
  const OperatorSnapshotState& source = metadata.operators[0];
  EXPECT_EQ(source.name, "source");
  EXPECT_EQ(source.uid, "s");
  EXPECT_EQ(source.parallelism, 2);
  EXPECT_EQ(source.max_parallelism, 16);
  ASSERT_EQ(source.subtasks.size(), 2u);
  EXPECT_EQ(source.subtasks.at(1).operator_state->lists.at("splits").offsets,
            (std::vector<int64_t>{0, 4}));
  const OperatorSnapshotState& count = metadata.operators[1];
  EXPECT_EQ(count.subtasks.at(0).keyed_state->range, (KeyGroupRange{0, 7}));
  EXPECT_EQ(std::get<FileSegment>(count.subtasks.at(1).keyed_state->stream).file, file_of(1));
  ASSERT_EQ(pending.files().size(), 2u);
  EXPECT_EQ(pending.files()[0].name, file_of(1));
}

}  // namespace
}  // namespace weir
