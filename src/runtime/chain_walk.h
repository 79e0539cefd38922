#pragma once

#include <cstdint>

#include "runtime/operator_chain.h"
#include "runtime/stream_element.h"

namespace weir {

/// Carries one stream element after the other through the operators of a chain. Thread: the host's.
///
/// States: at rest → under way, at one operator after the other → at rest. An operator that says
/// kMore is called again by resume(): the walk stops there until the host has room for more. User
/// code that is suspended in the middle of a call keeps its place on its own stack
/// (SuspendableCall), and the walk goes on when that call does.
/// Invariants: one element is under way at most; the exit hears of an element when every operator
/// is done with it; nothing but barriers follows the end of data.
class ChainWalk {
 public:
  /// Behind the last operator.
  class Exit {
   public:
    virtual ~Exit() = default;
    /// Every operator is done with this watermark, barrier or end. May not begin another element.
    virtual void on_passed(StreamElement::Kind kind, int64_t value) = 0;
  };

  /// Both outlive the walk.
  ChainWalk(OperatorChain& chain, Exit& exit) : chain_(chain), exit_(exit) {}

  /// Begins an element that is no batch, and goes on with it as resume() does. Only at rest.
  void begin(StreamElement::Kind kind, int64_t value);
  /// The end of a source: the greatest watermark, then the end of data.
  void begin_end_of_source();
  /// A batch: all operators have taken what it became when this returns.
  void process(Batch& batch) { chain_.process(batch); }

  bool under_way() const { return under_way_; }
  /// Goes on where an operator had more to do. Does nothing at rest.
  void resume();

  /// The last watermark that passed.
  Timestamp watermark() const { return watermark_; }
  /// The end of data has passed.
  bool ended() const { return ended_; }

 private:
  Progress visit(size_t i);
  void pass();

  OperatorChain& chain_;
  Exit& exit_;
  bool under_way_ = false;
  StreamElement::Kind kind_ = StreamElement::Kind::kWatermark;
  int64_t value_ = 0;
  size_t at_ = 0;  ///< the operator whose turn it is
  bool end_of_source_ = false;
  Timestamp watermark_ = kMinWatermark;
  bool ended_ = false;
};

}  // namespace weir
