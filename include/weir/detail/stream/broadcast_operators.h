#pragma once

#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/keyed_operators.h"
#include "weir/detail/stream/process_operators.h"
#include "weir/function/broadcast_functions.h"

namespace weir::detail {

/// Declares the states whose descriptors broadcast() got.
using BroadcastDeclarations = std::vector<std::function<void(OperatorStates&)>>;

inline void declare(const BroadcastDeclarations& declarations, OperatorStates& states) {
  for (const auto& declare_in : declarations) declare_in(states);
}

/// Runs a BroadcastProcessFunction. Input 1 is the broadcast one.
template <class Fn>
class BroadcastProcessOperator final : public FunctionOperator<Fn> {
 public:
  BroadcastProcessOperator(BroadcastDeclarations declarations, Fn fn)
      : FunctionOperator<Fn>(std::move(fn)), declarations_(std::move(declarations)) {}

  Status open(OperatorContext& context) override {
    this->services().states.open(context);
    declare(declarations_, this->services().states);
    return FunctionOperator<Fn>::open(context);
  }
  void process(Batch& batch, weir::Output& out) override {
    this->template process_each<typename Fn::Input1, BroadcastReadOnlyContext>(
        batch, out, [](Fn& fn, const auto& record, auto& context, auto& collector) {
          fn.Fn::process_element(record, context, collector);
        });
  }
  void process_input(int input, Batch& batch, weir::Output& out) override {
    if (input == 0) return process(batch, out);
    this->template process_each<typename Fn::Input2, BroadcastContext>(
        batch, out, [](Fn& fn, const auto& record, auto& context, auto& collector) {
          fn.Fn::process_broadcast_element(record, context, collector);
        });
  }

 private:
  const BroadcastDeclarations declarations_;
};

/// Runs a KeyedBroadcastProcessFunction. Input 1 is the broadcast one.
template <class Fn, class KeySelector>
class KeyedBroadcastProcessOperator final : public KeyedFunctionOperator<Fn> {
 public:
  using K = typename Fn::Key;
  using Input1 = typename Fn::Input1;
  static_assert(std::is_same_v<KeyOf<Input1, KeySelector>, K>,
                "the function's key type is not that of key_by()");

  KeyedBroadcastProcessOperator(KeySelector selector, BroadcastDeclarations declarations, Fn fn)
      : KeyedFunctionOperator<Fn>(std::move(fn)),
        keys_(std::move(selector)),
        declarations_(std::move(declarations)) {}

  Status open(OperatorContext& context) override {
    this->services().states.open(context);
    declare(declarations_, this->services().states);
    return KeyedFunctionOperator<Fn>::open(context);
  }
  void process(Batch& batch, weir::Output& out) override {
    this->template process_each<Input1, KeyedBroadcastReadOnlyContext<K>>(
        keys_, batch, out, [](Fn& fn, const Input1& record, auto& context, auto& collector) {
          fn.Fn::process_element(record, context, collector);
        });
  }
  void process_input(int input, Batch& batch, weir::Output& out) override {
    if (input == 0) return process(batch, out);
    this->template process_without_keys<typename Fn::Input2, KeyedBroadcastContext<K>>(
        batch, out, [](Fn& fn, const auto& record, auto& context, auto& collector) {
          fn.Fn::process_broadcast_element(record, context, collector);
        });
  }

 private:
  BatchKeys<Input1, KeySelector> keys_;
  const BroadcastDeclarations declarations_;
};

}  // namespace weir::detail
