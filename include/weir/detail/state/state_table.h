#pragma once

// States as tables by key, or by key and namespace.

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/state/cow_table.h"
#include "weir/detail/state/keyed_states.h"
#include "weir/detail/state/state_access.h"
#include "weir/detail/state/state_entries.h"
#include "weir/detail/state/table_changes.h"

namespace weir::detail {

/// The key of an entry and the namespace after it. `At`: a key, which has no namespace here.
/// detail/window/window_key.h has windows as namespaces.
template <class At>
struct TimerOwner {
  /// Of the key alone.
  static int32_t key_hash(const At& key) { return Serializer<At>::hash(key); }
  static uint64_t hash(const At& key) { return table_hash(key); }
  static TypeDescription name_space() { return TypeDescription{}; }
  static void write(BinaryWriter& out, const At& key) {
    Serializer<At>::write(out, key);
    out.put_u8(0);  // VoidNamespace
  }
  static void read(BinaryReader& in, At& key) {
    Serializer<At>::read(in, key);
    in.get_u8();  // VoidNamespace
  }
};

template <class At>
struct KeyPlacer {
  PlaceSpace places;
  uint64_t operator()(const At& at) const {
    return places.place(TimerOwner<At>::key_hash(at), TimerOwner<At>::hash(at));
  }
};

/// The current key (and namespace). `changes` counts its changes. Aligned to stay within one cache
/// line: a store across two lines delays the next load, which costs a process function 9 ns a
/// record.
template <class At>
struct alignas(32) CurrentKey {
  const At* key = nullptr;
  uint64_t place = 0;
  uint64_t changes = 0;

  void set(const At& new_key, uint64_t new_place) {
    key = &new_key;
    place = new_place;
    ++changes;
  }
  void clear() {
    key = nullptr;
    ++changes;
  }
};

[[noreturn]] __attribute__((noinline, cold)) inline void throw_no_current_key(
    const std::string& state) {
  throw std::logic_error("state '" + state +
                         "' is used where there is no key: it is there in the calls for a record "
                         "or a timer, not in open() or close()");
}

/// The keys with entries in a state. Thread: the operator's.
template <class At>
class KeyedEntries {
 public:
  virtual ~KeyedEntries() = default;
  /// A copy, because a caller may change the state meanwhile.
  virtual std::vector<At> keys() = 0;
};

/// A state as a table. `Entries`: see state_entries.h. Thread: the operator's.
template <class At, class T, class Entries>
class StateTable : public NamedState, public KeyedEntries<At> {
 public:
  using Table = CowTable<At, T, KeyPlacer<At>>;

  StateTable(std::string name, SnapshotTracker& tracker, const CurrentKey<At>& current)
      : name_(std::move(name)),
        current_(current),
        tracker_(tracker),
        table_(std::make_shared<Table>(tracker, KeyPlacer<At>{tracker.places()})) {}

  Table& table() { return *table_; }
  std::vector<At> keys() override {
    std::vector<At> all;
    table_->for_each([&](const At& at, const T&) { all.push_back(at); });
    return all;
  }

  KeyedStateInfo info() const override {
    return {Entries::kKind, name_, TimerOwner<At>::name_space(), Entries::describe()};
  }
  std::unique_ptr<StateView> freeze() override { return view(KeepAll{}); }
  void begin_stream(const StoredElements& stored) override { stored_ = stored; }
  void begin_group() override { table_->begin_group(tracker_.places().places_of_group()); }
  void end_group() override { table_->end_group(); }
  bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) override {
    At at{};
    TimerOwner<At>::read(key, at);
    const PlaceSpace& places = tracker_.places();
    if (!key.ok() ||
        key_group_of(TimerOwner<At>::key_hash(at), places.max_parallelism()) != key_group)
      return false;
    T& entry = table_->restore(places.place_in_group(key_group, TimerOwner<At>::hash(at)), at);
    if constexpr (kAddsEntries) {
      Entries::read(key, value, entry, stored_);
    } else {
      T read{};  // the entry may have a value, which a serializer may expect to be empty
      Entries::read(key, value, read, stored_);
      entry = std::move(read);
    }
    return true;
  }
  bool read_removed(int key_group, BinaryReader& key) override {
    At at{};
    TimerOwner<At>::read(key, at);
    const PlaceSpace& places = tracker_.places();
    if (!key.ok() ||
        key_group_of(TimerOwner<At>::key_hash(at), places.max_parallelism()) != key_group)
      return false;
    table_->erase(places.place_in_group(key_group, TimerOwner<At>::hash(at)), at);
    return true;
  }
  void prefetch(const uint64_t* places, size_t count) override {
    // The places are those of keys without a namespace.
    if constexpr (SerializableKey<At>) {
      for (size_t i = 0; i < count; ++i) table_->prefetch(places[i]);
    }
  }

 protected:
  template <class Keep>
  std::unique_ptr<StateView> view(Keep keep) {
    return std::make_unique<View<Keep>>(table_, tracker_, keep);
  }
  const At& key() const {
    if (current_.key == nullptr) throw_no_current_key(name_);
    return *current_.key;
  }
  uint64_t place() const { return current_.place; }

 private:
  /// Reading an entry adds to the value, so changes remove the old value first.
  static constexpr bool kAddsEntries =
      Entries::kKind == KeyedStateInfo::Kind::kList || Entries::kKind == KeyedStateInfo::Kind::kMap;

  template <class Keep>
  class View final : public StateView {
   public:
    View(const std::shared_ptr<Table>& table, const SnapshotTracker& tracker, Keep keep)
        : view_(table, table->freeze(), tracker.places()),
          changes_(table, tracker, view_),
          keep_(keep) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      view_.for_each_of_group(key_group, [&](const At& at, const T& value) {
        if (out.accepts_more()) write(out, at, value);
      });
    }
    bool knows_changes(uint32_t since) const override { return changes_.complete_since(since); }
    Changes changes(int key_group, uint32_t since) const override {
      Changes any;
      any.written = changes_.any_written(key_group, since);
      any.removed = (kAddsEntries && any.written) || changes_.any_removed(key_group, since);
      return any;
    }
    void write_removed(int key_group, uint32_t since, CanonicalGroupWriter& out) const override {
      const auto write_key = [&](const At& at) {
        TimerOwner<At>::write(out.begin_key(), at);
        out.begin_value();
        out.end_entry();
        return out.accepts_more();
      };
      changes_.for_each_removed(key_group, since, write_key);
      if constexpr (kAddsEntries) {
        view_.for_each_changed_of_group(key_group, since,
                                        [&](const At& at, const T&) { return write_key(at); });
      }
    }
    void write_written(int key_group, uint32_t since, CanonicalGroupWriter& out) const override {
      view_.for_each_changed_of_group(key_group, since, [&](const At& at, const T& value) {
        if (out.accepts_more()) write(out, at, value);
        return out.accepts_more();
      });
    }

   private:
    void write(CanonicalGroupWriter& out, const At& at, const T& value) const {
      Entries::write(
          out, value, [&](BinaryWriter& bytes) { TimerOwner<At>::write(bytes, at); }, keep_);
    }

    typename Table::View view_;
    const TableChanges<Table> changes_;
    const Keep keep_;
  };

  const std::string name_;
  const CurrentKey<At>& current_;
  SnapshotTracker& tracker_;
  const std::shared_ptr<Table> table_;
  StoredElements stored_;
};

/// A state of the current key, without a time to live.
template <class At, class T, class Entries>
class TableState final : public StateTable<At, T, Entries>, public ValueAccess<T> {
 public:
  TableState(std::string name, SnapshotTracker& tracker, const CurrentKey<At>& current,
             std::optional<T> default_value = {})
      : StateTable<At, T, Entries>(std::move(name), tracker, current),
        ValueAccess<T>(&current.changes),
        default_value_(std::move(default_value)) {}

  const T* default_value() const { return default_value_ ? &*default_value_ : nullptr; }

 private:
  const T* find_in_table() override { return this->table().find(this->place(), this->key()); }
  T* find_mutable_in_table() override {
    return this->table().find_mutable(this->place(), this->key());
  }
  T& insert_into_table(T value) override {
    return this->table()
        .find_or_insert(this->place(), this->key(), [&] { return std::move(value); })
        .value;
  }
  void erase_from_table() override { this->table().erase(this->place(), this->key()); }

  const std::optional<T> default_value_;
};

}  // namespace weir::detail
