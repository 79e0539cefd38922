#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flink/chain_host.h"
#include "weir/detail/connector/collection_source.h"
#include "weir/detail/connector/source_operator.h"
#include "weir/detail/stream/keyed_operators.h"
#include "weir/detail/types/record_codec_of.h"

namespace weir {

/// A process whose clock and I/O pool the test controls.
class TestWorld final : public ChainWorld, private Clock, private FileSystemRegistry {
 public:
  const Clock& clock() const override { return *this; }
  FileSystemRegistry& files() override { return *this; }
  uint64_t nonce() override { return 7; }
  void run_blocking(std::string_view, std::function<void()> work) override {
    work_.push_back(std::move(work));
  }
  /// Runs one piece of work, or lets time pass.
  void wait(std::chrono::milliseconds at_most) override {
    ++waits;
    if (stalled || !run_one()) ms += at_most.count();
  }
  void wake() override {}

  bool run_one() {
    if (work_.empty()) return false;
    const auto work = std::move(work_.front());
    work_.pop_front();
    work();
    return true;
  }

  int64_t ms = 1'000'000;
  int waits = 0;
  bool stalled = false;  ///< the pool runs nothing by itself

 private:
  MonotonicTime now() const override { return std::chrono::milliseconds(ms); }
  int64_t wall_ms() const override { return ms; }
  StatusOr<FileLocation> resolve(const std::string& uri) override {
    return not_found("there are no files here, not even " + uri);
  }

  std::deque<std::function<void()>> work_;
};

/// A key and a number.
using Pair = std::pair<int32_t, int64_t>;
using Pairs = BatchOf<Pair>;
inline constexpr auto kKeyOfPair = &Pair::first;

template <class Op>
JobOperator operator_of(const std::string& uid, Op make) {
  JobOperator op;
  op.name = op.uid = uid;
  op.id = murmur3_128(uid);
  op.factory = make;
  return op;
}

inline JobOperator summing() {
  return operator_of("sum", [] {
    const auto sum = [](Pair a, const Pair& b) { return Pair{a.first, a.second + b.second}; };
    return std::make_unique<detail::ReduceOperator<Pair, decltype(kKeyOfPair), decltype(sum)>>(
        kKeyOfPair, sum);
  });
}

inline JobOperator reading(std::vector<Pair> pairs, size_t batch_size) {
  return operator_of("pairs", [pairs, batch_size] {
    auto strategy = WatermarkStrategy<Pair>::for_monotonous_timestamps().with_timestamp_assigner(
        [](const Pair& p) { return p.second; });
    return std::make_unique<detail::SourceReaderOperator<Pair>>(
        detail::CollectionSource<Pair>(pairs).create_reader(), std::move(strategy),
        detail::OperatorSettings{.batch_size = batch_size, .auto_watermark_interval_ms = 0});
  });
}

/// A source, a chain after it by hash, and a consumer of its results: vertices 0, 1 and 2.
inline JobGraph three_vertices(JobOperator source, std::vector<JobOperator> chain) {
  JobGraph graph;
  graph.name = "test";
  graph.fingerprint = murmur3_128("test graph");
  graph.vertices.resize(3);
  graph.vertices[0].name = "source";
  graph.vertices[0].is_source = true;
  graph.vertices[0].chain = {std::move(source)};
  graph.vertices[1].name = "middle";
  graph.vertices[1].chain = std::move(chain);
  graph.vertices[2].name = "end";
  graph.vertices[2].chain = {summing()};
  const auto hasher =
      std::make_shared<const detail::TypedKeyHasher<Pair, decltype(kKeyOfPair)>>(kKeyOfPair);
  const auto codec = detail::record_codec<Pair>();
  graph.edges.push_back({0, 1, Partitioning::kHash, hasher, codec});
  graph.edges.push_back({1, 2, Partitioning::kRebalance, nullptr, codec});
  return graph;
}

/// A decoded reply.
struct TestReply {
  bool dead = false;
  std::string sentence{};
  uint8_t flags = 0;
  int64_t wake_at = 0;
  std::vector<std::string> frames{};
  std::vector<Timestamp> watermarks{};
  std::string event_time{};  ///< watermarks and statuses: "8 idle active 9 "
  std::string body{};

  /// Records of all frames, as "key:number ", in order.
  std::string records() const {
    std::string text;
    for (const std::string& bytes : frames) {
      const auto frame = decode_frame(bytes);
      Pairs batch;
      if (!frame.ok() || !detail::record_codec<Pair>()->decode(frame->batch, batch).ok())
        return "malformed";
      for (const Pair& pair : batch.records)
        text += std::to_string(pair.first) + ":" + std::to_string(pair.second) + " ";
    }
    return text;
  }
};

/// Calls a host as Flink's operator does.
class TestCaller {
 public:
  static constexpr uint32_t kBuild = 99;

  TestCaller(const JobGraph& graph, int vertex, TestWorld& world, ChainHost::Options options = {})
      : graph_(graph), vertex_(vertex), host_(graph, std::move(options), world) {}

  TestReply call(ChainCall call, std::string_view body = {}) {
    std::string request = std::string(1, static_cast<char>(call)).append(body);
    const std::string reply(host_.handle(request));
    request.assign(request.size(), '\xff');  // the host may not rely on the request's memory
    return parse(reply, call);
  }
  TestReply call(ChainCall which, int64_t number) {
    BinaryWriter body;
    body.put_i64(number);
    return call(which, body.buffer());
  }
  /// Makes the call, and RESUMEs until it is done.
  TestReply finish_call(ChainCall which, std::string_view body = {}) {
    TestReply all = call(which, body);
    while ((all.flags & kReplyMore) != 0 && !all.dead) {
      TestReply more = call(ChainCall::kResume);
      ++resumed;
      more.frames.insert(more.frames.begin(), all.frames.begin(), all.frames.end());
      more.watermarks.insert(more.watermarks.begin(), all.watermarks.begin(), all.watermarks.end());
      all = std::move(more);
    }
    return all;
  }

  OpenRequest opening(int subtask = 0, int parallelism = 1) const {
    OpenRequest request;
    request.fingerprint = graph_.fingerprint;
    request.vertex = vertex_;
    request.subtask = subtask;
    request.parallelism = parallelism;
    request.build = kBuild;
    return request;
  }
  TestReply open(const OpenRequest& request) {
    BinaryWriter body;
    put_open(body, request);
    return call(ChainCall::kOpen, body.buffer());
  }
  void open_fresh(int subtask = 0, int parallelism = 1) {
    ASSERT_FALSE(open(opening(subtask, parallelism)).dead);
    ASSERT_FALSE(call(ChainCall::kReady).dead);
  }

  /// A PROCESS request: one frame per pair.
  std::string frames_of(const std::vector<Pair>& pairs, uint32_t build = kBuild) const {
    BinaryWriter out;
    for (const Pair& pair : pairs) out.put_bytes(frame_of(pair, build));
    return out.take();
  }
  std::string frame_of(const Pair& pair, uint32_t build = kBuild) const {
    Pairs batch;
    batch.add(pair);
    graph_.edges[0].hasher->hash(batch);
    BinaryWriter out;
    put_frame_header(out, {0, group_of(pair.first), 1, build});
    graph_.edges[0].codec->encode(batch, out);
    return out.take();
  }
  static int group_of(int32_t key) { return key_group_of(Serializer<int32_t>::hash(key), 128); }

  struct Snapshot {
    std::vector<std::string> split;
    std::vector<std::string> united;
    std::vector<std::string> broadcast;
    std::map<int, std::string> groups;
    bool rest = false;
    std::vector<std::string> elements() const {
      std::vector<std::string> all = split;
      all.insert(all.end(), united.begin(), united.end());
      all.insert(all.end(), broadcast.begin(), broadcast.end());
      return all;
    }
  };
  /// SNAPSHOT without its rest.
  Snapshot begin_snapshot(int64_t id) {
    Snapshot snapshot;
    const TestReply reply = call(ChainCall::kSnapshot, id);
    EXPECT_FALSE(reply.dead) << reply.sentence;
    BinaryReader in(reply.body);
    for (auto* elements : {&snapshot.split, &snapshot.united, &snapshot.broadcast}) {
      const size_t count = in.get_count(4);
      for (size_t i = 0; i < count; ++i) elements->emplace_back(in.get_bytes());
    }
    snapshot.rest = in.get_bool();
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
    return snapshot;
  }
  /// Takes one SNAPSHOT_CHUNK; false after the last one.
  bool take_chunk(int64_t id, Snapshot& snapshot, TestWorld& world) {
    const TestReply reply = call(ChainCall::kSnapshotChunk, id);
    EXPECT_FALSE(reply.dead) << reply.sentence;
    BinaryReader in(reply.body);
    const int what = in.get_u8();
    const int group = in.get_i32();
    const std::string_view bytes = in.get_bytes();
    EXPECT_TRUE(in.ok() && in.remaining() == 0 && bytes.size() <= kStatePieceBytes);
    if (what <= 1) snapshot.groups[group] += bytes;
    if (what == 3) world.run_one();
    if (what == 4) failed_snapshot = bytes;
    return what != 2 && what != 4 && !reply.dead;
  }
  Snapshot snapshot(int64_t id, TestWorld& world) {
    Snapshot taken = begin_snapshot(id);
    while (taken.rest && take_chunk(id, taken, world)) {}
    return taken;
  }

  ChainHost& host() { return host_; }
  int resumed = 0;
  std::string failed_snapshot;  ///< the last failure that SNAPSHOT_CHUNK reported

 private:
  static TestReply parse(std::string_view bytes, ChainCall call) {
    TestReply reply;
    BinaryReader in(bytes);
    EXPECT_EQ(in.get_u32(), bytes.size() - 4);
    if (in.get_u8() != 0) {
      reply.dead = true;
      (void)in.get_utf();
      reply.sentence = in.get_bytes();
      return reply;
    }
    if (!moves_records(call)) {
      reply.body = in.get_raw(in.remaining());
      return reply;
    }
    reply.flags = in.get_u8();
    reply.wake_at = in.get_i64();
    const uint32_t outputs = in.get_u32();
    for (uint32_t i = 0; i < outputs && in.ok(); ++i) {
      const int kind = in.get_u8();
      if (kind == 1) {
        reply.frames.emplace_back(in.get_bytes());
      } else if (kind == 2) {
        reply.watermarks.push_back(in.get_i64());
        reply.event_time += std::to_string(reply.watermarks.back()) + " ";
      } else {
        EXPECT_EQ(kind, 3);
        reply.event_time += in.get_u8() != 0 ? "idle " : "active ";
      }
    }
    EXPECT_EQ(in.get_u16(), 0);
    EXPECT_TRUE(in.ok() && in.remaining() == 0) << "a malformed reply to " << name_of(call);
    return reply;
  }

  const JobGraph& graph_;
  const int vertex_;
  ChainHost host_;
};

}  // namespace weir
