#pragma once

// The contents of windows: a separate table for each window.
//
// Flink keeps one table by (key, window) and a timer for each entry, and removes the entries one by
// one when their timers fire. Here a window fires as a whole: its table is read page by page in
// memory order, and pages are freed as they are emitted. Timers are not stored. Every entry of a
// window has exactly one, at the window's last timestamp, and a snapshot lists them, so that Flink
// finds them.
//
// In Flink, a window with allowed lateness stays in state after it has fired. Its entries then have
// no timer at the window's last timestamp. A restore sets such entries aside. They fire only if
// another record of their key and window arrives, and are dropped when the watermark passes the
// window.

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/state/keyed_backend.h"
#include "weir/window/time_window.h"

namespace weir::detail {

inline TypeDescription window_name_space() { return Serializer<TimeWindow>::describe(); }

/// Windows in the order in which they fire.
struct FiresBefore {
  bool operator()(const TimeWindow& a, const TimeWindow& b) const {
    return a.end != b.end ? a.end < b.end : a.start < b.start;
  }
};

/// The contents of all windows at a snapshot. Shared by the views of contents and timers, which one
/// thread reads. If groups are read in order, reading a group visits only windows with entries in
/// it.
template <class View>
class FrozenWindows {
 public:
  explicit FrozenWindows(KeyGroupRange range) : range_(range) {}
  void add(const TimeWindow& window, View entries, bool fired) {
    windows_.push_back({window, std::move(entries), fired});
  }

  /// Calls f(window, fired, key, value) for all entries of a group, in the order in which the
  /// windows fire.
  template <class F>
  void for_each_of_group(int group, F&& f) {
    for (const size_t i : windows_of(group)) {
      const Held& held = windows_[i];
      held.entries.for_each_of_group(group, [&](const auto& key, const auto& value) {
        f(held.window, held.fired, key, value);
      });
    }
  }

 private:
  struct Held {
    TimeWindow window;
    View entries;
    bool fired;
  };

  /// Returns the windows with entries in this group. For a group before the last requested one,
  /// returns all windows.
  const std::vector<size_t>& windows_of(int group) {
    if (group == group_) return here_;
    const bool back = group < group_;
    if (next_.empty()) {
      next_.resize(static_cast<size_t>(range_.size()));
      for (size_t i = 0; i < windows_.size(); ++i) file(i, group);
    } else if (!back) {
      // Also files the windows of skipped groups.
      for (const size_t i : here_) file(i, group);
      for (int skipped = group_ + 1; skipped < group; ++skipped) {
        for (const size_t i : std::exchange(next_[index(skipped)], {})) file(i, group);
      }
    }
    if (back) {
      all_.resize(windows_.size());
      std::iota(all_.begin(), all_.end(), size_t{0});
      return all_;
    }
    group_ = group;
    here_ = std::exchange(next_[index(group)], {});
    std::sort(here_.begin(), here_.end());
    return here_;
  }
  /// Files the window under the first group from this one on in which it has entries.
  void file(size_t window, int group) {
    const View& entries = windows_[window].entries;
    const int next = entries.next_group(group);
    if (next == kNoGroup) return entries.forget_sorted();
    next_[index(next)].push_back(window);
  }
  size_t index(int group) const { return static_cast<size_t>(group - range_.first); }

  const KeyGroupRange range_;
  std::vector<Held> windows_;
  int group_ = kNoGroup;      ///< the last requested group
  std::vector<size_t> here_;  ///< the windows of group_
  std::vector<std::vector<size_t>>
      next_;  ///< windows by the next group after group_ in which they have entries
  std::vector<size_t> all_;
};

/// The state "window-contents". `Entries` as in keyed_backend.h. Thread: the operator's.
template <class K, class S, class Entries>
class WindowContents final : public NamedState {
 public:
  using Table = CowTable<K, S, KeyPlacer<K>>;

  WindowContents(SnapshotTracker& tracker, KeyedStateInfo::Kind kind)
      : tracker_(tracker), kind_(kind) {}

  bool empty() const { return windows_.empty(); }
  size_t window_count() const { return windows_.size(); }

  /// Returns the table of a window, made if it does not exist. Valid until the window is drained.
  Table& table_of(const TimeWindow& window) { return *held_of(window).table; }

  /// Returns the window that fires next if its last timestamp is not after `watermark`, otherwise
  /// null.
  const TimeWindow* due(Timestamp watermark) const {
    if (windows_.empty() || windows_.begin()->first.max_timestamp() > watermark) return nullptr;
    return &windows_.begin()->first;
  }
  /// Removes some entries of the window that fires next, after calling f(const K&, const S&) for
  /// each. Removes the window with its last entry.
  template <class F>
  void drain_some(F&& f) {
    const auto first = windows_.begin();
    Table& table = *first->second.table;
    table.drain_page(cursor_, f);
    if (!table.empty()) return;
    cursor_ = 0;
    table.clear();
    windows_.erase(first);
  }

  /// During a restore: the key at this place has a timer at the window's last timestamp.
  void restore_timer(const TimeWindow& window, uint64_t place) {
    restored_timers_[window].push_back(place);
  }
  /// After the last restored key group: sets aside the entries without a timer.
  void restored() {
    for (auto window = windows_.begin(); window != windows_.end();) {
      std::vector<uint64_t>& timers = restored_timers_[window->first];
      window = timers.size() < window->second.table->size() ? set_aside(window, timers)
                                                            : std::next(window);
    }
    restored_timers_.clear();
  }
  /// Removes and returns the value of a window that had fired before the restore.
  std::optional<S> take_fired(const TimeWindow& window, uint64_t place, const K& key) {
    const auto found = fired_.find(window);
    if (found == fired_.end()) return std::nullopt;
    Table& table = *found->second.table;
    const S* value = table.find(place, key);
    if (value == nullptr) return std::nullopt;
    std::optional<S> taken(*value);
    table.erase(place, key);
    return taken;
  }
  bool has_fired() const { return !fired_.empty(); }
  void drop_fired(Timestamp watermark) {
    while (!fired_.empty() && fired_.begin()->first.max_timestamp() <= watermark) {
      drain(*fired_.begin()->second.table, [](const K&, const S&) {});
      fired_.erase(fired_.begin());
    }
  }

  using Frozen = FrozenWindows<typename Table::View>;
  std::shared_ptr<Frozen> frozen() const { return frozen_; }

  KeyedStateInfo info() const override {
    return {kind_, "window-contents", window_name_space(), Entries::describe()};
  }
  std::unique_ptr<StateView> freeze() override {
    auto frozen = std::make_shared<Frozen>(tracker_.places().range());
    for (const Windows* windows : {&windows_, &fired_}) {
      for (const auto& [window, held] : *windows) {
        frozen->add(window,
                    typename Table::View(held.table, held.table->freeze(), tracker_.places()),
                    windows == &fired_);
      }
    }
    frozen_ = frozen;
    return std::make_unique<View>(std::move(frozen));
  }
  void forget_frozen() { frozen_.reset(); }

  void end_group() override {
    for (Held* held : restored_) {
      held->table->end_group();
      held->restored = false;
    }
    restored_.clear();
  }
  bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) override {
    K k{};
    TimeWindow window;
    Serializer<K>::read(key, k);
    Serializer<TimeWindow>::read(key, window);
    if (window.end <= window.start) key.fail("a window that ends before it starts");
    if (!key.ok() ||
        key_group_of(Serializer<K>::hash(k), tracker_.places().max_parallelism()) != key_group)
      return false;
    Held& held = held_of(window);
    Table& table = *held.table;
    if (!held.restored) {
      held.restored = true;
      restored_.push_back(&held);
      table.begin_group(tracker_.places().places_of_group());
    }
    Entries::read(key, value, table.find_or_insert(table.place(k), k, [] { return S{}; }).value);
    return true;
  }
  void prefetch(const uint64_t*, size_t) override {}  // the operator prefetches, by window

 private:
  struct Held {
    std::shared_ptr<Table> table;
    bool restored = false;  ///< has entries of the key group that is being restored
  };
  using Windows = std::map<TimeWindow, Held, FiresBefore>;

  std::shared_ptr<Table> make_table() {
    return std::make_shared<Table>(tracker_, KeyPlacer<K>{tracker_.places()});
  }
  Held& held_of(const TimeWindow& window) {
    Held& held = windows_[window];
    if (held.table == nullptr) held.table = make_table();
    return held;
  }
  template <class F>
  static void drain(Table& table, F&& f) {
    uint64_t cursor = 0;
    while (table.drain_page(cursor, f)) {}
    table.clear();
  }
  /// Returns the next window.
  typename Windows::iterator set_aside(typename Windows::iterator window,
                                       std::vector<uint64_t>& timers) {
    std::sort(timers.begin(), timers.end());
    const std::shared_ptr<Table> all = std::exchange(window->second.table, make_table());
    Table& due = *window->second.table;
    Table& fired = *(fired_[window->first].table = make_table());
    drain(*all, [&](const K& key, const S& value) {
      const uint64_t place = all->place(key);
      Table& table = std::binary_search(timers.begin(), timers.end(), place) ? due : fired;
      table.find_or_insert(place, key, [&] { return value; });
    });
    return due.empty() ? windows_.erase(window) : std::next(window);
  }

  class View final : public StateView {
   public:
    explicit View(std::shared_ptr<Frozen> windows) : windows_(std::move(windows)) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      windows_->for_each_of_group(
          key_group, [&](const TimeWindow& window, bool, const K& key, const S& value) {
            if (!out.accepts_more()) return;
            Entries::write(out, value, [&](BinaryWriter& bytes) {
              Serializer<K>::write(bytes, key);
              Serializer<TimeWindow>::write(bytes, window);
            });
          });
    }

   private:
    const std::shared_ptr<Frozen> windows_;
  };

  SnapshotTracker& tracker_;
  const KeyedStateInfo::Kind kind_;
  Windows windows_;
  Windows fired_;  // contents of windows that had fired, from a restored Flink snapshot
  std::map<TimeWindow, std::vector<uint64_t>, FiresBefore>
      restored_timers_;          // the places of their keys, during a restore
  std::vector<Held*> restored_;  // by the entries of one key group
  uint64_t cursor_ = 0;          // in the window that fires next
  std::shared_ptr<Frozen> frozen_;
};

/// The timers that Flink would have for these contents. Declared after them.
template <class K, class Contents>
class WindowTimers final : public NamedState {
 public:
  WindowTimers(SnapshotTracker& tracker, Contents& contents)
      : tracker_(tracker), contents_(contents) {}

  KeyedStateInfo info() const override {
    return {KeyedStateInfo::Kind::kTimers, "_timer_state/event_window-timers", window_name_space(),
            TypeDescription{}};
  }
  std::unique_ptr<StateView> freeze() override {
    auto view = std::make_unique<View>(contents_.frozen());
    contents_.forget_frozen();
    return view;
  }
  /// Stores nothing: the contents imply all timers, except for windows that have fired.
  bool read_entry(int key_group, BinaryReader& key, BinaryReader&) override {
    const auto timestamp = static_cast<Timestamp>(key.get_u64() ^ kSignBit);
    K k{};
    TimeWindow window;
    Serializer<K>::read(key, k);
    Serializer<TimeWindow>::read(key, window);
    const int32_t hash = Serializer<K>::hash(k);
    if (key_group_of(hash, tracker_.places().max_parallelism()) != key_group) return false;
    if (timestamp == window.max_timestamp())
      contents_.restore_timer(window, tracker_.places().place(hash, table_hash(k)));
    return true;
  }
  void prefetch(const uint64_t*, size_t) override {}

 private:
  static constexpr uint64_t kSignBit = uint64_t{1} << 63;  // flipped, so that timers sort as bytes

  class View final : public StateView {
   public:
    explicit View(std::shared_ptr<typename Contents::Frozen> windows)
        : windows_(std::move(windows)) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      windows_->for_each_of_group(
          key_group, [&](const TimeWindow& window, bool fired, const K& key, const auto&) {
            if (fired || !out.accepts_more()) return;
            BinaryWriter& bytes = out.begin_key();
            bytes.put_u64(static_cast<uint64_t>(window.max_timestamp()) ^ kSignBit);
            Serializer<K>::write(bytes, key);
            Serializer<TimeWindow>::write(bytes, window);
            out.begin_value();
            out.end_entry();
          });
    }

   private:
    const std::shared_ptr<typename Contents::Frozen> windows_;
  };

  SnapshotTracker& tracker_;
  Contents& contents_;
};

}  // namespace weir::detail
