#pragma once

#include <concepts>

#include "weir/detail/state/operator_states.h"
#include "weir/function/checkpointed_function.h"

namespace weir::detail {

/// Calls a function for its operator state if it is a CheckpointedFunction; otherwise does nothing.
template <class Fn>
Status initialize_function(Fn& fn, OperatorContext& context, OperatorStates& states) {
  if constexpr (std::derived_from<Fn, CheckpointedFunction>) {
    FunctionInitializationContext initialization(context, states);
    fn.initialize_state(initialization);
  }
  return states.status();
}
template <class Fn>
void snapshot_function(Fn& fn, SnapshotContext& context) {
  if constexpr (std::derived_from<Fn, CheckpointedFunction>) {
    FunctionSnapshotContext snapshot(context.checkpoint_id());
    fn.snapshot_state(snapshot);
  }
}

/// The operator state of a function that has no other state. Empty, if the function has none.
template <class Fn>
class FunctionStates {
 public:
  Status open(Fn&, OperatorContext&) { return {}; }
  void snapshot(Fn&, SnapshotContext&) {}
};
template <std::derived_from<CheckpointedFunction> Fn>
class FunctionStates<Fn> {
 public:
  Status open(Fn& fn, OperatorContext& context) {
    states_.open(context);
    return initialize_function(fn, context, states_);
  }
  void snapshot(Fn& fn, SnapshotContext& context) {
    snapshot_function(fn, context);
    states_.snapshot(context);
  }

 private:
  OperatorStates states_;
};

}  // namespace weir::detail
