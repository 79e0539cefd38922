#pragma once

#include <type_traits>
#include <utility>

#include "weir/detail/stream/function_states.h"
#include "weir/function/co_functions.h"
#include "weir/function/functions.h"
#include "weir/operator/collector.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// The common part of operators with a function without keys. `Fn` is a ProcessFunction, a
/// CoProcessFunction or a BroadcastProcessFunction.
template <class Fn>
class FunctionOperator : public Operator {
 public:
  explicit FunctionOperator(Fn fn) : fn_(std::move(fn)) {}

  Status open(OperatorContext& context) override {
    services_.open(context);
    if (Status states = initialize_function(fn_, context, services_.states); !states.ok())
      return states;
    RuntimeContext runtime(context);
    fn_.Fn::open(runtime);
    return {};
  }
  Status snapshot(SnapshotContext& context) override {
    snapshot_function(fn_, context);
    services_.states.snapshot(context);
    return {};
  }
  Progress advance_watermark(Timestamp watermark, weir::Output&) override {
    services_.watermark = watermark;
    return Progress::kDone;
  }
  void close() override { fn_.Fn::close(); }

 protected:
  /// Calls `call(fn, record, context, collector)` for each record of the batch.
  template <class T, class Context = ProcessContext, class Call>
  void process_each(Batch& batch, weir::Output& out, Call call) {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    Collector<typename Fn::Output> collector(out, results_);
    for (size_t i = 0; i < in.size(); ++i) {
      const Timestamp timestamp = in.timestamp(i);
      collector.set_timestamp(timestamp);
      services_.side_outputs.set_timestamp(timestamp);
      Context context(timestamp, services_);
      call(fn_, static_cast<const T&>(in.records[i]), context, collector);
    }
    collector.flush();
    services_.side_outputs.flush();
  }

  ProcessServices& services() { return services_; }

 private:
  Fn fn_;
  ProcessServices services_;
  BatchOf<typename Fn::Output> results_;  // empty between calls
};

/// Runs a ProcessFunction.
template <class Fn>
class ProcessOperator final : public FunctionOperator<Fn> {
 public:
  using FunctionOperator<Fn>::FunctionOperator;
  void process(Batch& batch, weir::Output& out) override {
    this->template process_each<typename Fn::Input>(
        batch, out, [](Fn& fn, const auto& record, ProcessContext& context, auto& collector) {
          fn.Fn::process_element(record, context, collector);
        });
  }
};

/// Runs a CoProcessFunction.
template <class Fn>
class CoProcessOperator final : public FunctionOperator<Fn> {
 public:
  using FunctionOperator<Fn>::FunctionOperator;
  void process(Batch& batch, weir::Output& out) override {
    this->template process_each<typename Fn::Input1>(
        batch, out, [](Fn& fn, const auto& record, ProcessContext& context, auto& collector) {
          fn.Fn::process_element1(record, context, collector);
        });
  }
  void process_input(int input, Batch& batch, weir::Output& out) override {
    if (input == 0) return process(batch, out);
    this->template process_each<typename Fn::Input2>(
        batch, out, [](Fn& fn, const auto& record, ProcessContext& context, auto& collector) {
          fn.Fn::process_element2(record, context, collector);
        });
  }
};

/// One operator for each of two inputs. Both have the same type of results. Neither uses time, and
/// their only state is that of their functions.
template <class First, class Second>
class CoOperator final : public Operator {
 public:
  template <class F1, class F2>
  CoOperator(F1 f1, F2 f2) : first_(std::move(f1)), second_(std::move(f2)) {}

  Status open(OperatorContext& context) override {
    Status first = first_.open(context);
    return first.ok() ? second_.open(context) : first;
  }
  Status snapshot(SnapshotContext& context) override {
    Status first = first_.snapshot(context);
    return first.ok() ? second_.snapshot(context) : first;
  }
  void process(Batch& batch, Output& out) override { first_.process(batch, out); }
  void process_input(int input, Batch& batch, Output& out) override {
    if (input == 0) return process(batch, out);
    second_.process(batch, out);
  }

 private:
  First first_;
  Second second_;
};

}  // namespace weir::detail
