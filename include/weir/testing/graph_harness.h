#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "weir/detail/stream/stream_graph.h"
#include "weir/testing/test_record.h"

namespace weir {

namespace detail {
class GraphHarness;
}

/// The state of a part of a job at one moment, as a checkpoint holds it. A value. It is stored by
/// the uids of the operators, so that another version of the part can restore it.
class TestSnapshot {
 private:
  friend class detail::GraphHarness;
  struct State;
  std::shared_ptr<const State> state_;
};

namespace detail {

/// Runs the operators of a graph in the calling thread, with any number of subtasks each. Gives
/// operators the same guarantees as an engine (weir/operator/operator.h). Each call returns after
/// all its effects, including blocking work, which runs at once. Thread: one.
class GraphHarness {
 public:
  /// The first node, or the first two, are the inputs. Without a factory an input gets records from
  /// the test; otherwise it is a source.
  GraphHarness(std::shared_ptr<StreamGraph> graph, TestOptions options);
  ~GraphHarness();
  GraphHarness(const GraphHarness&) = delete;
  GraphHarness& operator=(const GraphHarness&) = delete;

  /// Sends records to the consumers of node `input`. Throws the exceptions of user code, as do all
  /// calls below.
  void send(Batch& batch, size_t input = 0);
  /// Reads one batch from every subtask of the source. Returns false if all have reached their end.
  bool poll();
  /// Advances the watermark of node `input`. Each other node gets the least of its inputs'.
  void advance_watermark(Timestamp watermark, size_t input = 0);
  void advance_processing_time(int64_t now_ms);
  void finish();

  TestSnapshot snapshot();
  void checkpoint_completed(const TestSnapshot& snapshot);
  /// Replaces all subtasks with `parallelism` new ones. The watermark starts over.
  void restore(const TestSnapshot& snapshot, int parallelism);

  /// The same from a checkpoint or savepoint in files. `uid`: of the operator that gets its state;
  /// if the part has one operator only, any uid in the checkpoint. Empty: all operators whose uids
  /// the checkpoint has.
  void restore_checkpoint(const std::string& path, const std::string& uid, int parallelism);

  /// Returns the records since the last call of side outputs of that name that no node reads.
  std::vector<std::unique_ptr<Batch>> take_side_output(const std::string& name,
                                                       std::type_index type);

  int parallelism() const;
  /// The sum of a metric over all subtasks.
  int64_t metric(std::string_view name) const;
  /// The first failure that an operator reported. After it, all calls do nothing.
  const Status& status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The name of the node that collects the results of the part.
inline constexpr const char* kTestOutput = "output of the test";

/// Collects the results of the part.
template <class T>
class TestOutputOperator final : public Operator {
 public:
  using Records = std::vector<TestRecord<T>>;
  explicit TestOutputOperator(std::shared_ptr<Records> records) : records_(std::move(records)) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output&) override {
    auto& in = static_cast<BatchOf<T>&>(batch);
    for (size_t i = 0; i < in.size(); ++i)
      records_->push_back({std::move(in.records[i]), in.timestamp(i)});
  }

 private:
  const std::shared_ptr<Records> records_;
};

}  // namespace detail
}  // namespace weir
