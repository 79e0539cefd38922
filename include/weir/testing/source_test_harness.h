#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/detail/stream/source_node.h"
#include "weir/stream/data_stream.h"
#include "weir/testing/graph_harness.h"
#include "weir/time/watermark_strategy.h"

namespace weir {

/// Reads a source in a unit test, one batch after another. The test controls the time; see
/// StreamTestHarness.
///
///   weir::SourceTestHarness<Reading> harness(MySource("readings"), {.parallelism = 2});
///   harness.poll();
///   const weir::TestSnapshot snapshot = harness.snapshot();
///   harness.restore(snapshot, 1);
///   harness.read_to_end();
///   EXPECT_EQ(harness.take_values().size(), 100);
template <class T>
class SourceTestHarness {
 public:
  template <class SourceT>
  explicit SourceTestHarness(SourceT source, TestOptions options = {})
      : harness_(graph_of(std::move(source), output_), options) {}

  /// Reads at most one batch from every subtask. Returns false if all splits have been read. Of a
  /// source that finds splits while the job runs, looks for new ones first if there are none left.
  bool poll() { return harness_.poll(); }
  /// Reads until the source ends. Only for sources that do.
  void read_to_end() {
    while (poll()) {}
  }
  void processing_time(int64_t now_ms) { harness_.advance_processing_time(now_ms); }

  std::vector<TestRecord<T>> take_output() { return std::exchange(*output_, {}); }
  std::vector<T> take_values() {
    std::vector<T> values;
    for (auto& record : take_output()) values.push_back(std::move(record.value));
    return values;
  }

  TestSnapshot snapshot() { return harness_.snapshot(); }
  void restore(const TestSnapshot& snapshot, int parallelism = 0) {
    harness_.restore(snapshot, parallelism > 0 ? parallelism : harness_.parallelism());
  }
  /// The reason why the source cannot be read, or OK.
  const Status& status() const { return harness_.status(); }

 private:
  using Output = std::shared_ptr<std::vector<TestRecord<T>>>;

  template <class SourceT>
  static std::shared_ptr<detail::StreamGraph> graph_of(SourceT source, const Output& output) {
    auto graph = std::make_shared<detail::StreamGraph>();
    detail::StreamNode node =
        detail::source_node<SourceT, T>(*graph, std::move(source), no_watermarks(), "source");
    SingleOutputStreamOperator<T>::add(graph, std::move(node))
        .template transform<T>(detail::kTestOutput, [output] {
          return std::make_unique<detail::TestOutputOperator<T>>(output);
        });
    return graph;
  }

  const Output output_ = std::make_shared<std::vector<TestRecord<T>>>();
  detail::GraphHarness harness_;
};

}  // namespace weir
