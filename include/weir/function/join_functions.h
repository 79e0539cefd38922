#pragma once

// The function of an interval join.

#include <type_traits>
#include <utility>

#include "weir/detail/stream/side_outputs.h"
#include "weir/function/function_context.h"
#include "weir/operator/collector.h"

namespace weir {

/// The context of a call for a pair of records. Valid during the call.
class JoinContext {
 public:
  JoinContext(Timestamp left, Timestamp right, detail::SideOutputs& side_outputs)
      : left_(left), right_(right), side_outputs_(side_outputs) {}

  Timestamp left_timestamp() const { return left_; }
  Timestamp right_timestamp() const { return right_; }
  /// The later one of both. Results have it.
  Timestamp timestamp() const { return left_ > right_ ? left_ : right_; }
  /// Emits to a side output, as ProcessContext::output() does.
  template <class T>
  void output(const OutputTag<T>& tag, std::type_identity_t<T> record) const {
    side_outputs_.collect(tag, std::move(record));
  }

 private:
  const Timestamp left_;
  const Timestamp right_;
  detail::SideOutputs& side_outputs_;
};

/// Processes each pair of records that an interval join finds; see KeyedStream::interval_join().
/// Copied for every subtask. May throw, which fails the task. Thread: the subtask's.
template <class L, class R, class Out>
class ProcessJoinFunction {
 public:
  using Left = L;
  using Right = R;
  using Output = Out;
  using RuntimeContext = weir::RuntimeContext;
  using Context = JoinContext;

  virtual ~ProcessJoinFunction() = default;
  /// Called before the first record.
  virtual void open(RuntimeContext& context) { (void)context; }
  virtual void process_element(const L& left, const R& right, Context& context,
                               Collector<Out>& out) = 0;
  virtual void close() {}
};

}  // namespace weir
