#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "weir/detail/base/cow_box.h"
#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/stream/time_messages.h"
#include "weir/detail/types/show_value.h"
#include "weir/detail/window/late_records.h"
#include "weir/detail/window/pane_plans.h"
#include "weir/detail/window/panes_of_key.h"
#include "weir/function/functions.h"

namespace weir::detail {

/// The state "window-panes": for each key the panes of its open windows. Keeps in memory which keys
/// fire with which window, so that a window visits only its own keys. Thread: the operator's.
template <class K, class Stored, class Plan>
class WindowPanes final : public NamedState {
 public:
  using Panes = PanesOfKey<Stored>;
  /// `due`: the next window that fires for the key. `open`: the newest pane, which most records
  /// belong to; it is not among the others, so that a record costs one access to memory.
  struct Held {
    CowBox<Panes> panes;
    int64_t due = INT64_MAX;
    int64_t open_pane = 0;
    std::optional<Stored> open;

    void close_pane() {
      panes.write().append(open_pane, *std::move(open));
      open.reset();
    }
    int64_t first() const { return panes.read().empty() ? open_pane : panes.read().first(); }
  };
  using Table = CowTable<K, Held, KeyPlacer<K>>;
  struct KeyAt {
    uint64_t place;
    K key;
  };

  WindowPanes(SnapshotTracker& tracker, const Plan& plan)
      : tracker_(tracker),
        plan_(plan),
        table_(std::make_shared<Table>(tracker, KeyPlacer<K>{tracker.places()})) {}

  Table& table() { return *table_; }

  /// The key fires with this window, and not before. Moves no keys of other windows.
  void set_due(Held& held, int64_t window, uint64_t place, const K& key) {
    held.due = window;
    std::vector<KeyAt>& keys = due_[window];
    if (keys.empty() && !spare_.empty()) keys.swap(spare_);
    keys.push_back({place, key});
  }
  /// The next window that fires for any key, with the keys; some of them may have another window by
  /// now. Null if there is none up to `last`.
  std::vector<KeyAt>* due(int64_t last, int64_t* window) {
    if (due_.empty() || due_.begin()->first > last) return nullptr;
    *window = due_.begin()->first;
    return &due_.begin()->second;
  }
  void forget_due() {
    spare_ = std::move(due_.begin()->second);
    spare_.clear();
    due_.erase(due_.begin());
  }

  KeyedStateInfo info() const override {
    return {KeyedStateInfo::Kind::kValue, "window-panes", TypeDescription{},
            Serializer<Panes>::describe()};
  }
  std::unique_ptr<StateView> freeze() override {
    return std::make_unique<View>(table_, tracker_.places());
  }
  void begin_group() override { table_->begin_group(tracker_.places().places_of_group()); }
  void end_group() override { table_->end_group(); }
  bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) override {
    K k{};
    Serializer<K>::read(key, k);
    key.get_u8();  // VoidNamespace
    const PlaceSpace& places = tracker_.places();
    if (!key.ok() || key_group_of(Serializer<K>::hash(k), places.max_parallelism()) != key_group)
      return false;
    const uint64_t place = places.place_in_group(key_group, table_hash(k));
    Held& held = table_->restore(place, k);
    Panes& panes = held.panes.write();
    Serializer<Panes>::read(value, panes);
    if (value.ok()) {
      const int64_t after = panes.done() == INT64_MAX ? INT64_MAX : panes.done() + 1;
      set_due(held, std::max(after, plan_.first_window(panes.first())), place, k);
    }
    return true;
  }
  void prefetch(const uint64_t* places, size_t count) override {
    for (size_t i = 0; i < count; ++i) table_->prefetch(places[i]);
  }

 private:
  class View final : public StateView {
   public:
    View(const std::shared_ptr<Table>& table, PlaceSpace places)
        : view_(table, table->freeze(), places) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      view_.for_each_of_group(key_group, [&](const K& key, const Held& held) {
        if (!out.accepts_more()) return;
        BinaryWriter& bytes = out.begin_key();
        Serializer<K>::write(bytes, key);
        bytes.put_u8(0);  // VoidNamespace
        Serializer<Panes>::write(out.begin_value(), held.panes.read(), held.open_pane,
                                 held.open ? &*held.open : nullptr);
        out.end_entry();
      });
    }

   private:
    typename Table::View view_;
  };

  SnapshotTracker& tracker_;
  const Plan plan_;
  const std::shared_ptr<Table> table_;
  std::map<int64_t, std::vector<KeyAt>> due_;  // by window
  std::vector<KeyAt> spare_;                   // empty; keeps its memory
};

/// Collects records by key and pane (pane_plans.h), and combines the panes of a window when the
/// watermark passes its last timestamp, which its results have. Drops and counts records whose
/// windows have all fired. Records without a timestamp fail the task, or are dropped and counted.
/// The keys of a window are in no particular order. `Kept` has merge().
template <class T, class KeySelector, class Plan, class Kept, class Emit, class Out>
class PaneOperator final : public Operator {
 public:
  using K = KeyOf<T, KeySelector>;

  PaneOperator(KeySelector selector, Plan plan, Kept kept, Emit emit,
               const OperatorSettings& settings)
      : keys_(std::move(selector)),
        plan_(plan),
        kept_(std::move(kept)),
        emit_(std::move(emit)),
        drop_without_timestamp_(settings.drop_records_without_timestamp) {}

  /// Call before open(): sends late records to a side output, if somebody reads it.
  void send_late_to(OutputTag<T> tag) { late_.send_to(std::move(tag)); }

  Status open(OperatorContext& context) override {
    context_ = &context;
    late_.open(context);
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    auto panes = std::make_unique<State>(backend_->tracker(), plan_);
    panes_ = panes.get();
    backend_->add(std::move(panes));
    emit_.open(context, *backend_, /*merging=*/false);
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }

  void process(Batch& batch, weir::Output&) override {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    const size_t count = in.size();
    backend_->collect_garbage(count);
    keys_.compute(in, backend_->places());
    backend_->prefetch(keys_.places(), std::min(count, kPrefetchDistance));
    for (size_t i = 0; i < count; ++i) {
      if (i + kPrefetchDistance < count)
        panes_->table().prefetch(keys_.place(i + kPrefetchDistance));
      const Timestamp timestamp = in.timestamp(i);
      if (!pane_.contains(timestamp)) {
        if (timestamp == kNoTimestamp) {
          if (!drop_without_timestamp_) return fail_without_timestamp(in.records[i]);
          late_.without_timestamp();
          continue;
        }
        go_to_pane_of(timestamp);
      }
      const bool late =
          in_a_window_ ? last_ <= closed_ || !add(in.records[i], i) : timestamp <= watermark_;
      if (late) late_.late(in.records[i], timestamp, watermark_);
    }
    late_.end_batch();
  }

  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    watermark_ = watermark;
    closed_ = plan_.closed_by(watermark);
    pane_ = {};
    backend_->collect_garbage();
    Collector<Out> collector(out, results_);
    size_t visited = 0;
    int64_t window = 0;
    while (auto* keys = panes_->due(closed_, &window)) {
      const WindowContext context{plan_.window(window), watermark, context_->processing_time_ms()};
      collector.set_timestamp(context.window.max_timestamp());
      for (; next_ < keys->size() && visited < kKeysPerCall; ++next_, ++visited) {
        prefetch(*keys);
        fire(window, (*keys)[next_], context, collector);
      }
      if (next_ < keys->size()) break;
      next_ = 0;
      panes_->forget_due();
    }
    collector.flush();
    return panes_->due(closed_, &window) == nullptr ? Progress::kDone : Progress::kMore;
  }
  void close() override { emit_.close(); }

 private:
  using State = WindowPanes<K, typename Kept::Stored, Plan>;
  using Held = typename State::Held;
  static constexpr size_t kKeysPerCall = 1024;

  void go_to_pane_of(Timestamp timestamp) {
    pane_ = plan_.pane_of(timestamp);
    last_ = plan_.last_window(pane_.number);
    first_ = plan_.first_window(pane_.number);
    in_a_window_ = first_ <= last_;
    first_ = std::max(first_, closed_ == INT64_MAX ? INT64_MAX : closed_ + 1);
  }

  /// Returns false if all windows of the record have fired for its key.
  bool add(const T& record, size_t i) {
    const K& key = keys_.key(i);
    Held& held = panes_->table().find_or_insert(keys_.place(i), key, [] { return Held(); }).value;
    if (held.open && held.open_pane == pane_.number) {
      kept_.add(record, *held.open);
      return true;
    }
    return add_to_another_pane(record, held, keys_.place(i), key);
  }
  __attribute__((noinline)) bool add_to_another_pane(const T& record, Held& held, uint64_t place,
                                                     const K& key) {
    auto& panes = held.panes.write();
    if (panes.done() >= last_) return false;
    panes.set_done(closed_);
    const int64_t pane = pane_.number;
    if (held.open && held.open_pane < pane) held.close_pane();
    if (!held.open && panes.all_before(pane)) {
      held.open = kept_.first(record);
      held.open_pane = pane;
    } else {
      panes.add(kept_, pane, record);
    }
    const int64_t first = std::max(first_, panes.done() + 1);
    if (first < held.due) panes_->set_due(held, first, place, key);
    return true;
  }

  /// Prefetches the memory of the keys that fire soon. One access leads to the next, so they are
  /// begun one after another.
  void prefetch(const std::vector<typename State::KeyAt>& keys) {
    auto& table = panes_->table();
    const auto held_at = [&](size_t distance) -> const Held* {
      if (next_ + distance >= keys.size()) return nullptr;
      return table.find(keys[next_ + distance].place, keys[next_ + distance].key);
    };
    if (next_ + kPrefetchDistance < keys.size())
      table.prefetch(keys[next_ + kPrefetchDistance].place);
    if (const Held* held = held_at(kPrefetchDistance / 2)) __builtin_prefetch(&held->panes.read());
    if (const Held* held = held_at(kPrefetchDistance / 4)) held->panes.read().prefetch();
  }
  void fire(int64_t window, const typename State::KeyAt& at, const WindowContext& context,
            Collector<Out>& collector) {
    Held* held = panes_->table().find_mutable(at.place, at.key);
    if (held == nullptr || held->due != window) return;
    if (held->open && held->open_pane <= plan_.last_pane(window)) held->close_pane();
    auto& panes = held->panes.write();
    panes.forget_before(kept_, plan_.first_pane(window));
    if (auto value = panes.value_up_to(kept_, plan_.last_pane(window)))
      emit_(kept_, at.key, context, *value, collector);
    emit_.clear(at.key, context);
    panes.set_done(window);
    if (window != INT64_MAX) panes.forget_before(kept_, plan_.first_pane(window + 1));
    if (window == INT64_MAX || (panes.empty() && !held->open)) {
      panes_->table().erase(at.place, at.key);
    } else {
      panes_->set_due(*held, std::max(window + 1, plan_.first_window(held->first())), at.place,
                      at.key);
    }
  }

  void fail_without_timestamp(const T& record) {
    context_->fail(record_without_timestamp(*context_, show_value(record)));
  }

  BatchKeys<T, KeySelector> keys_;
  const Plan plan_;
  const Kept kept_;
  Emit emit_;
  const bool drop_without_timestamp_;
  OperatorContext* context_ = nullptr;
  LateRecords<T> late_;
  std::unique_ptr<KeyedBackend<K>> backend_;
  State* panes_ = nullptr;
  Timestamp watermark_ = kMinWatermark;
  int64_t closed_ = INT64_MIN;  ///< the last window that the watermark has passed
  Pane pane_;                   ///< of the last record
  int64_t first_ = 0;           ///< the first window of the pane that has not fired
  int64_t last_ = 0;            ///< the last window of the pane
  bool in_a_window_ = true;     ///< false: windows are shorter than their slide
  size_t next_ = 0;             ///< the next key of the window that is firing
  BatchOf<Out> results_;        // empty between calls
};

}  // namespace weir::detail
