#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bug_switch.h"
#include "flink/chain_host.h"
#include "flink/test_chain.h"

namespace weir {

/// The behavior of a scripted operator, and its observations.
struct Script {
  std::vector<std::string> seen{};
  int64_t throw_at = -1;           ///< the number of a record
  bool block_after_batch = false;  ///< refuses records until blocking work has returned
  Status failure{};                ///< reported by that work
  int more_on_watermark = 0;       ///< number of records to emit, one per call
  int burst = 0;                   ///< number of records after each batch, in one call
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
      if (pair.second == script_.throw_at)
        throw std::runtime_error("cannot digest " + std::to_string(pair.second));
    }
    batch.key_hashes.clear();
    out.emit(batch);
    for (int i = 1; i <= script_.burst; ++i) emit({i, 1}, out);
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
  void checkpoint_completed(int64_t id) override {
    script_.seen.push_back("completed " + std::to_string(id));
  }
  void checkpoint_aborted(int64_t id) override {
    script_.seen.push_back("aborted " + std::to_string(id));
  }
  void commit_without_checkpoint() override { script_.seen.push_back("commit"); }
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

inline JobOperator scripted(Script& script) {
  return operator_of("scripted", [&script] { return std::make_unique<ScriptedOperator>(script); });
}

inline std::vector<Pair> pairs(int count, int64_t first_number = 1) {
  std::vector<Pair> result;
  for (int i = 0; i < count; ++i) result.push_back({i, first_number});
  return result;
}

inline std::vector<Pair> parsed(const TestReply& reply) {
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

  /// Restores `taken` into two hosts, sends a record of 1 for each of 100 keys, and returns their
  /// output.
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

}  // namespace weir
