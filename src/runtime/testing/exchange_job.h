#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/strings.h"
#include "graph/job_graph.h"
#include "weir/detail/types/record_codec_of.h"

namespace weir::exchange_tests {

using Numbers = BatchOf<int64_t>;

constexpr int kSubtasks = 4;
constexpr size_t kTasks = kSubtasks + kSubtasks + 1;  ///< and the collector
constexpr int64_t kKeys = 10;

/// The observations that the operators of a job report to the test. Everything runs on the test's
/// thread.
struct Log {
  std::map<CheckpointId, int64_t> emitted,
      counted;  ///< number of records at the snapshots of sources and of counters
  std::multiset<std::string> results;
  bool check = true;  ///< verify that records arrive as sent
};

/// Emits `count` numbers that no other subtask emits, 10 at a time.
class NumberSource final : public SourceOperator {
 public:
  NumberSource(Log& log, int64_t count) : log_(log), count_(count) {}
  Status open(OperatorContext& context) override {
    first_ = context.subtask() * 1'000'000;
    return {};
  }
  PollResult poll(Output& out, EventTime* time) override {
    if (emitted_ == count_) return {PollResult::Status::kEnd};
    Numbers batch;
    for (int i = 0; i < 10 && emitted_ < count_; ++i, ++emitted_)
      batch.add(first_ + emitted_, emitted_);
    time->watermark = emitted_ - 1;
    out.emit(batch);
    return {PollResult::Status::kMore};
  }
  Status snapshot(SnapshotContext& context) override {
    log_.emitted[context.checkpoint_id()] += emitted_;
    return {};
  }
  void add_splits(std::vector<std::string>) override {}
  int64_t records_emitted() const override { return emitted_; }

 private:
  Log& log_;
  const int64_t count_;
  int64_t first_ = 0;
  int64_t emitted_ = 0;
};

/// Computes the sum, count and order of the numbers of each key; emits key * 1'000'000'000 + sum at
/// the end.
class Counter final : public Operator {
 public:
  explicit Counter(Log& log) : log_(log) {}
  Status open(OperatorContext& context) override {
    name_ = cat(context.operator_name(), "/", context.subtask());
    return {};
  }
  void process(Batch& batch, Output&) override {
    const auto& records = static_cast<Numbers&>(batch).records;
    for (size_t i = 0; i < records.size() && log_.check; ++i) {
      EXPECT_EQ(batch.key_hashes[i], static_cast<int32_t>(records[i] % kKeys));
      EXPECT_EQ(batch.timestamp(i), records[i] % 1'000'000);
      EXPECT_GT(records[i], last_[records[i] / 1'000'000]) << "out of order";
      last_[records[i] / 1'000'000] = records[i];
      sums_[records[i] % kKeys] += records[i];
      ++count_;
    }
  }
  Progress finish(Output& out) override {
    Numbers batch;
    for (const auto& [key, sum] : sums_) batch.add(key * 1'000'000'000'000 + sum);
    out.emit(batch);
    return Progress::kDone;
  }
  Status snapshot(SnapshotContext& context) override {
    log_.counted[context.checkpoint_id()] += count_;
    return {};
  }

 private:
  Log& log_;
  std::string name_;
  std::map<int64_t, int64_t> last_{{0, -1}};
  std::map<int64_t, int64_t> sums_;
  int64_t count_ = 0;
};

class Collector final : public Operator {
 public:
  explicit Collector(Log& log) : log_(log) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output&) override {
    for (const int64_t record : static_cast<Numbers&>(batch).records)
      log_.results.insert(std::to_string(record));
  }

 private:
  Log& log_;
};

class LastDigit final : public KeyHasher {
 public:
  std::unique_ptr<KeyHasher> copy() const override { return std::make_unique<LastDigit>(); }
  void hash(Batch& batch) const override {
    batch.key_hashes.clear();
    for (const int64_t record : static_cast<Numbers&>(batch).records)
      batch.key_hashes.push_back(static_cast<int32_t>(record % kKeys));
  }
};

/// Four sources, a count by key, and one subtask that collects.
inline JobGraph job(Log& log, int64_t records = 500) {
  JobGraph graph;
  graph.fingerprint = murmur3_128("job");
  const auto vertex = [&](std::string name, int parallelism, bool source, OperatorFactory factory) {
    JobVertex v;
    v.name = name;
    v.parallelism = parallelism;
    v.is_source = source;
    v.chain.push_back(
        JobOperator{name, name, murmur3_128(name), std::move(factory), nullptr, nullptr});
    graph.vertices.push_back(std::move(v));
  };
  vertex("numbers", kSubtasks, true,
         [&log, records] { return std::make_unique<NumberSource>(log, records); });
  vertex("count", kSubtasks, false, [&log] { return std::make_unique<Counter>(log); });
  vertex("collect", 1, false, [&log] { return std::make_unique<Collector>(log); });
  const auto codec = detail::record_codec<int64_t>();
  graph.edges.push_back({0, 1, Partitioning::kHash, std::make_shared<LastDigit>(), codec});
  graph.edges.push_back({1, 2, Partitioning::kRebalance, nullptr, codec});
  return graph;
}

}  // namespace weir::exchange_tests
