#pragma once

// Timers of keys: a set by (timestamp, key), in a table for snapshots, and a heap for their order.
//
// The heap is not in snapshots; a restore rebuilds it. Its order (timestamp, then the key's place)
// does not depend on history, so a restored operator fires in the same order. A deleted timer
// leaves a dead entry in the heap: the table has another registration number, or none. If more than
// half of the entries are dead, each further operation checks a few entries and removes the dead
// ones. So their share is limited, and no operation waits for a full cleanup.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/state/state_table.h"
#include "weir/operator/batch.h"

namespace weir::detail {

template <class K>
struct TimerKey {
  Timestamp timestamp;
  K key;
};
template <class K>
bool same_key(const TimerKey<K>& a, const TimerKey<K>& b) {
  return a.timestamp == b.timestamp && same_key(a.key, b.key);
}

template <class K>
struct TimerPlacer {
  PlaceSpace places;
  uint64_t operator()(const TimerKey<K>& timer) const {
    return places.place(
        TimerOwner<K>::key_hash(timer.key),
        mix_pair(TimerOwner<K>::hash(timer.key), static_cast<uint64_t>(timer.timestamp)));
  }
};

/// The timers of one operator and time domain. `K`: see TimerOwner. Thread: the operator's.
template <class K>
class TimerSet final : public NamedState {
 public:
  TimerSet(std::string name, SnapshotTracker& tracker)
      : name_(std::move(name)),
        tracker_(tracker),
        table_(std::make_shared<Table>(tracker, TimerPlacer<K>{tracker.places()})) {}

  bool empty() const { return table_->empty(); }
  size_t size() const { return table_->size(); }
  size_t heap_size() const { return heap_.size(); }

  /// `chain`: how many timers in a row registered each other, up to this one. take() returns it.
  void add(Timestamp timestamp, const K& key, uint32_t chain = 0) {
    const TimerKey<K> timer{timestamp, key};
    const uint64_t place = table_->place(timer);
    if (!table_->find_or_insert(place, timer, [&] { return ++registrations_; }).inserted) return;
    heap_.push_back({timestamp, place, registrations_, chain, key});
    sift_up(heap_.size() - 1);
    sweep();
  }
  void remove(Timestamp timestamp, const K& key) {
    const TimerKey<K> timer{timestamp, key};
    table_->erase(table_->place(timer), timer);
    sweep();
  }

  /// Returns the earliest timestamp, or INT64_MAX if there is no timer.
  Timestamp next() {
    drop_dead();
    return heap_.empty() ? INT64_MAX : heap_.front().timestamp;
  }
  /// Takes the earliest timer if it is not after `until`.
  bool take(Timestamp until, TimerKey<K>* timer, uint32_t* chain = nullptr) {
    drop_dead();
    if (heap_.empty() || heap_.front().timestamp > until) return false;
    timer->timestamp = heap_.front().timestamp;
    timer->key = std::move(heap_.front().key);
    if (chain != nullptr) *chain = heap_.front().chain;
    table_->erase(heap_.front().place, *timer);
    remove_at(0);
    return true;
  }

  /// Calls f(timestamp, const K&) for all timers, in no particular order.
  template <class F>
  void for_each(F&& f) {
    table_->for_each([&](const TimerKey<K>& timer, uint64_t) { f(timer.timestamp, timer.key); });
  }

  KeyedStateInfo info() const override {
    KeyedStateInfo info;
    info.kind = KeyedStateInfo::Kind::kTimers;
    info.name = name_;
    info.name_space = TimerOwner<K>::name_space();
    return info;
  }
  std::unique_ptr<StateView> freeze() override { return std::make_unique<View>(table_, tracker_); }
  void begin_group() override { table_->begin_group(tracker_.places().places_of_group()); }
  void end_group() override { table_->end_group(); }
  bool read_entry(int key_group, BinaryReader& key, BinaryReader&) override {
    TimerKey<K> timer{};
    if (!read(key_group, key, &timer)) return false;
    add(timer.timestamp, timer.key);
    return true;
  }
  bool read_removed(int key_group, BinaryReader& key) override {
    TimerKey<K> timer{};
    if (!read(key_group, key, &timer)) return false;
    remove(timer.timestamp, timer.key);
    return true;
  }
  void prefetch(const uint64_t*, size_t) override {
  }  // records don't determine which timers they touch

 private:
  using Table =
      CowTable<TimerKey<K>, uint64_t, TimerPlacer<K>>;     // the value is the registration number
  static constexpr uint64_t kSignBit = uint64_t{1} << 63;  // flipped, so that timers sort as bytes
  static constexpr size_t kSweepSteps = 4;
  static constexpr size_t kToleratedDead = 64;

  class View final : public StateView {
   public:
    View(const std::shared_ptr<Table>& table, const SnapshotTracker& tracker)
        : view_(table, table->freeze(), tracker.places()), changes_(table, tracker, view_) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      view_.for_each_of_group(key_group, [&](const TimerKey<K>& timer, uint64_t) {
        if (out.accepts_more()) write(out, timer);
      });
    }
    bool knows_changes(uint32_t since) const override { return changes_.complete_since(since); }
    Changes changes(int key_group, uint32_t since) const override {
      return {changes_.any_removed(key_group, since), changes_.any_written(key_group, since)};
    }
    void write_removed(int key_group, uint32_t since, CanonicalGroupWriter& out) const override {
      changes_.for_each_removed(key_group, since, [&](const TimerKey<K>& timer) {
        write(out, timer);
        return out.accepts_more();
      });
    }
    void write_written(int key_group, uint32_t since, CanonicalGroupWriter& out) const override {
      view_.for_each_changed_of_group(key_group, since, [&](const TimerKey<K>& timer, uint64_t) {
        if (out.accepts_more()) write(out, timer);
        return out.accepts_more();
      });
    }

   private:
    static void write(CanonicalGroupWriter& out, const TimerKey<K>& timer) {
      BinaryWriter& key = out.begin_key();
      key.put_u64(static_cast<uint64_t>(timer.timestamp) ^ kSignBit);
      TimerOwner<K>::write(key, timer.key);
      out.begin_value();
      out.end_entry();
    }

    typename Table::View view_;
    const TableChanges<Table> changes_;
  };

  /// Returns false if the key does not belong to this key group, or cannot be read.
  bool read(int key_group, BinaryReader& in, TimerKey<K>* timer) const {
    timer->timestamp = static_cast<Timestamp>(in.get_u64() ^ kSignBit);
    TimerOwner<K>::read(in, timer->key);
    return in.ok() && key_group_of(TimerOwner<K>::key_hash(timer->key),
                                   tracker_.places().max_parallelism()) == key_group;
  }

  struct Entry {
    Timestamp timestamp;
    uint64_t place;
    uint64_t registration;
    uint32_t chain;
    K key;
    bool before(const Entry& other) const {
      return timestamp != other.timestamp ? timestamp < other.timestamp : place < other.place;
    }
  };

  bool dead(const Entry& entry) {
    const uint64_t* registration =
        table_->find(entry.place, TimerKey<K>{entry.timestamp, entry.key});
    return registration == nullptr || *registration != entry.registration;
  }
  void drop_dead() {
    // If there are as many entries as timers, none is dead.
    while (heap_.size() != table_->size() && dead(heap_.front())) remove_at(0);
  }
  void sweep() {
    for (size_t i = 0; i < kSweepSteps && heap_.size() > 2 * table_->size() + kToleratedDead; ++i) {
      if (sweep_at_ >= heap_.size()) sweep_at_ = 0;
      if (dead(heap_[sweep_at_])) {
        remove_at(sweep_at_);
      } else {
        ++sweep_at_;
      }
    }
  }

  void remove_at(size_t i) {
    if (i + 1 != heap_.size()) {
      heap_[i] = std::move(heap_.back());
      heap_.pop_back();
      sift_down(sift_up(i));
    } else {
      heap_.pop_back();
    }
  }
  size_t sift_up(size_t i) {
    while (i > 0 && heap_[i].before(heap_[(i - 1) / kWays])) {
      std::swap(heap_[i], heap_[(i - 1) / kWays]);
      i = (i - 1) / kWays;
    }
    return i;
  }
  void sift_down(size_t i) {
    for (;;) {
      const size_t first = i * kWays + 1;
      if (first >= heap_.size()) return;
      size_t least = first;
      for (size_t child = first + 1; child < std::min(first + kWays, heap_.size()); ++child) {
        if (heap_[child].before(heap_[least])) least = child;
      }
      if (!heap_[least].before(heap_[i])) return;
      std::swap(heap_[i], heap_[least]);
      i = least;
    }
  }

  static constexpr size_t kWays = 4;

  const std::string name_;
  SnapshotTracker& tracker_;
  const std::shared_ptr<Table> table_;
  std::vector<Entry> heap_;
  size_t sweep_at_ = 0;
  uint64_t registrations_ = 0;
};

}  // namespace weir::detail
