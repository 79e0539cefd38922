#pragma once

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/stream/time_messages.h"
#include "weir/detail/types/show_value.h"
#include "weir/detail/window/late_records.h"
#include "weir/detail/window/open_sessions.h"
#include "weir/detail/window/trigger_states.h"
#include "weir/detail/window/window_key.h"
#include "weir/window/global_windows.h"
#include "weir/window/triggers.h"

namespace weir::detail {

/// Windows of any assigner, with a trigger and an allowed lateness: Flink's semantics. Every window
/// of a key has its own contents, timers and trigger state. A window ends at its last timestamp
/// plus the allowed lateness; then its state is dropped. Drops and counts records whose windows
/// have all ended. Records without a timestamp fail the task if the assigner needs one, or are
/// dropped and counted.
///
/// `Setup`: see WindowSetup. `Kept`, `Emit`: as for WindowOperator.
template <class T, class KeySelector, class Setup, class Kept, class Emit, class Out>
class TriggeredOperator final : public Operator, private TimerService {
 public:
  using K = KeyOf<T, KeySelector>;
  using Assigner = typename Setup::Assigner;
  using Trigger = typename Setup::Trigger;

  TriggeredOperator(KeySelector selector, Setup setup, Kept kept, Emit emit,
                    const OperatorSettings& settings)
      : keys_(std::move(selector)),
        assigner_(std::move(setup.assigner)),
        trigger_(std::move(setup.trigger)),
        lateness_(setup.lateness),
        kept_(std::move(kept)),
        emit_(std::move(emit)),
        drop_without_timestamp_(settings.drop_records_without_timestamp) {}

  /// Call before open(): sends late records to a side output, if somebody reads it.
  void send_late_to(OutputTag<T> tag) { late_.send_to(std::move(tag)); }

  Status open(OperatorContext& context) override {
    context_ = &context;
    late_.open(context);
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    SnapshotTracker& tracker = backend_->tracker();
    contents_ = add_state<Contents>("window-contents", Kept::kKind, tracker);
    states_.open(*backend_);
    event_ = add_state<Timers>("_timer_state/event_window-timers", tracker);
    processing_ = add_state<Timers>("_timer_state/processing_window-timers", tracker);
    emit_.open(context, *backend_, Assigner::kMerging);
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }
  /// A window of the snapshot may lack the timer of its end, because the allowed lateness or the
  /// operator was another one.
  Status restored() override {
    contents_->for_each([&](const At& at, const auto&) { restore_window(at); });
    if constexpr (Assigner::kMerging) {
      Timers& timers = Assigner::kEventTime ? *event_ : *processing_;
      timers.for_each([&](Timestamp time, const At& at) {
        if (time == end_of(at.window)) sessions_.restore(at.key, at.window);
      });
    }
    return {};
  }

  void process(Batch& batch, weir::Output& out) override {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    backend_->collect_garbage(in.size());
    keys_.compute(in, backend_->places());
    Collector<Out> collector(out, results_);
    collector_ = &collector;
    for (size_t i = 0; i < in.size(); ++i) {
      const Timestamp timestamp = in.timestamp(i);
      if (Assigner::kEventTime && timestamp == kNoTimestamp) {
        if (!drop_without_timestamp_) {
          context_->fail(record_without_timestamp(*context_, show_value(in.records[i])));
          break;
        }
        late_.without_timestamp();
        continue;
      }
      at_.key = keys_.key(i);
      if (!add(in.records[i], timestamp) && Assigner::kEventTime &&
          saturating_add(timestamp, lateness_) <= watermark_)
        late_.late(in.records[i], timestamp, watermark_);
    }
    late_.end_batch();
    collector.flush();
    collector_ = nullptr;
  }

  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    watermark_ = watermark;
    return fire(*event_, watermark, TimeDomain::kEventTime, out);
  }
  Progress advance_processing_time(int64_t now_ms, weir::Output& out) override {
    return fire(*processing_, now_ms, TimeDomain::kProcessingTime, out);
  }
  int64_t next_processing_time() override { return processing_->next(); }
  /// As in Flink, processing-time timers do not fire after the end of the input.
  Progress finish(weir::Output&) override {
    TimerKey<At> timer{};
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
  void close() override { emit_.close(); }

 private:
  using At = WindowKey<K>;
  using Stored = typename Kept::Stored;
  using Contents = WindowTable<K, Stored, typename Kept::Entries>;
  using Timers = TimerSet<At>;
  using State = typename Trigger::State;
  static constexpr int kTimersPerCall = 1024;
  static constexpr uint32_t kLongestChain = 100'000;

  /// The event-time timer that is firing.
  struct Firing {
    Timestamp timestamp = kMinWatermark;
    Timestamp until = kMinWatermark;
    uint32_t chain = 0;
  };

  template <class S, class... A>
  S* add_state(A&&... arguments) {
    auto state = std::make_unique<S>(std::forward<A>(arguments)...);
    S* added = state.get();
    backend_->add(std::move(state));
    return added;
  }

  // --- records ---

  /// Adds a record of the key at_.key to its windows. Returns false if all of them have ended, or
  /// there is none.
  bool add(const T& record, Timestamp timestamp) {
    bool added = false;
    assigner_.assign(record, Assigner::kEventTime ? timestamp : context_->processing_time_ms(),
                     [&](const TimeWindow& window) {
                       at_.window = window;
                       if constexpr (Assigner::kMerging) {
                         if (!join_session()) return;
                       } else if (has_ended(window)) {
                         return;
                       }
                       added = true;
                       add_to_window(record, timestamp);
                     });
    return added;
  }
  void add_to_window(const T& record, Timestamp timestamp) {
    bool inserted = false;
    if constexpr (requires(Stored& stored) { kept_.add(record, timestamp, stored); }) {
      auto found = contents_->find_or_insert(at_, [&] { return kept_.first(record, timestamp); });
      inserted = found.inserted;
      if (!inserted) kept_.add(record, timestamp, found.value);
    } else {
      auto found = contents_->find_or_insert(at_, [&] { return kept_.first(record); });
      inserted = found.inserted;
      if (!inserted) kept_.add(record, found.value);
    }
    if (inserted) register_end(at_);
    handle(trigger_.on_element(record, timestamp, at_.window, states_.of(at_), *this));
  }
  /// Merges the window with the sessions that it touches, and makes it their union. Returns false
  /// if it is a new session that has already ended.
  bool join_session() {
    if constexpr (Assigner::kMerging) {
      sessions_.plan(at_.key, at_.window, merge_);
      at_.window = merge_.session;
      if (merge_.parts.empty()) {
        if (has_ended(at_.window)) return false;
        sessions_.apply(at_.key, merge_);
        register_end(at_);
      } else if (merge_.changes()) {
        merge_parts();
      }
    }
    return true;
  }
  void merge_parts() {
    sessions_.apply(at_.key, merge_);
    std::optional<Stored> contents;
    State state{};
    At part = at_;
    for (const TimeWindow& window : merge_.parts) {
      part.window = window;
      if (Stored* old = contents_->find(part)) {
        if (contents) kept_.merge(*old, *contents);
        else contents = std::move(*old);
        contents_->erase(part);
      }
      if (const State* old = states_.find(part)) trigger_.merge(*old, state);
    }
    if (contents) contents_->find_or_insert(at_, [&] { return *std::move(contents); });
    states_.of(at_) = std::move(state);
    trigger_.on_merge(at_.window, states_.of(at_), *this);
    const TimeWindow session = at_.window;
    for (const TimeWindow& window : merge_.parts) {
      at_.window = window;
      end_trigger();
      timers_of_end().remove(end_of(window), at_);
    }
    at_.window = session;
    register_end(at_);
  }

  // --- the end of a window ---

  /// The time at which a window's state is dropped; kMaxWatermark: never.
  Timestamp end_of(const TimeWindow& window) const {
    if (is_global(window)) return kMaxWatermark;
    return Assigner::kEventTime ? saturating_add(window.max_timestamp(), lateness_)
                                : window.max_timestamp();
  }
  bool has_ended(const TimeWindow& window) const {
    return Assigner::kEventTime && end_of(window) <= watermark_;
  }
  Timers& timers_of_end() { return Assigner::kEventTime ? *event_ : *processing_; }
  void register_end(const At& at) {
    const Timestamp end = end_of(at.window);
    if (end != kMaxWatermark) timers_of_end().add(end, at);
  }
  void restore_window(const At& at) {
    register_end(at);
    if constexpr (Assigner::kMerging) sessions_.restore(at.key, at.window);
  }
  void end_trigger() {
    trigger_.clear(at_.window, states_.of_timer(at_), *this);
    states_.erase(at_);
  }
  void end_window() {
    emit_.clear(at_.key, window_context());
    contents_->erase(at_);
    end_trigger();
    if constexpr (Assigner::kMerging) sessions_.erase(at_.key, at_.window);
  }

  // --- timers and results ---

  void handle(TriggerResult result) {
    if (result == TriggerResult::kFire || result == TriggerResult::kFireAndPurge) emit_window();
    if (result == TriggerResult::kPurge || result == TriggerResult::kFireAndPurge)
      contents_->erase(at_);
  }
  WindowContext window_context() const {
    return {at_.window, watermark_, context_->processing_time_ms()};
  }
  void emit_window() {
    Stored* stored = contents_->find(at_);
    if (stored == nullptr) return;
    const WindowContext context = window_context();
    collector_->set_timestamp(is_global(at_.window) ? kMaxWatermark : at_.window.max_timestamp());
    if constexpr (requires { kept_.emit(emit_, at_.key, context, *stored, *collector_); }) {
      kept_.emit(emit_, at_.key, context, *stored, *collector_);
      if (stored->read().empty()) contents_->erase(at_);
    } else {
      emit_(kept_, at_.key, context, std::as_const(*stored), *collector_);
    }
  }

  Progress fire(Timers& timers, Timestamp until, TimeDomain domain, weir::Output& out) {
    backend_->collect_garbage();
    Collector<Out> collector(out, results_);
    collector_ = &collector;
    TimerKey<At> timer{};
    uint32_t chain = 0;
    for (int i = 0; i < kTimersPerCall && timers.take(until, &timer, &chain); ++i) {
      if (chain >= kLongestChain) {
        context_->fail(endless_timers(*context_, show_value(timer.key.key), timer.timestamp, chain,
                                      until == kMaxWatermark));
        return Progress::kDone;
      }
      firing_ = {timer.timestamp, domain == TimeDomain::kEventTime ? until : kMinWatermark, chain};
      at_ = timer.key;
      on_timer(timer.timestamp, domain);
    }
    firing_ = {};
    collector.flush();
    collector_ = nullptr;
    return timers.next() <= until && !timers.empty() ? Progress::kMore : Progress::kDone;
  }
  void on_timer(Timestamp time, TimeDomain domain) {
    if constexpr (Assigner::kMerging) {
      if (!sessions_.contains(at_.key, at_.window)) return;
    }
    State& state = states_.of_timer(at_);
    const bool in_event_time = domain == TimeDomain::kEventTime;
    handle(in_event_time ? trigger_.on_event_time(time, at_.window, state, *this)
                         : trigger_.on_processing_time(time, at_.window, state, *this));
    if (in_event_time == Assigner::kEventTime && time == end_of(at_.window)) end_window();
  }

  // The timers of the trigger for at_. It cannot delete the one that ends the window.
  Timestamp current_watermark() const override { return watermark_; }
  int64_t current_processing_time() const override { return context_->processing_time_ms(); }
  void register_event_time_timer(Timestamp timestamp) override {
    // Timers up to the end of a window come to an end with it.
    const bool in_window = !is_global(at_.window) && timestamp <= end_of(at_.window);
    const bool endless =
        timestamp <= firing_.until &&
        (timestamp <= firing_.timestamp || (firing_.until == kMaxWatermark && !in_window));
    event_->add(timestamp, at_, endless ? firing_.chain + 1 : 0);
  }
  void delete_event_time_timer(Timestamp timestamp) override {
    if (!Assigner::kEventTime || timestamp != end_of(at_.window)) event_->remove(timestamp, at_);
  }
  void register_processing_time_timer(int64_t time_ms) override { processing_->add(time_ms, at_); }
  void delete_processing_time_timer(int64_t time_ms) override {
    if (Assigner::kEventTime || time_ms != end_of(at_.window)) processing_->remove(time_ms, at_);
  }

  BatchKeys<T, KeySelector> keys_;
  const Assigner assigner_;
  const Trigger trigger_;
  const Timestamp lateness_;
  const Kept kept_;
  Emit emit_;
  const bool drop_without_timestamp_;
  OperatorContext* context_ = nullptr;
  LateRecords<T> late_;
  std::unique_ptr<KeyedBackend<K>> backend_;
  Contents* contents_ = nullptr;
  TriggerStates<K, State> states_;
  Timers* event_ = nullptr;
  Timers* processing_ = nullptr;
  OpenSessions<K> sessions_;  // of a merging assigner
  typename OpenSessions<K>::Merge merge_;
  At at_;                                ///< the current key and window
  Collector<Out>* collector_ = nullptr;  ///< during a call
  Timestamp watermark_ = kMinWatermark;
  Firing firing_;
  int64_t dropped_timers_ = 0;
  BatchOf<Out> results_;  // empty between calls
};

}  // namespace weir::detail
