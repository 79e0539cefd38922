#pragma once

#include <cstdint>

#include "runtime/operator_chain.h"
#include "runtime/stream_element.h"

namespace weir {

/// Carries one stream element after another through the operators of a chain. Thread: the host's.
///
/// States: at rest → in progress, at one operator after another → at rest. If an operator returns
/// kMore, the walk stops there until the host has room for more, and resume() calls the operator
/// again. User code that is suspended in the middle of a call keeps its position on its own stack
/// (SuspendableCall); the walk continues when that call does. Operators do not see a watermark
/// status. Invariants: at most one element is in
/// progress; the exit is notified of an element after every operator has finished it; only barriers
/// follow the end of data.
class ChainWalk {
 public:
  /// The receiver behind the last operator.
  class Exit {
   public:
    virtual ~Exit() = default;
    /// Every operator has finished this watermark, barrier or end; a status passes them at once.
    /// Must not begin another element.
    virtual void on_passed(StreamElement::Kind kind, int64_t value) = 0;
  };

  /// Both outlive the walk.
  ChainWalk(OperatorChain& chain, Exit& exit) : chain_(chain), exit_(exit) {}

  /// Begins an element other than a batch, and continues as resume() does. Only at rest.
  void begin(StreamElement::Kind kind, int64_t value);
  /// Begins the changes from the last event time to this one: a source that becomes active says so
  /// before its watermark, and one that becomes idle after it.
  void begin_time(const EventTime& time);
  /// For a chain with inputs: begins an element of them. If the first operator is an
  /// EventTimeOperator, it gets the event time of the inputs, and its own is sent instead.
  void begin_input(StreamElement::Kind kind, int64_t value);
  /// After a call of the first operator: if it is an EventTimeOperator, begins the changes to its
  /// event time. Does nothing while an element is in progress, or after the end of event time.
  void begin_own_time();
  /// Begins the end of a source: the maximum watermark, then the end of data.
  void begin_end_of_source();
  /// Processes a batch. When it returns, all operators have taken the batch or what was made of it.
  void process(int input, Batch& batch) { chain_.process(input, batch); }

  bool under_way() const { return under_way_; }
  /// Continues at the operator that had more to do. Does nothing at rest.
  void resume();

  /// The last watermark and status that passed.
  const EventTime& time() const { return time_; }
  /// True if the end of data has passed.
  bool ended() const { return ended_; }

 private:
  Progress visit(size_t i);
  void pass();

  OperatorChain& chain_;
  Exit& exit_;
  bool under_way_ = false;
  StreamElement::Kind kind_ = StreamElement::Kind::kWatermark;
  int64_t value_ = 0;
  size_t at_ = 0;  ///< the current operator
  bool end_of_source_ = false;
  bool then_idle_ = false;
  EventTime time_;
  EventTime input_time_;  ///< of the inputs, for an EventTimeOperator
  bool ended_ = false;
};

}  // namespace weir
