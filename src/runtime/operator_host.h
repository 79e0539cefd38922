#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/snapshot_model.h"
#include "graph/job_graph.h"
#include "platform/clock.h"
#include "weir/operator/operator.h"

namespace weir {

/// The services that a shard gives to its tasks.
class TaskServices {
 public:
  virtual ~TaskServices() = default;
  /// Runs `work` on the named executor and its continuation on the task's thread.
  virtual void run_blocking(std::string_view executor,
                            std::function<std::function<void()>()> work) = 0;
  virtual int64_t wall_ms() const = 0;
  virtual FileSystemRegistry& files() = 0;
};

/// Identifies the run of a job that an attempt belongs to; see OperatorContext.
struct RunIdentity {
  uint64_t nonce = 0;  ///< 0: none was drawn, and the attempt is a run of its own
  bool continues = true;
};

/// The place of one subtask in its job; the same for all operators of its chain.
struct SubtaskPlace {
  int subtask = 0;
  int parallelism = 1;
  int max_parallelism = 128;
  uint64_t attempt_nonce = 0;
  CheckpointId restored_checkpoint = -1;
  double copy_reserve = 0;
  size_t max_record_bytes = kDefaultMaxRecordBytes;
  RunIdentity run{};
  const MonotonicTime* active_time =
      nullptr;                  ///< OperatorContext::active_ms(); null: the wall clock
  bool tracks_changes = false;  ///< OperatorContext::tracks_changes()
};

/// A list of operator state: as restored, or as put at a snapshot.
struct ListStateContent {
  ListStateMode mode = ListStateMode::kSplit;
  TypeDescription element;
  std::vector<std::string> elements;
};
using OperatorLists = std::map<std::string, ListStateContent>;

/// Hosts one operator of a chain, and is the context that the operator sees. Thread: the shard's;
/// during open and restore the I/O pool's.
class OperatorHost final : public OperatorContext, public OperatorStateStore {
 public:
  /// If the operator cannot be made, open() returns the reason.
  OperatorHost(const JobOperator& description, SubtaskPlace place, TaskServices& services,
               std::function<void(Status)> fail);
  ~OperatorHost() override;

  /// Valid after a successful open().
  Operator& op() { return *operator_; }
  const JobOperator& description() const { return description_; }
  /// operator_label() of this operator.
  const std::string& label() const { return label_; }

  /// Gives the operator its restored lists and opens it. Returns an exception as a Status.
  Status open(OperatorLists restored_lists);
  /// Before open(): where the side outputs of the description lead, in their order.
  void set_side_outputs(std::vector<Output*> outputs) { side_outputs_ = std::move(outputs); }
  /// Call it when the operator is in a suspended call: continuations of its blocking work then wait
  /// until run_held_continuations().
  void hold_continuations() { holds_ = true; }
  void run_held_continuations();
  /// May be called even if the operator was not opened or not made. Returns an exception as a
  /// Status.
  Status close();
  /// The declared lists, without elements; a snapshot fills them in.
  const OperatorLists& declared_lists() const { return declared_; }

  const std::string& operator_name() const override { return description_.name; }
  const std::string& uid() const override { return description_.uid; }
  int subtask() const override { return place_.subtask; }
  int parallelism() const override { return place_.parallelism; }
  int max_parallelism() const override { return place_.max_parallelism; }
  uint64_t attempt_nonce() const override { return place_.attempt_nonce; }
  int64_t restored_checkpoint() const override { return place_.restored_checkpoint; }
  uint64_t run_nonce() const override {
    return place_.run.nonce != 0 ? place_.run.nonce : place_.attempt_nonce;
  }
  bool continues_run() const override { return place_.run.continues; }
  double copy_reserve() const override { return place_.copy_reserve; }
  size_t max_record_bytes() const override { return place_.max_record_bytes; }
  bool tracks_changes() const override { return place_.tracks_changes; }
  OperatorStateStore& operator_state() override { return *this; }
  FileSystemRegistry& files() override { return services_.files(); }
  int64_t processing_time_ms() const override { return services_.wall_ms(); }
  int64_t active_ms() const override {
    return place_.active_time == nullptr ? services_.wall_ms() : whole_ms(*place_.active_time);
  }
  void run_blocking(std::function<std::function<void()>()> work) override;
  void fail(Status status) override { fail_(std::move(status)); }
  StatusOr<Output*> side_output(const std::string& name, std::type_index type) override;
  StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode mode,
                                             TypeDescription element) override;

 private:
  void run_continuation(std::function<void()> continuation);

  const JobOperator& description_;
  const SubtaskPlace place_;
  const std::string executor_;  ///< runs its blocking work; one operator that blocks indefinitely
                                ///< must not delay the others
  TaskServices& services_;
  const std::function<void(Status)> fail_;
  const std::string label_;
  Status made_;  ///< the reason why there is no operator
  std::unique_ptr<Operator> operator_;
  OperatorLists restored_;
  OperatorLists declared_;
  std::vector<Output*> side_outputs_;
  bool holds_ = false;
  std::vector<std::function<void()>> held_;
};

/// Returns "operator 'name' (uid 'x', subtask 0)". Messages name operators so.
std::string operator_label(const JobOperator& description, int subtask);

}  // namespace weir
