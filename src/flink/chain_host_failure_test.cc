// User code that fails, and invalid calls.

#include <stdexcept>

#include "flink/test_chain_host.h"

namespace weir {
namespace {

TEST_F(ChainHostTest, ExceptionNamesTheOperatorAndEndsTheChain) {
  script_.throw_at = 5;
  const JobGraph graph = scripted_graph();
  TestCaller caller(graph, 1, world_);
  caller.open_fresh();
  const std::string sentence =
      "middle (1/1): operator 'scripted' (uid 'scripted', subtask 0) threw: cannot digest 5";
  EXPECT_EQ(caller.call(ChainCall::kProcess, caller.frames_of({{1, 1}, {1, 5}})).sentence,
            sentence);
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
           {make({0, TestCaller::group_of(other), 1, TestCaller::kBuild}, other),
            "came to a subtask that has key groups 0 to 63"},
           {make({0, group, 1, TestCaller::kBuild}, other), "the first is of key group"},
           {make({0, group, 2, TestCaller::kBuild}, key),
            "a frame says that it has 2 records, and has 1"},
           {make({0, group, 1, 7}, key), "was written by build 7 of the executable"},
           {make({1, -1, 1, TestCaller::kBuild}, key),
            "a frame came on edge 1, which does not lead to 'middle'"},
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

TEST_F(ChainHostTest, CallsOutOfOrderAreRefused) {
  const JobGraph graph = summing_graph();
  const auto sentence = [&](std::vector<ChainCall> calls) {
    TestCaller caller(graph, 1, world_);
    TestReply last;
    for (const ChainCall call : calls)
      last = call == ChainCall::kOpen ? caller.open(caller.opening()) : caller.call(call);
    return last.sentence;
  };
  EXPECT_EQ(sentence({ChainCall::kReady}), "a chain: READY was called before OPEN");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kTimer}),
            "middle (1/1): TIMER was called before READY");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kOpen}),
            "middle (1/1): OPEN was called a second time");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kReady, ChainCall::kResume}),
            "middle (1/1): RESUME was called and there is nothing to go on with");
  EXPECT_EQ(sentence({ChainCall::kOpen, ChainCall::kReady, ChainCall::kPoll}),
            "middle (1/1): POLL was called of 'middle', which is none");
  EXPECT_EQ(sentence({ChainCall{77}}),
            "a chain: call 77 was called which this executable does not know");
}

/// Truncates and changes valid requests: every result must have a well-formed reply.
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
    std::vector<std::pair<ChainCall, std::string>> calls = {
        {ChainCall::kOpen, open.take()},
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
        for (size_t i = 0; i < 1 + next(3) && !body.empty(); ++i)
          body[next(body.size())] = static_cast<char>(next(256));
    }
    for (const auto& [which, bytes] : calls) {
      const TestReply reply = caller.call(which, bytes);
      EXPECT_EQ(reply.dead, !reply.sentence.empty());
    }
  }
}

}  // namespace
}  // namespace weir
