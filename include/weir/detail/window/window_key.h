#pragma once

// State by key and window: Flink's layout, in which the window is the namespace of the state.

#include <memory>
#include <string>
#include <utility>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/state/timers.h"
#include "weir/window/time_window.h"

namespace weir::detail {

template <class K>
struct WindowKey {
  K key{};
  TimeWindow window;
};
template <class K>
bool same_key(const WindowKey<K>& a, const WindowKey<K>& b) {
  return a.window == b.window && same_key(a.key, b.key);
}

template <class K>
struct TimerOwner<WindowKey<K>> {
  static int32_t key_hash(const WindowKey<K>& at) { return Serializer<K>::hash(at.key); }
  static uint64_t hash(const WindowKey<K>& at) {
    return mix_pair(table_hash(at.key), mix_pair(static_cast<uint64_t>(at.window.start),
                                                 static_cast<uint64_t>(at.window.end)));
  }
  static TypeDescription name_space() { return Serializer<TimeWindow>::describe(); }
  static void write(BinaryWriter& out, const WindowKey<K>& at) {
    Serializer<K>::write(out, at.key);
    Serializer<TimeWindow>::write(out, at.window);
  }
  static void read(BinaryReader& in, WindowKey<K>& at) {
    Serializer<K>::read(in, at.key);
    Serializer<TimeWindow>::read(in, at.window);
    if (at.window.end <= at.window.start) in.fail("a window that ends before it starts");
  }
};

/// A state with a value for each key and window. `Entries` as in keyed_backend.h. Thread: the
/// operator's.
template <class K, class S, class Entries>
class WindowTable final : public NamedState {
 public:
  using At = WindowKey<K>;
  using Table = CowTable<At, S, KeyPlacer<At>>;

  WindowTable(std::string name, KeyedStateInfo::Kind kind, SnapshotTracker& tracker)
      : name_(std::move(name)),
        kind_(kind),
        tracker_(tracker),
        table_(std::make_shared<Table>(tracker, KeyPlacer<At>{tracker.places()})) {}

  S* find(const At& at) { return table_->find_mutable(table_->place(at), at); }
  template <class Make>
  typename Table::Found find_or_insert(const At& at, Make&& make) {
    return table_->find_or_insert(table_->place(at), at, std::forward<Make>(make));
  }
  bool erase(const At& at) { return table_->erase(table_->place(at), at); }
  /// Calls f(const At&, const S&) for all entries.
  template <class F>
  void for_each(F&& f) {
    table_->for_each(std::forward<F>(f));
  }

  KeyedStateInfo info() const override {
    return {kind_, name_, TimerOwner<At>::name_space(), Entries::describe()};
  }
  std::unique_ptr<StateView> freeze() override {
    return std::make_unique<View>(table_, tracker_.places());
  }
  void begin_group() override { table_->begin_group(tracker_.places().places_of_group()); }
  void end_group() override { table_->end_group(); }
  bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) override {
    At at;
    TimerOwner<At>::read(key, at);
    if (!key.ok() || key_group_of(TimerOwner<At>::key_hash(at),
                                  tracker_.places().max_parallelism()) != key_group)
      return false;
    Entries::read(key, value, table_->restore(table_->place(at), at));
    return true;
  }
  void prefetch(const uint64_t*, size_t) override {}  // a record's windows determine its places

 private:
  class View final : public StateView {
   public:
    View(const std::shared_ptr<Table>& table, PlaceSpace places)
        : view_(table, table->freeze(), places) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      view_.for_each_of_group(key_group, [&](const At& at, const S& value) {
        if (!out.accepts_more()) return;
        Entries::write(out, value, [&](BinaryWriter& bytes) { TimerOwner<At>::write(bytes, at); });
      });
    }

   private:
    typename Table::View view_;
  };

  const std::string name_;
  const KeyedStateInfo::Kind kind_;
  SnapshotTracker& tracker_;
  const std::shared_ptr<Table> table_;
};

}  // namespace weir::detail
