#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/stream/time_messages.h"
#include "weir/detail/types/show_value.h"
#include "weir/detail/window/dropped_records.h"
#include "weir/detail/window/window_contents.h"
#include "weir/function/functions.h"
#include "weir/window/windows.h"

namespace weir::detail {

// How the records of one key in one window are stored: `Stored` is made from the first record and
// updated by the others.

template <class T, class A>
struct AggregateInWindow {
  static_assert(
      AggregateFunction<A, T>,
      "an aggregate function has Accumulator, create_accumulator(), add(record, accumulator) and "
      "get_result(accumulator), all const (weir/function/functions.h)");
  using Stored = typename A::Accumulator;
  using Serialized = Stored;
  using Entries = ValueEntries<Stored>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kAggregating;
  A function;
  Stored first(const T& record) const {
    Stored accumulator = function.create_accumulator();
    function.add(record, accumulator);
    return accumulator;
  }
  void add(const T& record, Stored& stored) const { function.add(record, stored); }
  auto result(const Stored& stored) const { return function.get_result(stored); }
};

template <class T, class F>
struct ReduceInWindow {
  using Stored = T;
  using Serialized = T;
  using Entries = ValueEntries<T>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kReducing;
  F function;
  T first(const T& record) const { return record; }
  void add(const T& record, T& stored) const {
    stored = std::invoke(function, std::move(stored), record);
  }
  const T& result(const T& stored) const { return stored; }
};

template <class T>
struct ListInWindow {
  using Stored = CowBox<std::vector<T>>;
  using Serialized = T;
  using Entries = ListEntries<T>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kList;
  Stored first(const T& record) const { return Stored(std::vector<T>{record}); }
  void add(const T& record, Stored& stored) const { stored.write().push_back(record); }
  const std::vector<T>& elements(const Stored& stored) const { return stored.read(); }
};

// The results for a key when its window is complete.

struct EmitResult {
  template <class Kept, class K, class Stored, class Out>
  void operator()(const Kept& kept, const K&, const WindowContext&, const Stored& stored,
                  Collector<Out>& out) {
    out.collect(kept.result(stored));
  }
};

template <class Fn>
class EmitProcessed {
 public:
  explicit EmitProcessed(Fn function) : function_(std::move(function)) {}
  template <class Kept, class K, class Stored, class Out>
  void operator()(const Kept& kept, const K& key, const WindowContext& context,
                  const Stored& stored, Collector<Out>& out) {
    if constexpr (requires { kept.elements(stored); }) {
      function_.Fn::process(key, context, kept.elements(stored), out);
    } else {
      one_.clear();
      one_.push_back(kept.result(stored));
      function_.Fn::process(key, context, one_, out);
    }
  }

 private:
  Fn function_;
  std::vector<typename Fn::Input> one_;
};

/// Collects records by key and window. Emits each window when the watermark passes its last
/// timestamp, which its results have. Drops and counts records whose window was already emitted.
/// Records without a timestamp fail the task, or are dropped and counted. The keys of a window are
/// in no particular order.
template <class T, class KeySelector, class Assigner, class Kept, class Emit, class Out>
class WindowOperator final : public Operator {
 public:
  using K = KeyOf<T, KeySelector>;

  WindowOperator(KeySelector selector, Assigner assigner, Kept kept, Emit emit,
                 const OperatorSettings& settings)
      : keys_(std::move(selector)),
        assigner_(std::move(assigner)),
        kept_(std::move(kept)),
        emit_(std::move(emit)),
        drop_without_timestamp_(settings.drop_records_without_timestamp) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    dropped_.open(context);
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    auto contents = std::make_unique<Contents>(backend_->tracker(), Kept::kKind);
    contents_ = contents.get();
    backend_->add(std::move(contents));
    backend_->add(std::make_unique<WindowTimers<K, Contents>>(backend_->tracker(), *contents_));
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }
  Status restored() override {
    contents_->restored();
    return {};
  }

  void process(Batch& batch, weir::Output&) override {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    const size_t count = in.size();
    if (count == 0) return;
    backend_->collect_garbage(in.size());
    keys_.compute(in, backend_->places());
    if (!find_tables(in)) return;
    for (size_t i = 0; i < std::min(count, kPrefetchDistance); ++i) prefetch(i);
    for (size_t i = 0; i < count; ++i) {
      if (i + kPrefetchDistance < count) prefetch(i + kPrefetchDistance);
      if (tables_[i] == nullptr) continue;
      const T& record = in.records[i];
      auto found =
          tables_[i]->find_or_insert(keys_.place(i), keys_.key(i), [&] { return first_of(in, i); });
      if (!found.inserted) kept_.add(record, found.value);
    }
  }

  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    watermark_ = watermark;
    contents_->drop_fired(watermark);
    backend_->collect_garbage();
    Collector<Out> collector(out, results_);
    size_t emitted = 0;
    const TimeWindow* due = contents_->due(watermark);
    while (due != nullptr && emitted < kKeysPerCall) {
      const WindowContext context{*due, watermark};
      collector.set_timestamp(due->max_timestamp());
      contents_->drain_some([&](const K& key, const typename Kept::Stored& stored) {
        emit_(kept_, key, context, stored, collector);
        ++emitted;
      });
      due = contents_->due(watermark);
    }
    collector.flush();
    return due == nullptr ? Progress::kDone : Progress::kMore;
  }

 private:
  using Contents = WindowContents<K, typename Kept::Stored, typename Kept::Entries>;
  using Table = typename Contents::Table;
  static constexpr size_t kKeysPerCall = 1024;

  /// Finds the table of each record's window, or null for a dropped record. Returns false if the
  /// task has failed.
  bool find_tables(const BatchOf<T>& in) {
    tables_.resize(in.size());
    TimeWindow window;  // contains no timestamp
    Table* table = nullptr;
    for (size_t i = 0; i < in.size(); ++i) {
      const Timestamp timestamp = in.timestamp(i);
      if (!window.contains(timestamp)) {
        if (timestamp == kNoTimestamp) {
          if (!drop_without_timestamp_) return fail_without_timestamp(in.records[i]);
          dropped_.without_timestamp();
          tables_[i] = nullptr;
          continue;
        }
        window = assigner_.window_of(timestamp);
        table = window.max_timestamp() <= watermark_ ? nullptr : &contents_->table_of(window);
      }
      tables_[i] = table;
      if (table == nullptr) dropped_.late(timestamp, watermark_);
    }
    dropped_.say();
    return true;
  }
  /// The first value of a key in a window. After a restore, it continues the value of a window that
  /// had already fired.
  typename Kept::Stored first_of(const BatchOf<T>& in, size_t i) {
    const T& record = in.records[i];
    if (contents_->has_fired()) {
      if (auto fired = contents_->take_fired(assigner_.window_of(in.timestamps[i]), keys_.place(i),
                                             keys_.key(i))) {
        kept_.add(record, *fired);
        return *std::move(fired);
      }
    }
    return kept_.first(record);
  }
  bool fail_without_timestamp(const T& record) {
    context_->fail(record_without_timestamp(*context_, show_value(record)));
    return false;
  }
  __attribute__((always_inline)) void prefetch(size_t i) {
    if (tables_[i] != nullptr) tables_[i]->prefetch(keys_.place(i));
  }

  BatchKeys<T, KeySelector> keys_;
  const Assigner assigner_;
  const Kept kept_;
  Emit emit_;
  const bool drop_without_timestamp_;
  OperatorContext* context_ = nullptr;
  DroppedRecords dropped_;
  std::unique_ptr<KeyedBackend<K>> backend_;
  Contents* contents_ = nullptr;
  std::vector<Table*> tables_;
  Timestamp watermark_ = kMinWatermark;
  BatchOf<Out> results_;  // empty between calls
};

/// Makes the operator of each subtask with its settings.
template <class T, class Out, class KeySelector, class Assigner, class Kept, class Emit>
auto make_window_operator(KeySelector selector, Assigner assigner, Kept kept, Emit emit) {
  require_serializable<typename Kept::Serialized>();
  return [=](const OperatorSettings& settings = {}) {
    return std::make_unique<WindowOperator<T, KeySelector, Assigner, Kept, Emit, Out>>(
        selector, assigner, kept, emit, settings);
  };
}

/// Out: AggregateResult<A>.
template <class T, class KeySelector, class Assigner, class A>
auto make_window_aggregate(KeySelector selector, Assigner assigner, A aggregate) {
  return make_window_operator<T, AggregateResult<A>>(std::move(selector), std::move(assigner),
                                                     AggregateInWindow<T, A>{std::move(aggregate)},
                                                     EmitResult{});
}
/// `Fn`: a ProcessWindowFunction<AggregateResult<A>, Out, K>, which gets the single result.
template <class T, class KeySelector, class Assigner, class A, class Fn>
auto make_window_aggregate(KeySelector selector, Assigner assigner, A aggregate, Fn process) {
  static_assert(std::is_same_v<typename Fn::Input, AggregateResult<A>>,
                "the window function's input is not the aggregate's result");
  static_assert(std::is_same_v<typename Fn::Key, KeyOf<T, KeySelector>>,
                "the window function's key type is not that of key_by()");
  return make_window_operator<T, typename Fn::Output>(std::move(selector), std::move(assigner),
                                                      AggregateInWindow<T, A>{std::move(aggregate)},
                                                      EmitProcessed<Fn>(std::move(process)));
}
/// `F`: T(T so_far, const T& record). Out: T.
template <class T, class KeySelector, class Assigner, class F>
auto make_window_reduce(KeySelector selector, Assigner assigner, F reduce) {
  return make_window_operator<T, T>(std::move(selector), std::move(assigner),
                                    ReduceInWindow<T, F>{std::move(reduce)}, EmitResult{});
}
/// `Fn`: a ProcessWindowFunction<T, Out, K>, which gets the single result.
template <class T, class KeySelector, class Assigner, class F, class Fn>
auto make_window_reduce(KeySelector selector, Assigner assigner, F reduce, Fn process) {
  static_assert(std::is_same_v<typename Fn::Input, T>,
                "the window function's input is not the stream's type");
  static_assert(std::is_same_v<typename Fn::Key, KeyOf<T, KeySelector>>,
                "the window function's key type is not that of key_by()");
  return make_window_operator<T, typename Fn::Output>(std::move(selector), std::move(assigner),
                                                      ReduceInWindow<T, F>{std::move(reduce)},
                                                      EmitProcessed<Fn>(std::move(process)));
}
/// `Fn`: a ProcessWindowFunction<T, Out, K>, which gets all records of the key in the window, in
/// the order of their arrival.
template <class T, class KeySelector, class Assigner, class Fn>
auto make_window_process(KeySelector selector, Assigner assigner, Fn process) {
  static_assert(std::is_same_v<typename Fn::Input, T>,
                "the window function's input is not the stream's type");
  static_assert(std::is_same_v<typename Fn::Key, KeyOf<T, KeySelector>>,
                "the window function's key type is not that of key_by()");
  return make_window_operator<T, typename Fn::Output>(std::move(selector), std::move(assigner),
                                                      ListInWindow<T>{},
                                                      EmitProcessed<Fn>(std::move(process)));
}

}  // namespace weir::detail
