#pragma once

#include <map>
#include <memory>
#include <vector>

#include "platform/crash_report.h"
#include "runtime/operator_host.h"
#include "runtime/output_partition.h"
#include "runtime/suspendable_call.h"
#include "runtime/task_snapshot.h"

namespace weir {

class EventTimeOperator;

/// Where records leave a chain.
struct ChainExit {
  size_t op = 0;   ///< the operator that emits them
  int output = 0;  ///< 0: its results; from 1 on: its side outputs
  Output* to = nullptr;
};

/// The operators of one task, a tree. It is driven by calls, and does not know its caller. A
/// ChainWalk carries watermarks, barriers and the end through it. Thread: the host's. Exceptions of
/// user code pass through every call except open(), restored() and close(); then `current()` is the
/// operator that threw. The host makes a CrashScope of the chain around each call.
class OperatorChain final : public CrashSubject {
 public:
  /// Each exit receives what its operator emits to its output. Records that nobody receives are
  /// dropped. `call` is the call through which the host runs the chain; outside of it nothing waits
  /// for room. All arguments, and the outputs that the exits lead to, outlive the chain.
  OperatorChain(const JobVertex& vertex, SubtaskPlace place, TaskServices& services,
                std::function<void(Status)> fail, const std::vector<ChainExit>& exits,
                SuspendableCall& call);
  ~OperatorChain();

  /// The lists restored for each operator, in chain order; empty on a fresh start.
  Status open(std::vector<OperatorLists> restored_lists);
  Status restored();

  size_t size() const { return hosts_.size(); }
  OperatorHost& host(size_t i) { return *hosts_[i]; }
  const OperatorHost& host(size_t i) const { return *hosts_[i]; }
  /// The operator whose code is running or ran last.
  OperatorHost& current() { return *hosts_[current_]; }
  const char* crash_label() const override { return hosts_[current_]->label().c_str(); }
  SourceOperator* source();
  /// Not null if the first operator replaces the event time of the input.
  EventTimeOperator* event_time_operator();

  /// Only asks the operators that no suspended call is in.
  bool can_accept();
  /// `input`: of the first operator.
  void process(int input, Batch& batch);
  /// Gives a batch to an operator behind the first one.
  void process_at(size_t op, Batch& batch);
  PollResult poll(EventTime* time);
  /// Sources only.
  void add_splits(std::vector<std::string> splits);
  void align_watermark(Timestamp max_allowed);

  /// Makes operator `i` the current one and returns it. For ChainWalk, and for the host before it
  /// runs a serializer or key selector: the first operator is to blame for those of the inputs, and
  /// the sender for those of an output.
  OperatorHost& enter(size_t i);
  /// For ChainWalk: where the results of an operator go.
  Output& output_of(size_t i) { return *results_[i]; }

  /// For an exit, when an operator emits: suspends the call until `ready()`. Returns false if the
  /// output must be dropped. May throw CallAbandoned.
  template <class Ready>
  bool wait_until(Ready ready) {
    while (call_.wanted()) {
      if (ready() || !call_.running()) return true;
      suspend();
    }
    return false;
  }
  /// For the host, after a suspended call has ended: runs the work that waited for its end.
  void call_ended();

  /// Until released, only operators without receivers have processing time: nothing is emitted.
  void hold_timers(bool hold) { timers_held_ = hold; }
  int64_t next_processing_time();
  /// One round: each operator fires everything that is due at `now_ms`, or a bounded part of it.
  void fire_due(int64_t now_ms);
  /// Calls the processing-time function of the operators that accept no records now, because they
  /// may be waiting for exactly that. Returns when they want the next call. Skips operators that a
  /// suspended call is in.
  int64_t advance_refusing(int64_t now_ms);

  /// Captures the state of every operator as of now.
  StatusOr<TaskSnapshot> snapshot(CheckpointId id);
  void checkpoint_completed(CheckpointId id);
  void checkpoint_aborted(CheckpointId id);
  void commit_without_checkpoint();
  bool quiescent();
  /// The number of records that operators have dropped because they were late.
  int64_t late_records() const;
  /// Closes all operators, even if some throw. Returns the first failure.
  Status close();

 private:
  class Link;
  class Nowhere;
  class Fork;

  Output& connect(std::vector<Output*> receivers);
  void suspend();
  void snapshot_ended();
  void set_base(CheckpointId id);
  bool has_timers(size_t i) const { return !timers_held_ || emits_[i] == 0; }

  const JobVertex& vertex_;
  const SubtaskPlace place_;
  std::vector<std::unique_ptr<OperatorHost>> hosts_;
  std::vector<const Counter*> late_records_;     ///< only the operators that count them
  std::vector<std::unique_ptr<Output>> routes_;  ///< `results_` and side outputs refer to them
  std::vector<Output*> results_;                 ///< by operator: where its results go
  std::vector<uint8_t> emits_;                   ///< by operator: 1 if it has any receiver
  SuspendableCall& call_;
  bool timers_held_ = false;
  size_t current_ = 0;
  /// By checkpoint: the numbers of the snapshots of keyed state, by operator; 0: it has none. From
  /// the newest durable one on.
  std::map<CheckpointId, std::vector<int64_t>> epochs_;
  CheckpointId base_ = 0;           ///< the newest checkpoint known to be durable; 0: none
  std::vector<uint8_t> suspended_;  ///< by operator: 1 if it may be in a suspended call
};

}  // namespace weir
