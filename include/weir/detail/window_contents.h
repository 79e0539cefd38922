#pragma once

// What windows hold: a table of its own for each window.
//
// Flink keeps one table by (key, window), a timer for each entry, and takes the entries out one by one when their timers fire.
// Here a window fires as a whole: its table is read page by page in the order of memory, and its pages are given back as they
// are emitted. Timers are not kept; every entry of a window has exactly one, at the window's last timestamp, and a snapshot
// says so, so that Flink finds them.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/keyed_backend.h"
#include "weir/time_window.h"

namespace weir::detail {

inline TypeDescription window_name_space() { return Serializer<TimeWindow>::describe(); }

/// Windows in the order in which they fire.
struct FiresBefore {
  bool operator()(const TimeWindow& a, const TimeWindow& b) const { return a.end != b.end ? a.end < b.end : a.start < b.start; }
};

/// The state "window-contents". `Entries` as in keyed_backend.h. Thread: the operator's.
template <class K, class S, class Entries>
class WindowContents final : public NamedState {
 public:
  using Table = CowTable<K, S, KeyPlacer<K>>;

  WindowContents(SnapshotTracker& tracker, KeyedStateInfo::Kind kind)
      : tracker_(tracker), kind_(kind), arena_(std::make_shared<PageArena>()) {}

  bool empty() const { return windows_.empty(); }
  size_t window_count() const { return windows_.size(); }

  /// The table of a window; made if there is none. Valid until the window is drained.
  Table& table_of(const TimeWindow& window) {
    auto& table = windows_[window];
    if (table == nullptr) table = std::make_shared<Table>(arena_, tracker_, KeyPlacer<K>{tracker_.places()});
    return *table;
  }

  /// The window that fires next if its last timestamp is not after `watermark`, or null.
  const TimeWindow* due(Timestamp watermark) const {
    if (windows_.empty() || windows_.begin()->first.max_timestamp() > watermark) return nullptr;
    return &windows_.begin()->first;
  }
  /// Takes some entries out of the window that fires next, after f(const K&, const S&) for each; the window too if it was the
  /// last of them.
  template <class F>
  void drain_some(F&& f) {
    const auto first = windows_.begin();
    first->second->drain_page(cursor_, f);
    if (!first->second->empty()) return;
    cursor_ = 0;
    dropped_.push_back({std::move(first->second), tracker_.epoch()});
    windows_.erase(first);
  }

  /// What all windows held at a snapshot; shared by the views of contents and timers, which one thread reads.
  struct FrozenWindow {
    TimeWindow window;
    typename Table::View entries;
  };
  using Frozen = std::vector<FrozenWindow>;
  std::shared_ptr<const Frozen> frozen() const { return frozen_; }

  KeyedStateInfo info() const override { return {kind_, "window-contents", window_name_space(), Entries::describe()}; }
  std::unique_ptr<StateView> freeze() override {
    auto frozen = std::make_shared<Frozen>();
    for (const auto& [window, table] : windows_) {
      frozen->push_back({window, typename Table::View(table, table->freeze(), tracker_.places())});
    }
    frozen_ = frozen;
    maybe_garbage_ = true;
    return std::make_unique<View>(std::move(frozen));
  }
  void forget_frozen() { frozen_.reset(); }

  void begin_group() override {
    for (const auto& [window, table] : windows_) table->begin_group(tracker_.places().places_of_group());
  }
  void end_group() override {
    for (const auto& [window, table] : windows_) table->end_group();
  }
  bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) override {
    K k{};
    TimeWindow window;
    Serializer<K>::read(key, k);
    Serializer<TimeWindow>::read(key, window);
    if (window.end <= window.start) key.fail("a window that ends before it starts");
    if (!key.ok() || key_group_of(Serializer<K>::hash(k), tracker_.places().max_parallelism()) != key_group) return false;
    Table& table = table_of(window);
    Entries::read(key, value, table.find_or_insert(table.place(k), k, [] { return S{}; }).value);
    return true;
  }
  void prefetch(const uint64_t*, size_t) override {}  // the operator does, by window
  std::shared_ptr<PageArena> arena() const override { return arena_; }
  bool has_garbage() const override { return !dropped_.empty() || maybe_garbage_; }
  void collect_garbage(int64_t oldest_epoch, size_t limit) override {
    while (!dropped_.empty() && dropped_.front().epoch < oldest_epoch) {
      if (dropped_.front().table->collect(INT64_MAX, limit)) return;
      dropped_.front().table->recycle();
      dropped_.erase(dropped_.begin());
    }
    if (!maybe_garbage_) return;
    bool more = oldest_epoch != INT64_MAX;
    for (const auto& [window, table] : windows_) {
      if (table->has_garbage()) more = table->collect(oldest_epoch, limit) || more;
    }
    maybe_garbage_ = more;
  }

 private:
  class View final : public StateView {
   public:
    explicit View(std::shared_ptr<const Frozen> windows) : windows_(std::move(windows)) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      for (const auto& [window, entries] : *windows_) {
        entries.for_each_of_group(key_group, [&](const K& key, const S& value) {
          Entries::write(out, value, [&](BinaryWriter& bytes) {
            Serializer<K>::write(bytes, key);
            Serializer<TimeWindow>::write(bytes, window);
          });
        });
      }
    }

   private:
    const std::shared_ptr<const Frozen> windows_;
  };

  struct Dropped {
    std::shared_ptr<Table> table;
    int64_t epoch;
  };

  SnapshotTracker& tracker_;
  const KeyedStateInfo::Kind kind_;
  const std::shared_ptr<PageArena> arena_;  // one for all windows: what one gives back the next uses
  std::map<TimeWindow, std::shared_ptr<Table>, FiresBefore> windows_;
  uint64_t cursor_ = 0;           // in the window that fires next
  std::vector<Dropped> dropped_;  // drained, but maybe still read; oldest first
  bool maybe_garbage_ = false;    // the tables may hold what only a snapshot needs
  std::shared_ptr<const Frozen> frozen_;
};

/// The timers that Flink would have for those contents. Declared after them.
template <class K, class Contents>
class WindowTimers final : public NamedState {
 public:
  WindowTimers(SnapshotTracker& tracker, Contents& contents) : tracker_(tracker), contents_(contents) {}

  KeyedStateInfo info() const override {
    return {KeyedStateInfo::Kind::kTimers, "_timer_state/event_window-timers", window_name_space(), TypeDescription{}};
  }
  std::unique_ptr<StateView> freeze() override {
    auto view = std::make_unique<View>(contents_.frozen());
    contents_.forget_frozen();
    return view;
  }
  /// Nothing to keep: the contents say it all.
  bool read_entry(int key_group, BinaryReader& key, BinaryReader&) override {
    key.get_u64();
    K k{};
    TimeWindow window;
    Serializer<K>::read(key, k);
    Serializer<TimeWindow>::read(key, window);
    return key_group_of(Serializer<K>::hash(k), tracker_.places().max_parallelism()) == key_group;
  }
  void prefetch(const uint64_t*, size_t) override {}
  bool has_garbage() const override { return false; }
  void collect_garbage(int64_t, size_t) override {}

 private:
  class View final : public StateView {
   public:
    explicit View(std::shared_ptr<const typename Contents::Frozen> windows) : windows_(std::move(windows)) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      for (const auto& [window, entries] : *windows_) {
        entries.for_each_of_group(key_group, [&](const K& key, const auto&) {
          BinaryWriter& bytes = out.begin_key();
          bytes.put_u64(static_cast<uint64_t>(window.max_timestamp()) ^ (uint64_t{1} << 63));
          Serializer<K>::write(bytes, key);
          Serializer<TimeWindow>::write(bytes, window);
          out.begin_value();
          out.end_entry();
        });
      }
    }

   private:
    const std::shared_ptr<const typename Contents::Frozen> windows_;
  };

  SnapshotTracker& tracker_;
  Contents& contents_;
};

}  // namespace weir::detail
