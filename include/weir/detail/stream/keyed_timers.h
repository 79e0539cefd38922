#pragma once

#include <cstdint>
#include <memory>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/state/timers.h"
#include "weir/detail/stream/time_messages.h"
#include "weir/detail/types/show_value.h"
#include "weir/function/function_context.h"

namespace weir::detail {

/// The timers of an operator with keys. They have Flink's state names. As in Flink, processing-time
/// timers do not fire after the end of the input: finish() drops pending ones. Event-time timers
/// that register each other endlessly fail the task. Thread: the operator's.
template <class K>
class KeyedTimers final : public TimerService {
 public:
  /// Declares the timers as states of `backend`, after the states of the function.
  void open(OperatorContext& context, KeyedBackend<K>& backend) {
    context_ = &context;
    backend_ = &backend;
    event_ = add_timers("_timer_state/event_user-timers");
    processing_ = add_timers("_timer_state/processing_user-timers");
  }

  /// Sets the key of the function's next calls, which must stay valid meanwhile.
  void set_key(const K& key) { key_ = &key; }

  /// Calls `on_timer(key, timestamp, domain)` for the timers that are due, at most for a bounded
  /// number of them. Makes each timer's key the current key of the backend.
  template <class OnTimer>
  Progress advance_watermark(Timestamp watermark, OnTimer&& on_timer) {
    watermark_ = watermark;
    return fire(*event_, watermark, TimeDomain::kEventTime, on_timer);
  }
  template <class OnTimer>
  Progress advance_processing_time(int64_t now_ms, OnTimer&& on_timer) {
    return fire(*processing_, now_ms, TimeDomain::kProcessingTime, on_timer);
  }
  int64_t next_processing_time() { return processing_->next(); }

  Progress finish() {
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

  template <class OnTimer>
  Progress fire(TimerSet<K>& timers, Timestamp until, TimeDomain domain, OnTimer& on_timer) {
    backend_->collect_garbage();
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
      on_timer(timer.key, timer.timestamp, domain);
    }
    firing_ = kNothingFires;
    return timers.next() <= until && !timers.empty() ? Progress::kMore : Progress::kDone;
  }

  OperatorContext* context_ = nullptr;
  KeyedBackend<K>* backend_ = nullptr;
  TimerSet<K>* event_ = nullptr;
  TimerSet<K>* processing_ = nullptr;
  const K* key_ = nullptr;
  Timestamp watermark_ = kMinWatermark;
  Firing firing_ = kNothingFires;
  int64_t dropped_timers_ = 0;
};

}  // namespace weir::detail
