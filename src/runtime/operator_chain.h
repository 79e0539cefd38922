#pragma once

#include <memory>
#include <vector>

#include "platform/crash_report.h"
#include "runtime/operator_host.h"
#include "runtime/output_partition.h"
#include "runtime/suspendable_call.h"
#include "runtime/task_snapshot.h"

namespace weir {

/// The operators of one task, one behind the other, driven by calls and giving back batches; it
/// does not know who calls it. A ChainWalk carries watermarks, barriers and the end through it.
/// Thread: the host's. Exceptions of user code pass through every call but open(), restored() and
/// close(); `current()` then tells whose it was. The host makes a CrashScope of it around each
/// call.
class OperatorChain final : public CrashSubject {
 public:
  /// `out` receives what the last operator emits. `call` is what the host calls the chain by;
  /// outside of it nothing waits for room. All arguments outlive the chain.
  OperatorChain(const JobVertex& vertex, SubtaskPlace place, TaskServices& services,
                std::function<void(Status)> fail, Output& out, SuspendableCall& call);
  ~OperatorChain();

  /// Lists restored for each operator, in chain order; empty on a fresh start.
  Status open(std::vector<OperatorLists> restored_lists);
  Status restored();

  size_t size() const { return hosts_.size(); }
  OperatorHost& host(size_t i) { return *hosts_[i]; }
  /// The operator whose code runs or ran last.
  OperatorHost& current() { return *hosts_[current_]; }
  /// Before code of the first or the last operator runs that the chain does not call: serializers
  /// and key selectors of its inputs and outputs.
  void enter_input() { current_ = 0; }
  void enter_output() { current_ = hosts_.size() - 1; }
  const char* crash_label() const override { return hosts_[current_]->label().c_str(); }
  SourceOperator* source();

  /// Of the operators that a suspended call is not in.
  bool can_accept();
  void process(Batch& batch);
  PollResult poll(Timestamp* watermark);

  /// For ChainWalk: the operator whose code is to run, and where it emits.
  OperatorHost& enter(size_t i);
  Output& output_of(size_t i);

  /// For the host, when the last operator emits: suspends the call until `ready()`. False: what is
  /// emitted is to be dropped. May throw CallAbandoned.
  template <class Ready>
  bool wait_until(Ready ready) {
    while (call_.wanted()) {
      if (ready() || !call_.running()) return true;
      suspend();
    }
    return false;
  }
  /// For the host, after a call that was suspended: runs what had to wait for its end.
  void call_ended();

  int64_t next_processing_time();
  /// One round: each operator fires what is due at `now_ms`, or a bounded part of it.
  void fire_due(int64_t now_ms);
  /// Calls the processing time of those operators that do not accept records now (they may be
  /// waiting for just that), and says when they want to be called again. Leaves out those that a
  /// suspended call is in.
  int64_t advance_refusing(int64_t now_ms);

  /// Marks the state of every operator as of now.
  StatusOr<TaskSnapshot> snapshot(CheckpointId id);
  void checkpoint_completed(CheckpointId id);
  void checkpoint_aborted(CheckpointId id);
  void commit_without_checkpoint();
  bool quiescent();
  /// Records that operators have dropped because they came too late.
  int64_t late_records() const;
  /// All operators, in spite of what some throw. The first failure.
  Status close();

 private:
  class Link;

  void suspend();
  void snapshot_ended();

  const JobVertex& vertex_;
  const SubtaskPlace place_;
  std::vector<std::unique_ptr<OperatorHost>> hosts_;
  std::vector<const Counter*> late_records_;  ///< of those operators that count them
  std::vector<std::unique_ptr<Link>> links_;  ///< links_[i] leads from operator i to operator i + 1
  Output& out_;
  SuspendableCall& call_;
  size_t current_ = 0;
  size_t suspended_ = 0;  ///< so many operators, the first, are in a suspended call
};

}  // namespace weir
