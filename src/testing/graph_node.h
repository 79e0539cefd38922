#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/enumerator_state.h"
#include "testing/operator_harness.h"
#include "weir/detail/stream/stream_graph.h"

namespace weir::detail {

/// An edge from one node to another.
struct Edge {
  size_t to = 0;
  Partitioning partitioning = Partitioning::kForward;
  std::unique_ptr<KeyHasher> hasher;
  std::unique_ptr<RecordPartitioner> partitioner;
  int output = 0;
  int input = 0;
  size_t turn = 0;  ///< the subtask that gets the next batch; of kShuffle, the next record
};

/// Where a subtask's records of one side output go.
class SideRoute final : public Output {
 public:
  explicit SideRoute(std::function<void(Batch&)> emit) : emit_(std::move(emit)) {}
  void emit(Batch& batch) override { emit_(batch); }

 private:
  const std::function<void(Batch&)> emit_;
};

struct Node {
  std::string name;
  std::string uid;
  int parallelism = 1;
  int max_parallelism = 128;
  OperatorFactory factory;  ///< null: the test's input
  EnumeratorFactory make_enumerator;
  bool is_source = false;
  bool makes_event_time = false;
  /// Set for a source that finds splits while it runs; null: it has got all its splits.
  std::unique_ptr<SplitEnumerator<std::string>> enumerator;
  EnumeratorState found;
  std::vector<size_t> inputs;
  Timestamp watermark = kMinWatermark;
  std::vector<Edge> consumers;
  std::vector<SideOutput> side_outputs;
  std::vector<std::unique_ptr<SideRoute>> side_routes;  ///< subtasks refer to them
  std::vector<std::unique_ptr<OperatorHarness>> subtasks;
  std::vector<HarnessSnapshot> restored;  ///< subtasks refer to it
  std::vector<bool> at_end;               ///< sources
};

}  // namespace weir::detail
