#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/function_states.h"
#include "weir/detail/stream/keyed_timers.h"
#include "weir/function/functions.h"

namespace weir::detail {

/// Emits for each record the reduction of all records of its key so far. `F`: T(T so_far, const T&
/// record). State: "_op_state", as in Flink.
template <class T, class KeySelector, class F>
class ReduceOperator final : public Operator {
 public:
  using K = KeyOf<T, KeySelector>;

  ReduceOperator(KeySelector selector, F f) : keys_(std::move(selector)), f_(std::move(f)) {}

  Status open(OperatorContext& context) override {
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    table_ = &backend_->template table_state<T, ValueEntries<T>>("_op_state").table();
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }

  /// Works in place: each record becomes its result.
  void process(Batch& batch, Output& out) override {
    auto& in = static_cast<BatchOf<T>&>(batch);
    backend_->collect_garbage(in.size());
    keys_.compute(in, backend_->places());
    const size_t count = in.size();
    for (size_t i = 0; i < std::min(count, kPrefetchDistance); ++i)
      table_->prefetch(keys_.place(i));
    for (size_t i = 0; i < count; ++i) {
      if (i + kPrefetchDistance < count) table_->prefetch(keys_.place(i + kPrefetchDistance));
      auto& record = in.records[i];
      auto found = table_->find_or_insert(keys_.place(i), keys_.key(i),
                                          [&] { return static_cast<const T&>(record); });
      if (found.inserted) continue;
      found.value = std::invoke(f_, std::move(found.value), static_cast<const T&>(record));
      record = found.value;
    }
    in.key_hashes.clear();  // the results may have other keys
    out.emit(in);
  }

 private:
  using Table = typename TableState<K, T, ValueEntries<T>>::Table;

  BatchKeys<T, KeySelector> keys_;
  F f_;
  std::unique_ptr<KeyedBackend<K>> backend_;
  Table* table_ = nullptr;
};

/// The common part of operators with a function by key. `Fn` is a KeyedProcessFunction, a
/// KeyedCoProcessFunction or a KeyedBroadcastProcessFunction.
template <class Fn>
class KeyedFunctionOperator : public Operator {
 public:
  using K = typename Fn::Key;

  explicit KeyedFunctionOperator(Fn fn) : fn_(std::move(fn)) {}

  Status open(OperatorContext& context) override {
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    services_.open(context);
    if (Status states = initialize_function(fn_, context, services_.states); !states.ok())
      return states;
    KeyedRuntimeContext<K> runtime(context, *backend_);
    fn_.Fn::open(runtime);
    timers_.open(context, *backend_);
    return {};
  }
  Status snapshot(SnapshotContext& context) override {
    snapshot_function(fn_, context);
    services_.states.snapshot(context);
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }

  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    return fire(out,
                [&](auto&& on_timer) { return timers_.advance_watermark(watermark, on_timer); });
  }
  Progress advance_processing_time(int64_t now_ms, weir::Output& out) override {
    return fire(out,
                [&](auto&& on_timer) { return timers_.advance_processing_time(now_ms, on_timer); });
  }
  int64_t next_processing_time() override { return timers_.next_processing_time(); }
  Progress finish(weir::Output&) override { return timers_.finish(); }
  void close() override {
    if (backend_) backend_->clear_current_key();
    fn_.Fn::close();
  }

 protected:
  /// Calls `call(fn, record, context, collector)` for each record of the batch.
  template <class T, class Context = KeyedProcessContext<K>, class KeySelector, class Call>
  void process_each(BatchKeys<T, KeySelector>& keys, Batch& batch, weir::Output& out, Call call) {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    backend_->collect_garbage(in.size());
    keys.compute(in, backend_->places());
    Collector<typename Fn::Output> collector(out, results_);
    const size_t count = in.size();
    backend_->prefetch(keys.places(), std::min(count, kPrefetchDistance));
    for (size_t i = 0; i < count; ++i) {
      if (i % kPrefetchDistance == 0 && i + kPrefetchDistance < count) {
        backend_->prefetch(keys.places() + i + kPrefetchDistance,
                           std::min(kPrefetchDistance, count - i - kPrefetchDistance));
      }
      const Timestamp timestamp = in.timestamp(i);
      const K& key = keys.key(i);
      backend_->set_current_key(key, keys.place(i));
      timers_.set_key(key);
      collector.set_timestamp(timestamp);
      services_.side_outputs.set_timestamp(timestamp);
      Context context(key, timestamp, services_);
      call(fn_, static_cast<const T&>(in.records[i]), context, collector);
    }
    collector.flush();
    services_.side_outputs.flush();
  }

  /// Calls `call(fn, record, context, collector)` for each record of a batch that has no keys.
  template <class T, class Context, class Call>
  void process_without_keys(Batch& batch, weir::Output& out, Call call) {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    backend_->collect_garbage(in.size());
    backend_->clear_current_key();
    Collector<typename Fn::Output> collector(out, results_);
    for (size_t i = 0; i < in.size(); ++i) {
      const Timestamp timestamp = in.timestamp(i);
      collector.set_timestamp(timestamp);
      services_.side_outputs.set_timestamp(timestamp);
      Context context(timestamp, services_, *backend_);
      call(fn_, static_cast<const T&>(in.records[i]), context, collector);
    }
    collector.flush();
    services_.side_outputs.flush();
  }
  KeyedServices& services() { return services_; }

 private:
  /// Fires the timers for which `advance` calls its argument.
  template <class Advance>
  Progress fire(weir::Output& out, Advance advance) {
    Collector<typename Fn::Output> collector(out, results_);
    const Progress progress = advance([&](const K& key, Timestamp timestamp, TimeDomain domain) {
      // As in Flink, results of a processing-time timer have no timestamp.
      const Timestamp of_results = domain == TimeDomain::kEventTime ? timestamp : kNoTimestamp;
      collector.set_timestamp(of_results);
      services_.side_outputs.set_timestamp(of_results);
      typename Fn::OnTimerContext context(key, timestamp, services_, domain);
      fn_.Fn::on_timer(timestamp, context, collector);
    });
    collector.flush();
    services_.side_outputs.flush();
    return progress;
  }

  Fn fn_;
  std::unique_ptr<KeyedBackend<K>> backend_;
  KeyedTimers<K> timers_;
  KeyedServices services_{timers_};
  BatchOf<typename Fn::Output> results_;  // empty between calls
};

/// Runs a KeyedProcessFunction.
template <class Fn, class T, class KeySelector>
class KeyedProcessOperator final : public KeyedFunctionOperator<Fn> {
 public:
  static_assert(std::is_same_v<KeyOf<T, KeySelector>, typename Fn::Key>,
                "the function's key type is not that of key_by()");
  static_assert(std::is_same_v<T, typename Fn::Input>,
                "the function's input type is not the stream's");

  KeyedProcessOperator(KeySelector selector, Fn fn)
      : KeyedFunctionOperator<Fn>(std::move(fn)), keys_(std::move(selector)) {}

  void process(Batch& batch, weir::Output& out) override {
    this->process_each(keys_, batch, out,
                       [](Fn& fn, const T& record, auto& context, auto& collector) {
                         fn.Fn::process_element(record, context, collector);
                       });
  }

 private:
  BatchKeys<T, KeySelector> keys_;
};

}  // namespace weir::detail
