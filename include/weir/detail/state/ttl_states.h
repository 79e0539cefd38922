#pragma once

// States with a time to live, with Flink's rules (weir/state/state_ttl_config.h).
//
// A read returns references that must stay valid during the call of the user function. So a read
// moves nothing: an expired value that it met is removed before the next call that uses the state,
// and the incremental cleanup runs between batches.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/state/state_table.h"
#include "weir/detail/state/ttl.h"

namespace weir::detail {

/// The common part of the three kinds of state. `Stored`: an entry of the table.
template <class At, class Stored, class Entries>
class TtlTable : public StateTable<At, Stored, Entries>, public TtlCleanup {
 public:
  TtlTable(std::string name, SnapshotTracker& tracker, const CurrentKey<At>& current,
           TtlClock& clock, const StateTtlConfig& config)
      : StateTable<At, Stored, Entries>(std::move(name), tracker, current),
        TtlCleanup(config),
        clock_(clock),
        config_(config) {}

  /// Changes nothing: the tables of a snapshot must stay as they are from its begin on.
  std::unique_ptr<StateView> freeze() override {
    if (!config_.cleans_up_in_full_snapshot()) return this->view(KeepAll{});
    return this->view(KeepUnexpired{ttl_ms(), clock_.read()});
  }

 protected:
  /// Removes what has expired of an entry. Returns true if nothing is left.
  virtual bool remove_expired_from(Stored& stored, int64_t now) = 0;
  /// Whether anything in the entry has expired. Sets the number of values that were checked.
  virtual bool any_expired(const Stored& stored, int64_t now, int64_t* checked) const = 0;

  /// Call at the beginning of every access. Returns the number of the call of the user function.
  uint64_t begin_access() {
    if (accessed_at_ != clock_.call()) {
      remove_expired();
      accessed_at_ = clock_.call();
      count_access();
    }
    return accessed_at_;
  }
  int64_t ttl_ms() const { return config_.time_to_live_ms(); }
  bool expired(int64_t last_access) { return is_expired(last_access, ttl_ms(), clock_.now()); }
  bool returns_expired() const {
    return config_.state_visibility() ==
           StateTtlConfig::StateVisibility::kReturnExpiredIfNotCleanedUp;
  }
  bool updates_on_read() const {
    return config_.update_type() == StateTtlConfig::UpdateType::kOnReadAndWrite;
  }
  int64_t now() { return clock_.now(); }

  const Stored* find_entry() { return this->table().find(this->place(), this->key()); }
  Stored* find_entry_mutable() { return this->table().find_mutable(this->place(), this->key()); }
  Stored& find_or_insert_entry() {
    return this->table().find_or_insert(this->place(), this->key(), [] { return Stored(); }).value;
  }
  void erase_entry() { this->table().erase(this->place(), this->key()); }

  /// Remembers that the entry of the current key has expired values, which a read has met.
  void expired_was_read() {
    if (!to_remove_) to_remove_ = this->key();
  }

 private:
  /// Removes the expired values that the last call has read.
  void remove_expired() {
    if (!to_remove_) return;
    const At at = *std::exchange(to_remove_, std::nullopt);
    clean(at, clock_.read());
  }
  void clean(const At& at, int64_t now) {
    const uint64_t place = this->table().place(at);
    if (Stored* stored = this->table().find_mutable(place, at);
        stored != nullptr && remove_expired_from(*stored, now))
      this->table().erase(place, at);
  }
  int64_t clean_some(bool* changed) override {
    const int64_t now = clock_.read();
    int64_t checked = 0;
    found_expired_.clear();
    this->table().visit_page(cursor_, [&](const At& at, const Stored& stored) {
      if (any_expired(stored, now, &checked)) found_expired_.push_back(at);
    });
    for (const At& at : found_expired_) clean(at, now);
    *changed |= !found_expired_.empty();
    return checked;
  }

  TtlClock& clock_;
  const StateTtlConfig config_;
  uint64_t accessed_at_ = UINT64_MAX;  ///< the last call with an access
  std::optional<At> to_remove_;
  uint64_t cursor_ = 0;  ///< of the incremental cleanup
  std::vector<At> found_expired_;
};

/// A value of the current key: of value, reducing and aggregating states.
template <class At, class T, KeyedStateInfo::Kind kKind>
class TtlValueState final : public TtlTable<At, TtlValue<T>, ValueEntries<TtlValue<T>, kKind>>,
                            public ValueAccess<T> {
 public:
  TtlValueState(std::string name, SnapshotTracker& tracker, const CurrentKey<At>& current,
                TtlClock& clock, const StateTtlConfig& config, std::optional<T> default_value = {})
      : TtlTable<At, TtlValue<T>, ValueEntries<TtlValue<T>, kKind>>(std::move(name), tracker,
                                                                    current, clock, config),
        ValueAccess<T>(&current.changes),
        default_value_(std::move(default_value)) {}

  const T* default_value() const { return default_value_ ? &*default_value_ : nullptr; }

 private:
  using Stored = TtlValue<T>;

  const T* find_in_table() override {
    this->begin_access();
    const Stored* found = this->find_entry();
    if (found == nullptr) return nullptr;
    if (this->expired(found->last_access)) {
      this->expired_was_read();
      return this->returns_expired() ? &found->value : nullptr;
    }
    if (!this->updates_on_read() || found->last_access == this->now()) return &found->value;
    Stored* writable = this->find_entry_mutable();
    writable->last_access = this->now();
    return &writable->value;
  }
  T* find_mutable_in_table() override {
    this->begin_access();
    Stored* found = this->find_entry_mutable();
    if (found == nullptr) return nullptr;
    if (this->expired(found->last_access) && !this->returns_expired()) return nullptr;
    found->last_access = this->now();
    return &found->value;
  }
  T& insert_into_table(T value) override {
    Stored& stored = this->find_or_insert_entry();  // it may be there, but expired
    stored.last_access = this->now();
    stored.value = std::move(value);
    return stored.value;
  }
  void erase_from_table() override {
    this->begin_access();
    this->erase_entry();
  }

  bool remove_expired_from(Stored& stored, int64_t now) override {
    int64_t checked = 0;
    return any_expired(stored, now, &checked);
  }
  bool any_expired(const Stored& stored, int64_t now, int64_t* checked) const override {
    ++*checked;
    return is_expired(stored.last_access, this->ttl_ms(), now);
  }

  const std::optional<T> default_value_;
};

/// A list of the current key, whose elements expire one by one.
template <class At, class T>
class TtlListState final
    : public TtlTable<At, CowBox<std::vector<TtlValue<T>>>, ListEntries<TtlValue<T>>>,
      public TtlListAccess<T> {
 public:
  using TtlTable<At, CowBox<std::vector<TtlValue<T>>>, ListEntries<TtlValue<T>>>::TtlTable;

  /// The result stays the same in a call until the list changes.
  const std::vector<T>& get() override {
    const uint64_t call = this->begin_access();
    if (read_at_ == call) return visible_;
    visible_.clear();
    read_at_ = call;
    const Box* box = this->find_entry();
    if (box == nullptr) return visible_;
    bool any_alive = false;
    bool any_to_update = false;
    for (const TtlValue<T>& element : box->read()) {
      const bool expired = this->expired(element.last_access);
      any_alive |= !expired;
      any_to_update |= expired || element.last_access != this->now();
      if (!expired || this->returns_expired()) visible_.push_back(element.value);
    }
    if (!any_alive) this->erase_entry();
    else if (this->updates_on_read() && any_to_update) update_last_access();
    return visible_;
  }
  void add(const T* values, size_t count) override {
    this->begin_access();
    read_at_ = UINT64_MAX;
    std::vector<TtlValue<T>>& list = this->find_or_insert_entry().write();
    for (size_t i = 0; i < count; ++i) list.push_back({this->now(), values[i]});
  }
  void update(const std::vector<T>& values) override {
    clear();
    if (!values.empty()) add(values.data(), values.size());
  }
  void clear() override {
    this->begin_access();
    read_at_ = UINT64_MAX;
    this->erase_entry();
  }

 private:
  using Box = CowBox<std::vector<TtlValue<T>>>;

  void update_last_access() {
    std::vector<TtlValue<T>>& list = this->find_entry_mutable()->write();
    std::erase_if(list, [&](const TtlValue<T>& e) { return this->expired(e.last_access); });
    for (TtlValue<T>& element : list) element.last_access = this->now();
  }
  bool remove_expired_from(Box& box, int64_t now) override {
    std::vector<TtlValue<T>>& list = box.write();
    std::erase_if(list, [&](const TtlValue<T>& element) {
      return is_expired(element.last_access, this->ttl_ms(), now);
    });
    return list.empty();
  }
  bool any_expired(const Box& box, int64_t now, int64_t* checked) const override {
    *checked += static_cast<int64_t>(box.read().size());
    for (const TtlValue<T>& element : box.read()) {
      if (is_expired(element.last_access, this->ttl_ms(), now)) return true;
    }
    return false;
  }

  std::vector<T> visible_;         ///< the result of get()
  uint64_t read_at_ = UINT64_MAX;  ///< the call of that get()
};

/// A map of the current key, whose entries expire one by one.
template <class At, class K, class V>
class TtlMapState final
    : public TtlTable<At, CowMap<K, TtlValue<V>, MapKeyOrder<K>>, MapEntries<K, TtlValue<V>>>,
      public TtlMapAccess<K, V> {
 public:
  using TtlTable<At, CowMap<K, TtlValue<V>, MapKeyOrder<K>>, MapEntries<K, TtlValue<V>>>::TtlTable;
  using Visible = typename TtlMapAccess<K, V>::Entries;

  const V* get(const K& key) override {
    this->begin_access();
    const Map* map = this->find_entry();
    const TtlValue<V>* found = map == nullptr ? nullptr : map->find(key);
    if (found == nullptr) return nullptr;
    if (this->expired(found->last_access)) {
      this->expired_was_read();
      return this->returns_expired() ? &found->value : nullptr;
    }
    if (!this->updates_on_read() || found->last_access == this->now()) return &found->value;
    TtlValue<V>* writable = this->find_entry_mutable()->find_mutable(key);
    writable->last_access = this->now();
    return &writable->value;
  }
  void put(K key, V value) override {
    this->begin_access();
    TtlValue<V>& entry =
        this->find_or_insert_entry().find_or_insert(std::move(key), [] { return TtlValue<V>(); });
    entry.last_access = this->now();
    entry.value = std::move(value);
  }
  V& mutable_value(const K& key) override {
    this->begin_access();
    TtlValue<V>& entry = this->find_or_insert_entry().find_or_insert(
        key, [&] { return TtlValue<V>{this->now(), V{}}; });
    if (this->expired(entry.last_access) && !this->returns_expired()) entry.value = V{};
    entry.last_access = this->now();
    return entry.value;
  }
  void remove(const K& key) override {
    this->begin_access();
    const Map* map = this->find_entry();
    if (map == nullptr || map->find(key) == nullptr) return;
    Map& writable = *this->find_entry_mutable();
    writable.erase(key);
    if (writable.empty()) this->erase_entry();
  }
  Visible entries() override {
    this->begin_access();
    Visible visible;
    const Map* map = this->find_entry();
    if (map == nullptr) return visible;
    if (this->updates_on_read()) map = update_last_access(*map);
    map->for_each([&](const K& key, const TtlValue<V>& entry) {
      const bool expired = this->expired(entry.last_access);
      if (expired) this->expired_was_read();
      if (!expired || this->returns_expired()) visible.emplace_back(&key, &entry.value);
      return true;
    });
    return visible;
  }
  bool is_empty() override {
    this->begin_access();
    const Map* map = this->find_entry();
    return map == nullptr || map->for_each([&](const K&, const TtlValue<V>& entry) {
      return this->expired(entry.last_access) && !this->returns_expired();
    });
  }
  void clear() override {
    this->begin_access();
    this->erase_entry();
  }

 private:
  using Map = CowMap<K, TtlValue<V>, MapKeyOrder<K>>;

  const Map* update_last_access(const Map& map) {
    std::vector<K> read;
    map.for_each([&](const K& key, const TtlValue<V>& entry) {
      if (entry.last_access != this->now() && !this->expired(entry.last_access))
        read.push_back(key);
      return true;
    });
    if (read.empty()) return &map;
    Map& writable = *this->find_entry_mutable();
    for (const K& key : read) writable.find_mutable(key)->last_access = this->now();
    return &writable;
  }
  bool remove_expired_from(Map& map, int64_t now) override {
    map.erase_if([&](const K&, const TtlValue<V>& entry) {
      return is_expired(entry.last_access, this->ttl_ms(), now);
    });
    return map.empty();
  }
  bool any_expired(const Map& map, int64_t now, int64_t* checked) const override {
    *checked += static_cast<int64_t>(map.size());
    return !map.for_each([&](const K&, const TtlValue<V>& entry) {
      return !is_expired(entry.last_access, this->ttl_ms(), now);
    });
  }
};

}  // namespace weir::detail
