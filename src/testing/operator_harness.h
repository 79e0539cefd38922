#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

#include "weir/operator/operator.h"
#include "weir/state/keyed_state.h"
#include "weir/testing/test_record.h"

namespace weir {

/// Converts a batch of an operator's results into lines.
using ShowBatch = std::function<std::vector<std::string>(const Batch&)>;
template <class T>
ShowBatch show_batch_of() {
  return [](const Batch& batch) {
    std::vector<std::string> lines;
    const auto& typed = static_cast<const BatchOf<T>&>(batch);
    for (size_t i = 0; i < typed.size(); ++i) {
      lines.push_back(detail::show_with_timestamp(
          show_record(static_cast<const T&>(typed.records[i])), typed.timestamp(i)));
    }
    return lines;
  };
}

/// Makes a batch of records and their timestamps: `batch_of<int>({{1, 100}, {2, 200}})`.
template <class T>
std::unique_ptr<BatchOf<T>> batch_of(std::initializer_list<std::pair<T, Timestamp>> records) {
  auto batch = std::make_unique<BatchOf<T>>();
  for (const auto& [record, timestamp] : records) batch->add(record, timestamp);
  return batch;
}

/// One subtask's part of a snapshot.
struct HarnessSnapshot {
  struct List {
    ListStateMode mode = ListStateMode::kSplit;
    std::vector<std::string> elements;
  };
  int64_t checkpoint_id = -1;
  std::map<std::string, List> lists;
  bool keyed = false;
  TypeDescription key_type;
  std::vector<KeyedStateInfo> states;
  std::map<int, std::string> groups;  ///< only key groups with data: their bytes
  /// Restores the keyed state instead, if it is in a real checkpoint.
  std::function<Status(KeyedState& state)> read_keyed = {};
};

/// Distributes the snapshots of all subtasks to `parallelism` subtasks, as a restore does.
std::vector<HarnessSnapshot> redistribute(const std::vector<HarnessSnapshot>& snapshots,
                                          int parallelism, int max_parallelism);

struct HarnessOptions {
  int subtask = 0;
  int parallelism = 1;
  int max_parallelism = 128;
  std::string operator_name = "operator under test";
  uint64_t attempt_nonce = 1;
  FileSystemRegistry* files = nullptr;
  /// False: blocking work runs at once. True: it runs in run_blocking_work().
  bool defer_blocking_work = false;
};

/// Hosts one operator in one thread, and fulfills the host's part of the contract. Continuations of
/// blocking work run between calls.
class OperatorHarness final : private OperatorContext, private OperatorStateStore, private Output {
 public:
  /// `emit` gets the output of the operator.
  OperatorHarness(std::unique_ptr<Operator> op, std::function<void(Batch&)> emit,
                  HarnessOptions options);
  /// Keeps the output as text, for take_output().
  OperatorHarness(std::unique_ptr<Operator> op, ShowBatch show, HarnessOptions options = {});
  ~OperatorHarness() override;

  /// Opens the operator, restores it if there is something to restore, and calls restored().
  Status open(const HarnessSnapshot* restored = nullptr, bool ignore_unclaimed = false);
  /// Before open(): finds the receiver of a side output. By default nobody reads any.
  using SideOutputs = std::function<StatusOr<Output*>(const std::string&, std::type_index)>;
  void set_side_outputs(SideOutputs find) { side_outputs_ = std::move(find); }
  void process(Batch& batch, int input = 0);
  /// Makes one call; after kMore, call again.
  Progress advance_watermark(Timestamp watermark);
  Progress advance_processing_time(int64_t now_ms);
  Progress finish();
  /// Repeats the call until kDone.
  void watermark_to_the_end(Timestamp watermark);
  void processing_time_to_the_end(int64_t now_ms);
  PollResult poll(EventTime* time);

  /// Calls prepare_barrier() and snapshot(). Reads the keyed state at once, or in
  /// read_keyed_state() if it is `deferred`.
  HarnessSnapshot snapshot(int64_t checkpoint_id, bool deferred = false);
  void read_keyed_state(HarnessSnapshot* snapshot);
  void checkpoint_completed(int64_t id);

  /// Runs the waiting blocking work and its continuations. Returns false if there was none.
  bool run_blocking_work();
  void set_processing_time(int64_t now_ms) { now_ms_ = now_ms; }

  Operator& op() { return *op_; }
  int subtask_index() const { return options_.subtask; }
  using OperatorContext::metrics;
  /// Also completes the blocking work that the call starts, unless it is deferred.
  bool can_accept() {
    if (op_->can_accept()) return true;
    run_continuations();
    return op_->can_accept();
  }
  /// Returns the output since the last call.
  std::vector<std::string> take_output() { return std::exchange(output_, {}); }
  /// The failure that the operator reported, if any.
  const Status& failure() const { return failure_; }

 private:
  const std::string& operator_name() const override { return options_.operator_name; }
  const std::string& uid() const override { return options_.operator_name; }
  int subtask() const override { return options_.subtask; }
  int parallelism() const override { return options_.parallelism; }
  int max_parallelism() const override { return options_.max_parallelism; }
  uint64_t attempt_nonce() const override { return options_.attempt_nonce; }
  int64_t restored_checkpoint() const override {
    return restored_ != nullptr ? restored_->checkpoint_id : -1;
  }
  OperatorStateStore& operator_state() override { return *this; }
  FileSystemRegistry& files() override;
  int64_t processing_time_ms() const override { return now_ms_; }
  void run_blocking(std::function<std::function<void()>()> work) override;
  void fail(Status status) override;
  StatusOr<Output*> side_output(const std::string& name, std::type_index type) override {
    return side_outputs_ ? side_outputs_(name, type) : nullptr;
  }
  StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode mode,
                                             TypeDescription element) override;
  void emit(Batch& batch) override;

  void run_continuations();
  Progress fail_waiting();

  const HarnessOptions options_;
  const std::function<void(Batch&)> emit_;
  SideOutputs side_outputs_;
  std::unique_ptr<Operator> op_;
  const HarnessSnapshot* restored_ = nullptr;
  std::map<std::string, ListStateMode> declared_;
  std::unique_ptr<KeyedStateSnapshot> unread_;
  std::deque<std::function<std::function<void()>()>> work_;
  std::deque<std::function<void()>> continuations_;
  std::vector<std::string> output_;
  Status failure_;
  int64_t now_ms_ = 0;
};

/// An operator and the steps of a test: its inputs and other events, in order.
class OperatorScenario {
 public:
  OperatorScenario(OperatorFactory factory, ShowBatch show)
      : factory_(std::move(factory)), show_(std::move(show)) {}

  OperatorScenario& records(std::unique_ptr<Batch> batch);
  OperatorScenario& watermark(Timestamp watermark);
  OperatorScenario& processing_time(int64_t now_ms);
  OperatorScenario& finish();
  /// Sets how records find their key groups. Needed to try other parallelisms.
  OperatorScenario& keyed_by(std::shared_ptr<const KeyHasher> hasher, int max_parallelism = 128);
  OperatorScenario& files(FileSystemRegistry* files);
  /// Compares the results sorted, so that they may come in any order.
  OperatorScenario& any_order();

  /// Returns the results of the run without interruption; if it failed, the last line is "failed:
  /// …".
  std::vector<std::string> run() const;
  /// Runs the scenario again in every way that must make no difference, and describes the first
  /// difference; "" if there is none:
  ///   - a snapshot after every call, also between two calls with kMore, whose state is read only
  ///     after the next step;
  ///   - a new operator, restored from that, after every call;
  ///   - blocking work done late;
  ///   - if keyed: two subtasks instead of one, two that become one in the middle, and one that
  ///     becomes two (here the order of results may change).
  std::string check() const;

 private:
  struct Step {
    enum class Kind { kRecords, kWatermark, kProcessingTime, kFinish } kind;
    std::shared_ptr<const Batch> batch;
    int64_t time = 0;
  };
  class Run;

  OperatorFactory factory_;
  ShowBatch show_;
  std::vector<Step> steps_;
  std::shared_ptr<const KeyHasher> hasher_;
  mutable uint64_t attempts_ =
      0;  ///< counted over all runs, so that their files on a shared disk have different names
  HarnessOptions options_;
  bool any_order_ = false;
};

}  // namespace weir
