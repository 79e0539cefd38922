// Records, sources, timers and the end of input.

#include "flink/test_chain_host.h"

namespace weir {
namespace {

TEST_F(ChainHostTest, SourceContinuesFromItsElements) {
  std::vector<Pair> input;
  for (int i = 0; i < 30; ++i) input.push_back({i % 7, i});
  const JobGraph graph = three_vertices(reading(input, 10), {summing()});
  const auto splits = detail::CollectionSource<Pair>(input).enumerate(world_.files(), 1).value();
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
  EXPECT_TRUE(first.snapshot(2, world_).elements().empty())
      << "an ended source has nothing to read from";

  TestCaller second(graph, 0, world_);
  const auto elements = before.elements();
  request.start = ChainStart::kFromFlink;
  request.elements.assign(elements.begin(), elements.end());
  ASSERT_FALSE(second.open(request).dead);
  ASSERT_FALSE(second.call(ChainCall::kReady).dead);
  EXPECT_EQ(parsed(second.call(ChainCall::kPoll)), parsed(all));
}

/// Goes through its event times, one per poll, then ends.
class TellsTime final : public SourceOperator {
 public:
  Status open(OperatorContext&) override { return {}; }
  PollResult poll(Output&, EventTime* time) override {
    static constexpr EventTime kTimes[] = {{5, false}, {7, true}, {9, false}, {9, true}};
    if (at_ == std::size(kTimes)) return {PollResult::Status::kEnd};
    *time = kTimes[at_++];
    return {};
  }
  void add_splits(std::vector<std::string>) override {}
  int64_t records_emitted() const override { return 0; }

 private:
  size_t at_ = 0;
};

TEST_F(ChainHostTest, SourceTellsFlinkThatItIsIdle) {
  const JobGraph graph = three_vertices(
      operator_of("times", [] { return std::make_unique<TellsTime>(); }), {summing()});
  TestCaller caller(graph, 0, world_);
  caller.open_fresh();
  const TestReply all = caller.finish_call(ChainCall::kPoll);
  EXPECT_EQ(all.event_time, "5 7 idle active 9 idle active ") << "active at its end";
  EXPECT_EQ(all.flags, kReplyEnd);
}

TEST_F(ChainHostTest, BusySourceKeepsNothingBetweenPolls) {
  const std::vector<Pair> input(50'000, {1, 1});
  const JobGraph graph = three_vertices(reading(input, 512), {summing()});
  const auto splits = detail::CollectionSource<Pair>(input).enumerate(world_.files(), 1).value();
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

TEST_F(ChainHostTest, BufferedRecordsLeaveWithTheRequestedTimer) {
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

TEST_F(ChainHostTest, RecordsLeaveBeforeALaterWatermark) {
  script_.more_on_watermark = 2;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}, {2, 2}}));
  BinaryWriter fifty;
  fifty.put_i64(50);
  EXPECT_EQ(caller.finish_call(ChainCall::kWatermark, fifty.buffer()).records(),
            "1:1 2:2 50:1 50:2 ");
  EXPECT_EQ(caller.finish_call(ChainCall::kWatermark, fifty.buffer()).records(), "")
      << "it does not go back, or come twice";
  EXPECT_EQ(caller.finish_call(ChainCall::kFinish).records(), "0:999 ");
}

/// Forwards the records of its first input. Negates the numbers of its second one, and emits those
/// records to the side output "second".
class TwoInputs final : public Operator {
 public:
  Status open(OperatorContext& context) override {
    second_ = context.side_output("second", typeid(Pair)).value();
    return {};
  }
  void process(Batch& batch, Output& out) override {
    batch.key_hashes.clear();
    out.emit(batch);
  }
  void process_input(int input, Batch& batch, Output& out) override {
    if (input == 0) return process(batch, out);
    batch.key_hashes.clear();
    for (Pair& pair : static_cast<Pairs&>(batch).records) pair.second = -pair.second;
    second_->emit(batch);
  }

 private:
  Output* second_ = nullptr;
};

TEST_F(ChainHostTest, EdgesHaveTheirInputAndOutput) {
  JobOperator two = operator_of("two", [] { return std::make_unique<TwoInputs>(); });
  two.side_outputs = {{"second", typeid(Pair)}};
  JobGraph graph = three_vertices(reading({}, 1), {std::move(two)});
  JobEdge second = graph.edges[0];
  second.input = 1;
  graph.edges.push_back(second);
  JobEdge side = graph.edges[1];
  side.output = 1;
  graph.edges.push_back(side);
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  BinaryWriter request;
  for (const uint16_t edge : {uint16_t{0}, uint16_t{2}}) {
    Pairs batch;
    batch.add({1, 5});
    graph.edges[edge].hasher->hash(batch);
    BinaryWriter frame;
    put_frame_header(frame, {edge, TestCaller::group_of(1), 1, TestCaller::kBuild});
    graph.edges[edge].codec->encode(batch, frame);
    request.put_bytes(frame.buffer());
  }
  ASSERT_FALSE(caller.call(ChainCall::kProcess, request.buffer()).dead);
  const TestReply reply = caller.call(ChainCall::kBarrier);
  ASSERT_EQ(reply.frames.size(), 2u);
  EXPECT_EQ(decode_frame(reply.frames[0])->header.edge, 1);
  EXPECT_EQ(decode_frame(reply.frames[1])->header.edge, 3);
  EXPECT_EQ(reply.records(), "1:5 1:-5 ");
}

TEST_F(ChainHostTest, TimerFiresDueTimers) {
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  script_.timer = world_.ms + 100;
  caller.open_fresh();
  EXPECT_EQ(caller.call(ChainCall::kTimer).wake_at, world_.ms + 100);
  world_.ms += 100;
  const TestReply fired = caller.call(ChainCall::kTimer);
  EXPECT_EQ(fired.records() + caller.call(ChainCall::kBarrier).records(), "0:777 ");
}

TEST_F(ChainHostTest, LargeOutputTakesSeveralReplies) {
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

TEST_F(ChainHostTest, OneLargeBurstOfUserCodeTakesSeveralReplies) {
  script_.burst = 300'000;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  TestReply reply = caller.call(ChainCall::kProcess, caller.frames_of({{0, 1}}));
  int64_t count = 0;
  for (int replies = 1;; ++replies) {
    size_t bytes = 0;
    for (const std::string& frame : reply.frames) bytes += frame.size();
    ASSERT_LE(bytes, ChainDriver::kFullReply + FramePacker::kMaxBytes * 2);
    for (const Pair& pair : parsed(reply)) count += pair.second;
    if ((reply.flags & kReplyMore) == 0) {
      EXPECT_GE(replies, 3);
      break;
    }
    reply = caller.call(ChainCall::kResume);
  }
  EXPECT_EQ(count + static_cast<int64_t>(parsed(caller.call(ChainCall::kBarrier)).size()), 300'001);
}

TEST_F(ChainHostTest, CloseEndsASuspendedCall) {
  script_.burst = 300'000;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  EXPECT_EQ(caller.call(ChainCall::kProcess, caller.frames_of({{0, 1}})).flags, kReplyMore);
  EXPECT_FALSE(caller.call(ChainCall::kClose).dead);
  EXPECT_EQ(script_.seen.back(), "close");
}

TEST_F(ChainHostTest, CallWaitsInsideForAnOperatorThatRefuses) {
  script_.block_after_batch = true;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  const TestReply processed =
      caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}, {2, 2}, {3, 3}}));
  EXPECT_EQ(processed.flags, 0);
  EXPECT_EQ(processed.wake_at, world_.ms + 10) << "blocking work of the last record is under way";
  EXPECT_EQ(caller.call(ChainCall::kBarrier).records(), "1:1 2:2 3:3 ");
}

TEST_F(ChainHostTest, LongWaitFreesThePipeForOthers) {
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

TEST_F(ChainHostTest, CompletionAfterTheEndWaitsForPendingWork) {
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

TEST_F(ChainHostTest, CloseWaitsForCommitsButNotForever) {
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  script_.quiescent = false;
  world_.run_blocking("test", [this] { script_.quiescent = true; });
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

}  // namespace
}  // namespace weir
