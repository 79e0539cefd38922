#pragma once

// State of a subtask that belongs to no key. Lists are a ListState (weir/state/state.h).

#include <map>
#include <utility>

#include "weir/state/state.h"

namespace weir {

/// A map of which every subtask has its own, equal copy; this side may only read it. Ordered by the
/// map's keys. References and pointers are valid until the state changes. Thread: the subtask's.
template <class K, class V>
class ReadOnlyBroadcastState {
 public:
  using Map = std::map<K, V, detail::MapKeyOrder<K>>;

  /// For the operator. `map` lives as long as the operator's state.
  explicit ReadOnlyBroadcastState(Map* map) : map_(map) {}

  /// Returns null if there is no value.
  const V* get(const K& key) const {
    const auto it = map_->find(key);
    return it == map_->end() ? nullptr : &it->second;
  }
  bool contains(const K& key) const { return map_->contains(key); }
  bool is_empty() const { return map_->empty(); }
  const Map& entries() const { return *map_; }

 protected:
  Map* map_;
};

/// The same map, for changes. Every subtask must make the same changes in the same order: a restore
/// at another parallelism gives new subtasks the copy of an old one.
template <class K, class V>
class BroadcastState : public ReadOnlyBroadcastState<K, V> {
 public:
  using ReadOnlyBroadcastState<K, V>::ReadOnlyBroadcastState;

  /// Inserts or replaces a value.
  void put(K key, V value) { this->map_->insert_or_assign(std::move(key), std::move(value)); }
  /// Returns the value for changes in place; V{} if there was none.
  V& mutable_value(const K& key) { return (*this->map_)[key]; }
  /// Removes a value if there is one.
  void remove(const K& key) { this->map_->erase(key); }
  void clear() { this->map_->clear(); }
};

}  // namespace weir
