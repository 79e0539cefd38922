#include "flink/chain_host.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/bug_switch.h"
#include "flink/test_chain.h"

namespace weir {
namespace {

/// What a scripted operator does, and what it saw.
struct Script {
  std::vector<std::string> seen{};
  int64_t throw_at = -1;         ///< the number of a record
  bool block_after_batch = false; ///< refuses records until blocking work has come back
  Status failure{};              ///< found by that work
  int more_on_watermark = 0;     ///< so many records, one a call
  int64_t timer = INT64_MAX;
  bool quiescent = true;
  Status before_ack{};
  bool has_before_ack = false;
};

class ScriptedOperator final : public Operator {
 public:
  explicit ScriptedOperator(Script& script) : script_(script) {}
  Status open(OperatorContext& context) override {
    context_ = &context;
    script_.seen.push_back("open " + std::to_string(context.restored_checkpoint()));
    return {};
  }
  bool can_accept() override { return !blocked_; }
  void process(Batch& batch, Output& out) override {
    for (const Pair& pair : static_cast<Pairs&>(batch).records) {
      if (pair.second == script_.throw_at) throw std::runtime_error("cannot digest " + std::to_string(pair.second));
    }
    batch.key_hashes.clear();
    out.emit(batch);
    if (!script_.block_after_batch) return;
    blocked_ = true;
    context_->run_blocking([this] {
      return [this] {
        blocked_ = false;
        if (!script_.failure.ok()) context_->fail(script_.failure);
      };
    });
  }
  Progress advance_watermark(Timestamp watermark, Output& out) override {
    if (watermark == kMaxWatermark || emitted_ == script_.more_on_watermark) {
      emitted_ = 0;
      return Progress::kDone;
    }
    emit({static_cast<int32_t>(watermark), ++emitted_}, out);
    return Progress::kMore;
  }
  Progress advance_processing_time(int64_t, Output& out) override {
    script_.timer = INT64_MAX;
    emit({0, 777}, out);
    return Progress::kDone;
  }
  int64_t next_processing_time() override { return script_.timer; }
  Progress finish(Output& out) override {
    emit({0, 999}, out);
    return Progress::kDone;
  }
  Status snapshot(SnapshotContext& context) override {
    script_.seen.push_back("snapshot " + std::to_string(context.checkpoint_id()));
    if (script_.has_before_ack) context.before_ack([this] { return script_.before_ack; });
    return {};
  }
  void checkpoint_completed(int64_t id) override { script_.seen.push_back("completed " + std::to_string(id)); }
  void checkpoint_aborted(int64_t id) override { script_.seen.push_back("aborted " + std::to_string(id)); }
  bool quiescent() override { return script_.quiescent; }
  void close() override { script_.seen.push_back("close"); }

 private:
  static void emit(Pair pair, Output& out) {
    Pairs batch;
    batch.add(pair);
    out.emit(batch);
  }
  Script& script_;
  OperatorContext* context_ = nullptr;
  bool blocked_ = false;
  int emitted_ = 0;
};

JobOperator scripted(Script& script) {
  return operator_of("scripted", [&script] { return std::make_unique<ScriptedOperator>(script); });
}

std::vector<Pair> pairs(int count, int64_t first_number = 1) {
  std::vector<Pair> result;
  for (int i = 0; i < count; ++i) result.push_back({i, first_number});
  return result;
}

std::vector<Pair> parsed(const TestReply& reply) {
  std::vector<Pair> all;
  std::istringstream text(reply.records());
  int32_t key = 0;
  char colon = 0;
  for (int64_t number = 0; text >> key >> colon >> number;) all.push_back({key, number});
  std::sort(all.begin(), all.end());
  return all;
}

class ChainHostTest : public testing::Test {
 protected:
  ~ChainHostTest() override {
#ifdef WEIR_BUGS
    disable_bugs();
#endif
  }
  JobGraph summing_graph() { return three_vertices(reading({}, 1), {summing()}); }
  JobGraph scripted_graph() { return three_vertices(reading({}, 1), {scripted(script_)}); }

  /// Two hosts with what `taken` holds, and a record of 1 for each of 100 keys: what they then say.
  std::vector<Pair> restored_sums(const JobGraph& graph, const TestCaller::Snapshot& taken) {
    std::vector<Pair> all;
    for (int subtask = 0; subtask < 2; ++subtask) {
      TestCaller caller(graph, 1, world_);
      OpenRequest request = caller.opening(subtask, 2);
      const std::vector<std::string> elements = taken.elements();
      request.start = ChainStart::kFromFlink;
      request.restored = 3;
      request.elements.assign(elements.begin(), elements.end());
      EXPECT_FALSE(caller.open(request).dead);
      const KeyGroupRange range = key_groups_of_subtask(subtask, 2, 128);
      for (const auto& [group, blob] : taken.groups) {
        for (size_t at = 0; range.contains(group) && at < blob.size(); at += 30) {
          BinaryWriter body;
          body.put_i32(group);
          body.put_bool(at + 30 >= blob.size());
          body.put_raw(std::string_view(blob).substr(at, 30));
          EXPECT_FALSE(caller.call(ChainCall::kRestoreGroup, body.buffer()).dead);
        }
      }
      EXPECT_FALSE(caller.call(ChainCall::kReady).dead);
      std::vector<Pair> own;
      for (const Pair& pair : pairs(100)) {
        if (range.contains(TestCaller::group_of(pair.first))) own.push_back(pair);
      }
      EXPECT_FALSE(caller.call(ChainCall::kProcess, caller.frames_of(own)).dead);
      const auto said = parsed(caller.call(ChainCall::kBarrier));
      all.insert(all.end(), said.begin(), said.end());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  TestWorld world_;
  Script script_;
};

TEST_F(ChainHostTest, KeyedStateGoesOnInAnotherParallelism) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  caller.call(ChainCall::kBarrier);
  const auto taken = caller.snapshot(3, world_);
  EXPECT_TRUE(taken.rest);
  EXPECT_GT(taken.groups.size(), 30u);
  EXPECT_EQ(restored_sums(graph, taken), pairs(100, 11));
}

#ifdef WEIR_BUGS
TEST_F(ChainHostTest, ChainThatIgnoresWhatFlinkKeptIsFoundOut) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  const auto taken = caller.snapshot(3, world_);
  enable_bug(Bug::kHostedStateNotRestored);
  EXPECT_NE(restored_sums(graph, taken), pairs(100, 11));
}

TEST_F(ChainHostTest, RecordsThatAreKeptAtABarrierAreFoundOut) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}}));
  enable_bug(Bug::kHostedBarrierNotFlushed);
  EXPECT_EQ(caller.call(ChainCall::kBarrier).records(), "");
}
#endif

TEST_F(ChainHostTest, SnapshotIsAsOfItsCallWhileRecordsGoOn) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  auto taken = caller.begin_snapshot(3);
  int chunks = 0;
  do {
    if (++chunks % 10 == 0) {
      EXPECT_FALSE(caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 1000))).dead);
    }
  } while (caller.take_chunk(3, taken, world_));
  EXPECT_GT(chunks, 30);
  EXPECT_EQ(restored_sums(graph, taken), pairs(100, 11));
}

TEST_F(ChainHostTest, DroppedSnapshotHasNoRest) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100)));
  caller.begin_snapshot(3);
  EXPECT_FALSE(caller.call(ChainCall::kSnapshotDrop, 3).dead);
  while (world_.run_one()) {
  }
  EXPECT_FALSE(caller.call(ChainCall::kSnapshotDrop, 3).dead) << "a second time is ordinary";
  EXPECT_EQ(caller.call(ChainCall::kSnapshotChunk, 3).sentence,
            "middle (1/1): SNAPSHOT_CHUNK was called for checkpoint 3, of which there is no rest");
}

TEST_F(ChainHostTest, WorkBeforeTheAcknowledgementIsDoneBeforeAllIsWritten) {
  script_.has_before_ack = true;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  auto taken = caller.begin_snapshot(1);
  EXPECT_TRUE(taken.rest);
  EXPECT_TRUE(caller.take_chunk(1, taken, world_)) << "nothing has run yet";
  EXPECT_FALSE(caller.take_chunk(1, taken, world_));
  script_.before_ack = unavailable("the disk is gone");
  caller.begin_snapshot(2);
  world_.run_one();
  EXPECT_FALSE(caller.take_chunk(2, taken, world_));
  EXPECT_EQ(caller.failed_snapshot, "the disk is gone");
}

TEST_F(ChainHostTest, ChainGoesOnAfterACheckpointThatFailed) {
  script_.has_before_ack = true;
  const JobGraph graph = three_vertices(reading({}, 1), {summing(), scripted(script_)});
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 10)));
  script_.before_ack = unavailable("the disk is gone");
  auto lost = caller.begin_snapshot(3);
  while (caller.take_chunk(3, lost, world_)) {
  }
  EXPECT_EQ(caller.failed_snapshot, "the disk is gone");
  EXPECT_FALSE(caller.call(ChainCall::kSnapshotDrop, 3).dead);
  EXPECT_FALSE(caller.call(ChainCall::kAborted, 3).dead);
  script_.before_ack = {};
  EXPECT_FALSE(caller.call(ChainCall::kProcess, caller.frames_of(pairs(100, 1000))).dead);
  EXPECT_EQ(restored_sums(graph, caller.snapshot(4, world_)), pairs(100, 1011));
}

TEST_F(ChainHostTest, CheckpointsAreCountedFromWhereTheJobWas) {
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  OpenRequest request = caller.opening();
  const std::string header = encode_hosted_element(HostedHeader{41, {}});
  request.start = ChainStart::kFromFlink;
  request.restored = 3;
  request.elements = {header};
  ASSERT_FALSE(caller.open(request).dead);
  caller.call(ChainCall::kReady);
  const auto taken = caller.snapshot(4, world_);
  caller.call(ChainCall::kCompleted, 4);
  caller.call(ChainCall::kAborted, 5);
  caller.call(ChainCall::kCompleted, INT64_MAX);
  EXPECT_EQ(script_.seen, (std::vector<std::string>{"open 41", "snapshot 42", "completed 42", "aborted 43", "completed 9223372036854775807"}));
  ASSERT_EQ(taken.united.size(), 1u);
  EXPECT_EQ(std::get<HostedHeader>(decode_hosted_element(taken.united[0]).value()).checkpoint_id, 42);
}

TEST_F(ChainHostTest, SourceGoesOnWhereItsElementsSay) {
  std::vector<Pair> input;
  for (int i = 0; i < 30; ++i) input.push_back({i % 7, i});
  const JobGraph graph = three_vertices(reading(input, 10), {summing()});
  const auto splits = detail::CollectionSource<Pair>(input).enumerate(*static_cast<FileSystemRegistry*>(nullptr), 1).value();
  TestCaller first(graph, 0, world_);
  OpenRequest request = first.opening();
  const std::string split = encode_hosted_element(HostedSplit{splits[0]});
  request.elements = {split};
  ASSERT_FALSE(first.open(request).dead);
  ASSERT_FALSE(first.call(ChainCall::kReady).dead);
  const auto before = first.snapshot(1, world_);
  EXPECT_FALSE(before.rest);
  EXPECT_EQ(before.united.size(), 0u) << "readers of Flink's have no union state";
  const TestReply all = first.call(ChainCall::kPoll);
  EXPECT_EQ(all.flags, kReplyEnd);
  EXPECT_EQ(all.watermarks, (std::vector<Timestamp>{8, 18, 28}));
  EXPECT_EQ(parsed(all).size(), 30u);
  for (const std::string& frame : all.frames) {
    const FrameHeader header = decode_frame(frame)->header;
    EXPECT_TRUE(header.edge == 0 && header.key_group >= 0 && header.build == TestCaller::kBuild);
  }
  EXPECT_EQ(first.call(ChainCall::kPoll).flags, kReplyEnd);
  EXPECT_TRUE(first.snapshot(2, world_).elements().empty()) << "an ended source has nothing to read from";

  TestCaller second(graph, 0, world_);
  const auto elements = before.elements();
  request.start = ChainStart::kFromFlink;
  request.elements.assign(elements.begin(), elements.end());
  ASSERT_FALSE(second.open(request).dead);
  ASSERT_FALSE(second.call(ChainCall::kReady).dead);
  EXPECT_EQ(parsed(second.call(ChainCall::kPoll)), parsed(all));
}

TEST_F(ChainHostTest, SourceWithMuchToReadKeepsNothingBetweenPolls) {
  const std::vector<Pair> input(50'000, {1, 1});
  const JobGraph graph = three_vertices(reading(input, 512), {summing()});
  const auto splits = detail::CollectionSource<Pair>(input).enumerate(*static_cast<FileSystemRegistry*>(nullptr), 1).value();
  TestCaller caller(graph, 0, world_);
  OpenRequest request = caller.opening();
  std::vector<std::string> elements = {encode_hosted_element(HostedSplit{splits[0]})};
  size_t read = 0;
  int polls = 0;
  request.elements.assign(elements.begin(), elements.end());
  ASSERT_FALSE(caller.open(request).dead);
  caller.call(ChainCall::kReady);
  for (TestReply reply; (reply.flags & kReplyEnd) == 0; ++polls) {
    reply = caller.finish_call(ChainCall::kPoll);
    ASSERT_FALSE(reply.dead) << reply.sentence;
    read += parsed(reply).size();
    const auto taken = caller.snapshot(polls + 1, world_);
    if ((reply.flags & kReplyEnd) != 0) continue;
    ASSERT_EQ(taken.split.size(), 1u);
    const auto element = std::get<HostedListElement>(decode_hosted_element(taken.split[0]).value());
    BinaryReader in(element.element);
    in.get_i32();
    EXPECT_EQ(in.get_i64(), static_cast<int64_t>(read)) << "what the source has read, Flink has";
  }
  EXPECT_EQ(read, 50'000u);
  EXPECT_GE(polls, 50'000 / 8192);
}

TEST_F(ChainHostTest, HeldRecordsLeaveWhenTheTimerAskedForComes) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  const TestReply processed = caller.call(ChainCall::kProcess, caller.frames_of({{1, 5}}));
  EXPECT_EQ(processed.records(), "");
  EXPECT_EQ(processed.wake_at, world_.ms + 10);
  world_.ms += 10;
  const TestReply timer = caller.call(ChainCall::kTimer);
  EXPECT_EQ(timer.records(), "1:5 ");
  EXPECT_EQ(timer.wake_at, INT64_MAX);
}

TEST_F(ChainHostTest, RecordsStayInOrderWithWhatBelongsBehindThem) {
  script_.more_on_watermark = 2;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}, {2, 2}}));
  BinaryWriter fifty;
  fifty.put_i64(50);
  EXPECT_EQ(caller.finish_call(ChainCall::kWatermark, fifty.buffer()).records(), "1:1 2:2 50:1 50:2 ");
  EXPECT_EQ(caller.finish_call(ChainCall::kWatermark, fifty.buffer()).records(), "") << "it does not go back, or come twice";
  EXPECT_EQ(caller.finish_call(ChainCall::kFinish).records(), "0:999 ");
}

TEST_F(ChainHostTest, TimerFiresWhatIsDue) {
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  script_.timer = world_.ms + 100;
  caller.open_fresh();
  EXPECT_EQ(caller.call(ChainCall::kTimer).wake_at, world_.ms + 100);
  world_.ms += 100;
  const TestReply fired = caller.call(ChainCall::kTimer);
  EXPECT_EQ(fired.records() + caller.call(ChainCall::kBarrier).records(), "0:777 ");
}

TEST_F(ChainHostTest, LargeOutputComesInSeveralReplies) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  Pairs batch;
  for (int i = 0; i < 4000; ++i) batch.add({1, 1});
  graph.edges[0].hasher->hash(batch);
  BinaryWriter request;
  for (int i = 0; i < 50; ++i) {
    BinaryWriter frame;
    put_frame_header(frame, {0, TestCaller::group_of(1), 4000, TestCaller::kBuild});
    graph.edges[0].codec->encode(batch, frame);
    request.put_bytes(frame.buffer());
  }
  auto sums = parsed(caller.finish_call(ChainCall::kProcess, request.buffer()));
  EXPECT_GE(caller.resumed, 1);
  const auto rest = parsed(caller.call(ChainCall::kBarrier));
  sums.insert(sums.end(), rest.begin(), rest.end());
  ASSERT_EQ(sums.size(), 200'000u);
  for (size_t i = 0; i < sums.size(); ++i) ASSERT_EQ(sums[i].second, static_cast<int64_t>(i) + 1);
}

TEST_F(ChainHostTest, CallWaitsInsideForAnOperatorThatRefuses) {
  script_.block_after_batch = true;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  const TestReply processed = caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}, {2, 2}, {3, 3}}));
  EXPECT_EQ(processed.flags, 0);
  EXPECT_EQ(processed.wake_at, world_.ms + 10) << "blocking work of the last record is under way";
  EXPECT_EQ(caller.call(ChainCall::kBarrier).records(), "1:1 2:2 3:3 ");
}

TEST_F(ChainHostTest, LongWaitGivesOthersATurnOfThePipe) {
  script_.block_after_batch = true;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  world_.stalled = true;
  const TestReply processed = caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}, {2, 2}}));
  EXPECT_EQ(processed.flags, kReplyMore);
  EXPECT_LT(world_.waits, 30);
  EXPECT_FALSE(caller.call(ChainCall::kSnapshotDrop, 9).dead);
  world_.stalled = false;
  const TestReply resumed = caller.call(ChainCall::kResume);
  EXPECT_EQ(resumed.flags, 0);
  EXPECT_EQ(resumed.records(), "1:1 2:2 ") << "by now they were held for long enough";
}

TEST_F(ChainHostTest, CompletionAfterTheEndWaitsForWhatIsLeftToDo) {
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  script_.quiescent = false;
  EXPECT_EQ(caller.call(ChainCall::kCompleted, 1).flags, 0) << "not before the end";
  caller.call(ChainCall::kFinish);
  EXPECT_EQ(caller.call(ChainCall::kCompleted, 2).flags, kReplyMore);
  script_.quiescent = true;
  EXPECT_EQ(caller.call(ChainCall::kResume).flags, 0);
}

TEST_F(ChainHostTest, CloseWaitsForCommitsButNotForEver) {
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  script_.quiescent = false;
  world_.run_blocking([this] { script_.quiescent = true; });
  const int64_t began = world_.ms;
  EXPECT_FALSE(caller.call(ChainCall::kClose).dead);
  EXPECT_TRUE(script_.quiescent);
  EXPECT_EQ(world_.ms, began);

  TestCaller other(graph, 1, world_);
  other.open_fresh();
  script_.quiescent = false;
  EXPECT_FALSE(other.call(ChainCall::kClose).dead);
  EXPECT_EQ(world_.ms, began + 3000);
  EXPECT_EQ(script_.seen.back(), "close");
}

TEST_F(ChainHostTest, ExceptionNamesTheOperatorAndEndsTheChain) {
  script_.throw_at = 5;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  const std::string sentence = "middle (1/1): operator 'scripted' (uid 'scripted', subtask 0) threw: cannot digest 5";
  EXPECT_EQ(caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}, {1, 5}})).sentence, sentence);
  EXPECT_EQ(caller.call(ChainCall::kBarrier).sentence, sentence);
  EXPECT_FALSE(caller.call(ChainCall::kClose).dead);
  EXPECT_TRUE(caller.host().closed());
  EXPECT_EQ(script_.seen.back(), "close");
}

TEST_F(ChainHostTest, FailureOfBlockingWorkIsInTheNextReply) {
  script_.block_after_batch = true;
  script_.failure = unavailable("nobody answers");
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  EXPECT_FALSE(caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}})).dead);
  world_.run_one();
  EXPECT_EQ(caller.call(ChainCall::kTimer).sentence, "middle (1/1): nobody answers");
}

struct Wrong {
  std::string frame;
  const char* sentence;
};

TEST_F(ChainHostTest, FramesThatDoNotBelongHereAreRefused) {
  const JobGraph graph = summing_graph();
  const auto make = [&](FrameHeader header, int32_t key) {
    Pairs batch;
    batch.add({key, 1});
    graph.edges[0].hasher->hash(batch);
    BinaryWriter out;
    put_frame_header(out, header);
    graph.edges[0].codec->encode(batch, out);
    return out.take();
  };
  int32_t key = 0, other = 0;
  while (TestCaller::group_of(key) >= 64) ++key;
  while (TestCaller::group_of(other) < 64) ++other;
  const int group = TestCaller::group_of(key);
  std::string newer = make({0, group, 1, TestCaller::kBuild}, key);
  newer[1] = 2;
  for (const Wrong& wrong : std::vector<Wrong>{
           {make({0, TestCaller::group_of(other), 1, TestCaller::kBuild}, other), "came to a subtask that has key groups 0 to 63"},
           {make({0, group, 1, TestCaller::kBuild}, other), "the first is of key group"},
           {make({0, group, 2, TestCaller::kBuild}, key), "a frame says that it has 2 records, and has 1"},
           {make({0, group, 1, 7}, key), "was written by build 7 of the executable"},
           {make({1, -1, 1, TestCaller::kBuild}, key), "a frame came on edge 1, which does not lead to 'middle'"},
           {make({9, group, 1, TestCaller::kBuild}, key), "a frame came on edge 9"},
           {newer, "a frame of records is in format 2"},
           {"", "a frame of records"},
           {make({0, group, 1, TestCaller::kBuild}, key) + "x", "a batch of records"}}) {
    TestCaller caller(graph, 1, world_);
    caller.open_fresh(0, 2);
    BinaryWriter request;
    request.put_bytes(wrong.frame);
    const TestReply reply = caller.call(ChainCall::kProcess, request.buffer());
    EXPECT_TRUE(reply.dead);
    EXPECT_NE(reply.sentence.find(wrong.sentence), std::string::npos) << reply.sentence;
  }
}

TEST_F(ChainHostTest, StateOfAnOperatorThatIsGoneIsRefusedUnlessItMayBeDropped) {
  const JobGraph graph = summing_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}}));
  const auto taken = caller.snapshot(1, world_);
  ASSERT_EQ(taken.groups.size(), 1u);
  const JobGraph without = scripted_graph();
  for (const bool drop : {false, true}) {
    TestCaller other(without, 1, world_, {.ignore_unclaimed_state = drop});
    OpenRequest request = other.opening();
    const auto elements = taken.elements();
    request.start = ChainStart::kFromFlink;
    request.restored = 1;
    request.elements.assign(elements.begin(), elements.end());
    ASSERT_FALSE(other.open(request).dead);
    BinaryWriter body;
    body.put_i32(taken.groups.begin()->first);
    body.put_bool(true);
    body.put_raw(taken.groups.begin()->second);
    const TestReply reply = other.call(ChainCall::kRestoreGroup, body.buffer());
    EXPECT_EQ(reply.dead, !drop);
    if (!drop) {
      EXPECT_EQ(reply.sentence,
                "middle (1/1): the checkpoint holds keyed state of operator uid 'sum', which is not in 'middle'; give it its uid back, or set "
                "execution.state-recovery.ignore-unclaimed-state to drop that state");
    }
  }
}

TEST_F(ChainHostTest, CallsOutOfOrderAreRefused) {
  const JobGraph graph = summing_graph();
  const auto sentence = [&](std::vector<ChainCall> calls) {
    TestCaller caller(graph, 1, world_);
    TestReply last;
    for (const ChainCall call : calls) last = call == ChainCall::kOpen ? caller.open(caller.opening()) : caller.call(call);
    return last.sentence;
  };
  EXPECT_EQ(sentence({ChainCall::kReady}), "a chain: READY was called before OPEN");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kTimer}), "middle (1/1): TIMER was called before READY");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kOpen}), "middle (1/1): OPEN was called a second time");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kReady, ChainCall::kResume}), "middle (1/1): RESUME was called and there is nothing to go on with");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kReady, ChainCall::kPoll}), "middle (1/1): POLL was called of 'middle', which is none");
  EXPECT_EQ(sentence({ChainCall{77}}), "a chain: call 77 was called which this executable does not know");
}

/// Cuts and changes good requests: whatever comes of it, there is a well-formed reply.
TEST_F(ChainHostTest, GarbageIsAnswered) {
  const JobGraph graph = summing_graph();
  uint32_t seed = 1;
  const auto next = [&seed](size_t below) {
    seed = seed * 1664525u + 1013904223u;
    return below == 0 ? 0 : (seed >> 8) % below;
  };
  TestCaller source(graph, 1, world_);
  source.open_fresh();
  source.call(ChainCall::kProcess, source.frames_of(pairs(20)));
  const auto taken = source.snapshot(1, world_);
  const std::vector<std::string> elements = taken.elements();
  for (int round = 0; round < 3000; ++round) {
    TestCaller caller(graph, 1, world_);
    OpenRequest request = caller.opening();
    request.start = ChainStart::kFromFlink;
    request.restored = 1;
    request.elements.assign(elements.begin(), elements.end());
    BinaryWriter open, group;
    put_open(open, request);
    group.put_i32(taken.groups.begin()->first);
    group.put_bool(true);
    group.put_raw(taken.groups.begin()->second);
    std::vector<std::pair<ChainCall, std::string>> calls = {{ChainCall::kOpen, open.take()},
                                                            {ChainCall::kRestoreGroup, group.take()},
                                                            {ChainCall::kReady, ""},
                                                            {ChainCall::kProcess, caller.frames_of(pairs(3))},
                                                            {ChainCall::kWatermark, std::string(8, '\1')},
                                                            {ChainCall::kBarrier, ""},
                                                            {ChainCall::kSnapshot, std::string(8, '\2')},
                                                            {ChainCall::kClose, ""}};
    auto& [call, body] = calls[next(calls.size())];
    switch (next(4)) {
      case 0: body.resize(next(body.size())); break;
      case 1: body.append(1 + next(5), static_cast<char>(next(256))); break;
      case 2: call = static_cast<ChainCall>(next(20)); break;
      default:
        for (size_t i = 0; i < 1 + next(3) && !body.empty(); ++i) body[next(body.size())] = static_cast<char>(next(256));
    }
    for (const auto& [which, bytes] : calls) {
      const TestReply reply = caller.call(which, bytes);
      EXPECT_EQ(reply.dead, !reply.sentence.empty());
    }
  }
}

}  // namespace
}  // namespace weir
