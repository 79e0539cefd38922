#pragma once

#include <cstdint>
#include <optional>

#include "weir/detail/state/operator_states.h"
#include "weir/operator/operator.h"

namespace weir {

/// The operator state of a function when its subtask starts. Valid during initialize_state().
class FunctionInitializationContext {
 public:
  FunctionInitializationContext(OperatorContext& context, detail::OperatorStates& states)
      : context_(context), states_(states) {}

  /// True if the subtask was restored from a checkpoint. The states of a function that is new in
  /// the job are empty then, too.
  bool is_restored() const { return context_.restored_checkpoint() >= 0; }
  /// Returns the id of that checkpoint.
  std::optional<int64_t> restored_checkpoint_id() const {
    if (!is_restored()) return std::nullopt;
    return context_.restored_checkpoint();
  }
  int subtask() const { return context_.subtask(); }
  int parallelism() const { return context_.parallelism(); }

  /// Returns the list of this subtask. If the parallelism changes, elements are distributed
  /// round-robin. Keep the handle. Names must be unique among the operator's states. Throws
  /// std::invalid_argument if the name was declared with another type or mode.
  template <class T>
  ListState<T> list_state(const ListStateDescriptor<T>& descriptor) {
    return states_.list(descriptor, ListStateMode::kSplit);
  }
  /// Like list_state(), but after a restore every subtask has the elements of all subtasks.
  template <class T>
  ListState<T> union_list_state(const ListStateDescriptor<T>& descriptor) {
    return states_.list(descriptor, ListStateMode::kUnion);
  }
  /// Returns a map that must be the same in all subtasks; see BroadcastState.
  template <class K, class V>
  BroadcastState<K, V> broadcast_state(const MapStateDescriptor<K, V>& descriptor) {
    return states_.broadcast(descriptor);
  }

 private:
  OperatorContext& context_;
  detail::OperatorStates& states_;
};

/// The checkpoint that a subtask takes part in. Valid during snapshot_state().
class FunctionSnapshotContext {
 public:
  explicit FunctionSnapshotContext(int64_t checkpoint_id) : checkpoint_id_(checkpoint_id) {}
  int64_t checkpoint_id() const { return checkpoint_id_; }

 private:
  const int64_t checkpoint_id_;
};

/// A second base of a function that has state without keys, such as a buffer or a position. For
/// process functions, and for classes with an operator() that are given to map(), filter() and
/// flat_map(). Such state is small: a checkpoint copies it while no records are processed. Give the
/// operator a uid(). May throw, which fails the task. Thread: the subtask's.
///
///   struct Numbered : weir::CheckpointedFunction {
///     void initialize_state(weir::FunctionInitializationContext& context) override {
///       next_ = context.list_state(weir::ListStateDescriptor<int64_t>{"next"});
///       if (!next_.get().empty()) n_ = next_.get().front();
///     }
///     void snapshot_state(weir::FunctionSnapshotContext&) override { next_.update({n_}); }
///     std::string operator()(const std::string& line) { return std::to_string(n_++) + line; }
///     …
class CheckpointedFunction {
 public:
  virtual ~CheckpointedFunction() = default;
  /// Called before open() and before the first record. Declare all states here.
  virtual void initialize_state(FunctionInitializationContext& context) = 0;
  /// Called at the barrier. What the states hold after the call is in the checkpoint.
  virtual void snapshot_state(FunctionSnapshotContext& context) = 0;
};

}  // namespace weir
