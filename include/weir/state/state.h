#pragma once

// Keyed state in user functions. Get a handle once, in open(). It then always refers to the state
// of the current key. An access throws std::logic_error if the handle was not assigned, or if there
// is no current key (in open() and close()). Thread: the subtask's.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/base/cow_box.h"
#include "weir/detail/state/cow_map.h"
#include "weir/detail/state/state_access.h"
#include "weir/detail/types/same_key.h"
#include "weir/state/state_descriptors.h"
#include "weir/state/state_ttl_config.h"

namespace weir {

/// One value for each key. References and pointers are valid until the state changes or the call of
/// the user function ends.
template <class T>
class ValueState {
 public:
  ValueState() = default;

  /// Returns null if there is no value and no default.
  const T* value() const {
    const T* found = access_->find();
    return found != nullptr ? found : default_;
  }
  /// Returns the value, or `fallback` if there is no value and no default.
  T value_or(T fallback) const {
    const T* found = value();
    return found != nullptr ? *found : std::move(fallback);
  }
  /// Replaces the value.
  void update(T value) {
    if (T* found = access_->find_mutable()) {
      *found = std::move(value);
    } else {
      access_->get_or_insert([&] { return std::move(value); });
    }
  }
  /// Returns the value for changes in place. If there is none, makes it from the default or T{}.
  T& mutable_value() {
    return access_->get_or_insert([&] { return default_ != nullptr ? *default_ : T{}; });
  }
  void clear() { access_->erase(); }

  /// For the operator. `default_value` (may be null) and `access` live as long as the operator's
  /// state.
  ValueState(detail::ValueAccess<T>* access, const T* default_value)
      : access_(access), default_(default_value) {}

 private:
  detail::ValueAccess<T>* access_ = detail::NoAccess<T>::get();
  const T* default_ = nullptr;
};

/// A value for each key that is the reduction of all values added to it.
template <class T>
class ReducingState {
 public:
  using Reduce = std::function<T(const T& so_far, const T& value)>;

  ReducingState() = default;

  /// Returns null if nothing was added. Valid like the references of a ValueState.
  const T* get() const { return access_->find(); }
  void add(const T& value) {
    if (T* so_far = access_->find_mutable()) {
      *so_far = (*reduce_)(*so_far, value);
    } else {
      access_->get_or_insert([&] { return value; });
    }
  }
  void clear() { access_->erase(); }

  /// For the operator.
  ReducingState(detail::ValueAccess<T>* access, std::shared_ptr<const Reduce> reduce)
      : access_(access), reduce_(std::move(reduce)) {}

 private:
  detail::ValueAccess<T>* access_ = detail::NoAccess<T>::get();
  std::shared_ptr<const Reduce> reduce_;
};

/// The aggregate of the values added to each key, in an accumulator. `A`: an AggregateFunction.
template <class A>
class AggregatingState {
 public:
  using Accumulator = typename A::Accumulator;
  using Result = std::remove_cvref_t<decltype(std::declval<const A&>().get_result(
      std::declval<const Accumulator&>()))>;

  AggregatingState() = default;

  /// Returns nothing if nothing was added.
  std::optional<Result> get() const {
    const Accumulator* accumulator = access_->find();
    if (accumulator == nullptr) return std::nullopt;
    return function_->get_result(*accumulator);
  }
  template <class T>
  void add(const T& value) {
    if (Accumulator* accumulator = access_->find_mutable()) {
      function_->add(value, *accumulator);
      return;
    }
    access_->get_or_insert([&] {
      Accumulator accumulator = function_->create_accumulator();
      function_->add(value, accumulator);
      return accumulator;
    });
  }
  void clear() { access_->erase(); }

  /// For the operator.
  AggregatingState(detail::ValueAccess<Accumulator>* access, std::shared_ptr<const A> function)
      : access_(access), function_(std::move(function)) {}

 private:
  detail::ValueAccess<Accumulator>* access_ = detail::NoAccess<Accumulator>::get();
  std::shared_ptr<const A> function_;
};

/// A list for each key. A key with an empty list takes no memory.
template <class T>
class ListState {
 public:
  using List = std::vector<T>;
  using Access = detail::ValueAccess<detail::CowBox<List>>;

  ListState() = default;

  /// Returns the list, which is empty if nothing was added. Valid like the references of a
  /// ValueState.
  const List& get() const {
    if (ttl_ != nullptr) return ttl_->get();
    static const List nothing;
    const auto* box = access_->find();
    return box != nullptr ? box->read() : nothing;
  }
  void add(T value) {
    if (ttl_ != nullptr) return ttl_->add(&value, 1);
    box().write().push_back(std::move(value));
  }
  void add_all(const List& values) {
    if (values.empty()) return;
    if (ttl_ != nullptr) return ttl_->add(values.data(), values.size());
    List& list = box().write();
    list.insert(list.end(), values.begin(), values.end());
  }
  /// Replaces the list.
  void update(List values) {
    if (ttl_ != nullptr) return ttl_->update(values);
    if (values.empty()) return clear();
    box() = detail::CowBox<List>(std::move(values));
  }
  void clear() {
    if (ttl_ != nullptr) return ttl_->clear();
    access_->erase();
  }

  /// For the operator.
  explicit ListState(Access* access) : access_(access) {}
  explicit ListState(detail::TtlListAccess<T>* ttl) : ttl_(ttl) {}

 private:
  detail::CowBox<List>& box() {
    return access_->get_or_insert([] { return detail::CowBox<List>(); });
  }
  Access* access_ = detail::NoAccess<detail::CowBox<List>>::get();
  detail::TtlListAccess<T>* ttl_ = nullptr;
};

/// A map for each key, ordered by the map's own keys. docs/formats/types.md defines when two keys
/// are the same. It may be large: an access to an entry costs the same in a map of a million
/// entries, and a checkpoint copies only what changes meanwhile.
template <class K, class V>
class MapState {
 public:
  using Map = detail::CowMap<K, V, detail::MapKeyOrder<K>>;
  using Access = detail::ValueAccess<Map>;
  using TtlAccess = detail::TtlMapAccess<K, V>;

  /// The entries of the map, for a range-based for loop: `for (const auto& [key, value] : …)`.
  /// Valid like the references of a ValueState.
  class Entries {
   public:
    class Iterator {
     public:
      using value_type = std::pair<const K&, const V&>;
      using difference_type = std::ptrdiff_t;

      Iterator() = default;
      explicit Iterator(typename Map::Iterator at) : at_(at) {}
      explicit Iterator(const std::pair<const K*, const V*>* visible) : visible_(visible) {}
      /// Holds the pair that `->` refers to.
      struct Arrow {
        value_type entry;
        const value_type* operator->() const { return &entry; }
      };
      Arrow operator->() const { return {**this}; }
      value_type operator*() const {
        if (visible_ != nullptr) return {*visible_->first, *visible_->second};
        return *at_;
      }
      Iterator& operator++() {
        if (visible_ != nullptr) ++visible_;
        else ++at_;
        return *this;
      }
      Iterator operator++(int) {
        const Iterator before = *this;
        ++*this;
        return before;
      }
      bool operator==(const Iterator& other) const {
        return visible_ == other.visible_ && at_ == other.at_;
      }

     private:
      typename Map::Iterator at_;
      const std::pair<const K*, const V*>* visible_ = nullptr;
    };

    Iterator begin() const {
      return visible_ != nullptr ? Iterator(visible_->data()) : Iterator(map_->begin());
    }
    Iterator end() const {
      return visible_ != nullptr ? Iterator(visible_->data() + visible_->size())
                                 : Iterator(map_->end());
    }
    /// The first entry whose key is not before `key`.
    Iterator lower_bound(const K& key) const {
      if (visible_ == nullptr) return Iterator(map_->lower_bound(key));
      return Iterator(std::lower_bound(
          visible_->data(), visible_->data() + visible_->size(), key,
          [](const auto& entry, const K& k) { return detail::MapKeyOrder<K>()(*entry.first, k); }));
    }
    size_t size() const { return visible_ != nullptr ? visible_->size() : map_->size(); }
    bool empty() const { return size() == 0; }

   private:
    friend MapState;
    explicit Entries(const Map* map) : map_(map) {}
    explicit Entries(typename TtlAccess::Entries visible)
        : visible_(std::make_shared<typename TtlAccess::Entries>(std::move(visible))) {}
    const Map* map_ = nullptr;
    std::shared_ptr<const typename TtlAccess::Entries> visible_;  ///< of a map that expires
  };

  MapState() = default;

  /// Returns null if there is no value.
  const V* get(const K& key) const {
    if (ttl_ != nullptr) return ttl_->get(key);
    return map().find(key);
  }
  bool contains(const K& key) const { return get(key) != nullptr; }
  Entries entries() const {
    if (ttl_ != nullptr) return Entries(ttl_->entries());
    return Entries(&map());
  }
  bool is_empty() const { return ttl_ != nullptr ? ttl_->is_empty() : map().empty(); }
  /// Inserts or replaces a value.
  void put(K key, V value) {
    if (ttl_ != nullptr) return ttl_->put(std::move(key), std::move(value));
    Map& map = writable();
    if (V* found = map.find_mutable(key)) *found = std::move(value);
    else map.find_or_insert(std::move(key), [&] { return std::move(value); });
  }
  /// Puts all pairs of a range of keys and values.
  template <class Range>
  void put_all(const Range& pairs) {
    for (const auto& [key, value] : pairs) put(key, value);
  }
  /// Returns the value for changes in place; V{} if there was none.
  V& mutable_value(const K& key) {
    if (ttl_ != nullptr) return ttl_->mutable_value(key);
    return writable().find_or_insert(key, [] { return V{}; });
  }
  /// Removes a value if there is one.
  void remove(const K& key) {
    if (ttl_ != nullptr) return ttl_->remove(key);
    if (map().find(key) == nullptr) return;
    Map& map = writable();
    map.erase(key);
    if (map.empty()) access_->erase();
  }
  void clear() {
    if (ttl_ != nullptr) return ttl_->clear();
    access_->erase();
  }

  /// For the operator.
  explicit MapState(Access* access) : access_(access) {}
  explicit MapState(TtlAccess* ttl) : ttl_(ttl) {}

 private:
  const Map& map() const {
    static const Map nothing;
    const Map* found = access_->find();
    return found != nullptr ? *found : nothing;
  }
  Map& writable() {
    return access_->get_or_insert([] { return Map(); });
  }
  Access* access_ = detail::NoAccess<Map>::get();
  TtlAccess* ttl_ = nullptr;
};

}  // namespace weir
