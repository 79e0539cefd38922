#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/function/output_tag.h"
#include "weir/stream/data_stream.h"
#include "weir/testing/graph_harness.h"

namespace weir::detail {

/// The common part of the harnesses of pieces of a job; see StreamTestHarness.
template <class Out>
class PieceHarness {
 public:
  using Record = std::conditional_t<std::is_void_v<Out>, char, Out>;

  /// Sets the wall clock (ms), which starts at 0. Fires the timers that are due.
  void processing_time(int64_t now_ms) { harness_.advance_processing_time(now_ms); }

  /// Returns the results since the last call. Keyed results of several subtasks are in no
  /// particular order.
  std::vector<TestRecord<Record>> take_output() { return std::exchange(*output_, {}); }
  std::vector<Record> take_values() {
    std::vector<Record> values;
    for (auto& record : take_output()) values.push_back(std::move(record.value));
    return values;
  }
  /// Returns the records since the last call of side outputs of this name. Those that the piece
  /// itself reads are not among them.
  template <class X>
  std::vector<TestRecord<X>> take_side_output(const OutputTag<X>& tag) {
    std::vector<TestRecord<X>> records;
    for (const auto& batch : harness_.take_side_output(tag.name(), typeid(X))) {
      auto& typed = static_cast<BatchOf<X>&>(*batch);
      for (size_t i = 0; i < typed.size(); ++i)
        records.push_back({std::move(typed.records[i]), typed.timestamp(i)});
    }
    return records;
  }

  /// Takes a checkpoint. The piece is notified of its completion only by checkpoint_completed().
  TestSnapshot snapshot() { return harness_.snapshot(); }
  void checkpoint_completed(const TestSnapshot& snapshot) {
    harness_.checkpoint_completed(snapshot);
  }
  /// Simulates a failure: new subtasks restore the snapshot, with the same parallelism or
  /// `parallelism`. The watermark starts over.
  void restore(const TestSnapshot& snapshot, int parallelism = 0) {
    harness_.restore(snapshot, parallelism > 0 ? parallelism : harness_.parallelism());
  }

  /// Begins with the state of a real checkpoint or savepoint, weir's or Flink's, for example one
  /// that an incident has left:
  ///
  ///   harness.restore("hdfs://namenode:8020/checkpoints/…/chk-42", "alarms");
  ///   harness.element(next_record, 1000);
  ///
  /// `path`: its directory. `uid`: of the operator of the piece that gets its state; a piece with
  /// one operator may have any. Empty: all operators of the piece whose uids the checkpoint has.
  /// Set processing_time() first if the state depends on the clock. status() has errors.
  void restore(const std::string& path, const std::string& uid, int parallelism = 0) {
    harness_.restore_checkpoint(path, uid, parallelism > 0 ? parallelism : harness_.parallelism());
  }

  /// The sum of a counter or gauge over all subtasks.
  int64_t metric(std::string_view name) const { return harness_.metric(name); }
  const Status& status() const { return harness_.status(); }

 protected:
  using Graph = std::shared_ptr<StreamGraph>;

  /// `build(graph)` adds the piece, and returns the stream of its results, if it has any.
  template <class Build>
  PieceHarness(Build&& build, TestOptions options)
      : harness_(graph_of(std::forward<Build>(build), output_), options) {}

  /// Adds a node for records of the test. These are the first nodes of the graph.
  template <class In>
  static DataStream<In> add_input(const Graph& graph) {
    StreamNode input;
    input.name = "input of the test";
    return SingleOutputStreamOperator<In>::add(graph, std::move(input));
  }
  template <class In>
  void send(In value, Timestamp timestamp, size_t input) {
    BatchOf<In> batch;
    batch.add(std::move(value), timestamp);
    harness_.send(batch, input);
  }
  template <class In>
  void send(std::vector<TestRecord<In>> records, size_t input) {
    BatchOf<In> batch;
    for (auto& record : records) batch.add(std::move(record.value), record.timestamp);
    harness_.send(batch, input);
  }

 private:
  using Output = std::shared_ptr<std::vector<TestRecord<Record>>>;

  template <class Build>
  static Graph graph_of(Build&& build, const Output& output) {
    auto graph = std::make_shared<StreamGraph>();
    if constexpr (std::is_void_v<Out>) {
      build(graph);
    } else {
      static_assert(std::is_base_of_v<DataStream<Out>, std::invoke_result_t<Build&, const Graph&>>,
                    "the piece returns a stream of another type than the harness's Out");
      build(graph).template transform<Out>(
          kTestOutput, [output] { return std::make_unique<TestOutputOperator<Out>>(output); });
    }
    return graph;
  }

  const Output output_ = std::make_shared<std::vector<TestRecord<Record>>>();

 protected:
  GraphHarness harness_;
};

}  // namespace weir::detail
