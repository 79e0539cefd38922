#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/state/timers.h"
#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/time_messages.h"
#include "weir/detail/types/show_value.h"
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

/// Runs a KeyedProcessFunction. Timers have Flink's state names. As in Flink, processing-time
/// timers do not fire after the end of the input: finish() drops pending ones. Event-time timers
/// that register each other endlessly fail the task.
template <class Fn, class T, class KeySelector>
class KeyedProcessOperator final : public Operator, private TimerService {
 public:
  using K = KeyOf<T, KeySelector>;
  using Out = typename Fn::Output;
  static_assert(std::is_same_v<K, typename Fn::Key>,
                "the function's key type is not that of key_by()");
  static_assert(std::is_same_v<T, typename Fn::Input>,
                "the function's input type is not the stream's");

  KeyedProcessOperator(KeySelector selector, Fn fn)
      : keys_(std::move(selector)), fn_(std::move(fn)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    KeyedRuntimeContext<K> runtime(context, *backend_);
    fn_.Fn::open(runtime);
    event_ = add_timers("_timer_state/event_user-timers");
    processing_ = add_timers("_timer_state/processing_user-timers");
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }

  void process(Batch& batch, weir::Output& out) override {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    backend_->collect_garbage(in.size());
    keys_.compute(in, backend_->places());
    Collector<Out> collector(out, results_);
    const size_t count = in.size();
    backend_->prefetch(keys_.places(), std::min(count, kPrefetchDistance));
    for (size_t i = 0; i < count; ++i) {
      if (i % kPrefetchDistance == 0 && i + kPrefetchDistance < count) {
        backend_->prefetch(keys_.places() + i + kPrefetchDistance,
                           std::min(kPrefetchDistance, count - i - kPrefetchDistance));
      }
      const Timestamp timestamp = in.timestamp(i);
      key_ = &keys_.key(i);
      backend_->set_current_key(*key_, keys_.place(i));
      collector.set_timestamp(timestamp);
      typename Fn::Context context(*key_, timestamp, *this);
      fn_.Fn::process_element(static_cast<const T&>(in.records[i]), context, collector);
    }
    collector.flush();
  }

  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    watermark_ = watermark;
    return fire(*event_, watermark, TimeDomain::kEventTime, out);
  }
  Progress advance_processing_time(int64_t now_ms, weir::Output& out) override {
    return fire(*processing_, now_ms, TimeDomain::kProcessingTime, out);
  }
  int64_t next_processing_time() override { return processing_->next(); }
  Progress finish(weir::Output&) override {
    TimerKey<K> timer{};
    for (int i = 0; i < kTimersPerCall; ++i) {
      if (processing_->take(INT64_MAX, &timer)) {
        ++dropped_timers_;
        continue;
      }
      if (dropped_timers_ > 0) warn_of_timers_dropped(*context_, dropped_timers_);
      return Progress::kDone;
    }
    return Progress::kMore;
  }
  void close() override {
    if (backend_) backend_->clear_current_key();
    fn_.Fn::close();
  }

 private:
  static constexpr int kTimersPerCall = 1024;
  /// The limit is a day of one timer per second. A longer chain, after the end of the input or
  /// without progress in time, is considered endless.
  static constexpr uint32_t kLongestChain = 100'000;

  /// The event-time timer whose on_timer() is running.
  struct Firing {
    Timestamp timestamp;
    Timestamp until;
    uint32_t chain;
  };
  static constexpr Firing kNothingFires{kMinWatermark, kMinWatermark, 0};

  TimerSet<K>* add_timers(const char* name) {
    auto timers = std::make_unique<TimerSet<K>>(name, backend_->tracker());
    TimerSet<K>* added = timers.get();
    backend_->add(std::move(timers));
    return added;
  }

  Progress fire(TimerSet<K>& timers, Timestamp until, TimeDomain domain, weir::Output& out) {
    backend_->collect_garbage();
    Collector<Out> collector(out, results_);
    TimerKey<K> timer{};
    uint32_t chain = 0;
    for (int i = 0; i < kTimersPerCall && timers.take(until, &timer, &chain); ++i) {
      if (chain >= kLongestChain) {
        context_->fail(endless_timers(*context_, show_value(timer.key), timer.timestamp, chain,
                                      until == kMaxWatermark));
        return Progress::kDone;
      }
      firing_ = {timer.timestamp, domain == TimeDomain::kEventTime ? until : kMinWatermark, chain};
      key_ = &timer.key;
      backend_->set_current_key(timer.key, backend_->places().place(Serializer<K>::hash(timer.key),
                                                                    table_hash(timer.key)));
      // As in Flink, results of a processing-time timer have no timestamp.
      collector.set_timestamp(domain == TimeDomain::kEventTime ? timer.timestamp : kNoTimestamp);
      typename Fn::OnTimerContext context(timer.key, timer.timestamp, *this, domain);
      fn_.Fn::on_timer(timer.timestamp, context, collector);
    }
    firing_ = kNothingFires;
    collector.flush();
    return timers.next() <= until && !timers.empty() ? Progress::kMore : Progress::kDone;
  }

  Timestamp current_watermark() const override { return watermark_; }
  int64_t current_processing_time() const override { return context_->processing_time_ms(); }
  void register_event_time_timer(Timestamp timestamp) override {
    const bool endless = timestamp <= firing_.until &&
                         (timestamp <= firing_.timestamp || firing_.until == kMaxWatermark);
    event_->add(timestamp, *key_, endless ? firing_.chain + 1 : 0);
  }
  void delete_event_time_timer(Timestamp timestamp) override { event_->remove(timestamp, *key_); }
  void register_processing_time_timer(int64_t time_ms) override {
    processing_->add(time_ms, *key_);
  }
  void delete_processing_time_timer(int64_t time_ms) override {
    processing_->remove(time_ms, *key_);
  }

  BatchKeys<T, KeySelector> keys_;
  Fn fn_;
  OperatorContext* context_ = nullptr;
  std::unique_ptr<KeyedBackend<K>> backend_;
  TimerSet<K>* event_ = nullptr;
  TimerSet<K>* processing_ = nullptr;
  const K* key_ = nullptr;
  Timestamp watermark_ = kMinWatermark;
  Firing firing_ = kNothingFires;
  int64_t dropped_timers_ = 0;
  BatchOf<Out> results_;  // empty between calls
};

}  // namespace weir::detail
