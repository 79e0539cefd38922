#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/keyed_state.h"
#include "weir/detail/operator.h"
#include "weir/testing/test_record.h"

namespace weir {

/// Turns a batch of an operator's results into lines.
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

/// `batch_of<int>({{1, 100}, {2, 200}})`: records and their timestamps.
template <class T>
std::unique_ptr<BatchOf<T>> batch_of(std::initializer_list<std::pair<T, Timestamp>> records) {
  auto batch = std::make_unique<BatchOf<T>>();
  for (const auto& [record, timestamp] : records) batch->add(record, timestamp);
  return batch;
}

/// What a subtask put into a snapshot.
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
  std::map<int, std::string> groups;  ///< bytes of the key groups that have any
};

/// The snapshots of all subtasks, dealt out anew to `parallelism` subtasks as a restore does.
std::vector<HarnessSnapshot> redistribute(const std::vector<HarnessSnapshot>& snapshots,
                                          int parallelism, int max_parallelism);

struct HarnessOptions {
  int subtask = 0;
  int parallelism = 1;
  int max_parallelism = 128;
  std::string operator_name = "operator under test";
  uint64_t attempt_nonce = 1;
  FileSystemRegistry* files = nullptr;
  /// Blocking work runs at once, or not before run_blocking_work().
  bool defer_blocking_work = false;
};

/// Hosts one operator in one thread, and keeps the host's promises. Continuations of blocking work
/// run between calls.
class OperatorHarness final : private OperatorContext, private OperatorStateStore, private Output {
 public:
  /// `emit` gets what the operator emits.
  OperatorHarness(std::unique_ptr<Operator> op, std::function<void(Batch&)> emit,
                  HarnessOptions options);
  /// Keeps it as text, for take_output().
  OperatorHarness(std::unique_ptr<Operator> op, ShowBatch show, HarnessOptions options = {});
  ~OperatorHarness() override;

  /// Opens the operator, restores it if there is something to restore, and calls restored().
  Status open(const HarnessSnapshot* restored = nullptr, bool ignore_unclaimed = false);
  void process(Batch& batch);
  /// One call; kMore has to be called again.
  Progress advance_watermark(Timestamp watermark);
  Progress advance_processing_time(int64_t now_ms);
  Progress finish();
  /// Calls until kDone.
  void watermark_to_the_end(Timestamp watermark);
  void processing_time_to_the_end(int64_t now_ms);
  PollResult poll(Timestamp* watermark);

  /// prepare_barrier() and snapshot(); the keyed state is read at once, or by read_keyed_state() if
  /// it is to be `deferred`.
  HarnessSnapshot snapshot(int64_t checkpoint_id, bool deferred = false);
  void read_keyed_state(HarnessSnapshot* snapshot);
  void checkpoint_completed(int64_t id);

  /// Runs the blocking work that waits, and its continuations. False if there was none.
  bool run_blocking_work();
  void set_processing_time(int64_t now_ms) { now_ms_ = now_ms; }

  Operator& op() { return *op_; }
  int subtask_index() const { return options_.subtask; }
  using OperatorContext::metrics;
  /// What asking has set off is done, unless blocking work is deferred.
  bool can_accept() {
    if (op_->can_accept()) return true;
    run_continuations();
    return op_->can_accept();
  }
  /// What was emitted since the last call.
  std::vector<std::string> take_output() { return std::exchange(output_, {}); }
  /// What the operator failed the task with.
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
  StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode mode,
                                             TypeDescription element) override;
  void emit(Batch& batch) override;

  void run_continuations();

  const HarnessOptions options_;
  const std::function<void(Batch&)> emit_;
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

/// An operator, and what happens to it, step by step.
class OperatorScenario {
 public:
  OperatorScenario(OperatorFactory factory, ShowBatch show)
      : factory_(std::move(factory)), show_(std::move(show)) {}

  OperatorScenario& records(std::unique_ptr<Batch> batch);
  OperatorScenario& watermark(Timestamp watermark);
  OperatorScenario& processing_time(int64_t now_ms);
  OperatorScenario& finish();
  /// How records find their key groups; needed to try other parallelisms.
  OperatorScenario& keyed_by(std::shared_ptr<const KeyHasher> hasher, int max_parallelism = 128);
  OperatorScenario& files(FileSystemRegistry* files);
  /// Results may change places: they are compared sorted.
  OperatorScenario& any_order();

  /// The results of the run without interruption; "failed: …" as the last line if it did.
  std::vector<std::string> run() const;
  /// Runs it again in every way that must make no difference, and tells the first difference; "" if
  /// there is none:
  ///   a snapshot after every call, also between two calls with kMore, whose state is read only
  ///   after the next step; a new operator, restored from that, after every call; blocking work
  ///   done late; keyed: two subtasks instead of one, becoming one in the middle, and one becoming
  ///   two (here results may change their order).
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
      0;  ///< of all runs: what they leave on a disk that they share must not have the same names
  HarnessOptions options_;
  bool any_order_ = false;
};

}  // namespace weir
