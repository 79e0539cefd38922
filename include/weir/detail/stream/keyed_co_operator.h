#pragma once

#include <type_traits>
#include <utility>

#include "weir/detail/stream/keyed_operators.h"
#include "weir/function/co_functions.h"

namespace weir::detail {

/// Runs a KeyedCoProcessFunction. Both inputs share the keys, their state and timers.
template <class Fn, class Selector1, class Selector2>
class KeyedCoProcessOperator final : public KeyedFunctionOperator<Fn> {
 public:
  using Input1 = typename Fn::Input1;
  using Input2 = typename Fn::Input2;
  static_assert(std::is_same_v<KeyOf<Input1, Selector1>, typename Fn::Key> &&
                    std::is_same_v<KeyOf<Input2, Selector2>, typename Fn::Key>,
                "the function's key type is not that of key_by()");

  KeyedCoProcessOperator(Selector1 selector1, Selector2 selector2, Fn fn)
      : KeyedFunctionOperator<Fn>(std::move(fn)),
        keys1_(std::move(selector1)),
        keys2_(std::move(selector2)) {}

  void process(Batch& batch, weir::Output& out) override {
    this->process_each(keys1_, batch, out,
                       [](Fn& fn, const Input1& record, auto& context, auto& collector) {
                         fn.Fn::process_element1(record, context, collector);
                       });
  }
  void process_input(int input, Batch& batch, weir::Output& out) override {
    if (input == 0) return process(batch, out);
    this->process_each(keys2_, batch, out,
                       [](Fn& fn, const Input2& record, auto& context, auto& collector) {
                         fn.Fn::process_element2(record, context, collector);
                       });
  }

 private:
  BatchKeys<Input1, Selector1> keys1_;
  BatchKeys<Input2, Selector2> keys2_;
};

}  // namespace weir::detail
