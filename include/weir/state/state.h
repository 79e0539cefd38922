#pragma once

// Keyed state in user functions. Get a handle once, in open(). It then always refers to the state
// of the current key. An access throws std::logic_error if the handle was not assigned, or if there
// is no current key (in open() and close()). Thread: the subtask's.

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/base/cow_box.h"
#include "weir/detail/types/same_key.h"

namespace weir {

/// The name identifies the state within its operator, across versions of the program.
template <class T>
struct ValueStateDescriptor {
  std::string name;
  std::optional<T> default_value = std::nullopt;  ///< returned by value() while no value is stored
};
template <class T>
struct ListStateDescriptor {
  std::string name;
};
template <class K, class V>
struct MapStateDescriptor {
  std::string name;
};

namespace detail {

/// Access to one state of the current key. Caches the entry until the key changes.
template <class T>
class ValueAccess {
 public:
  explicit ValueAccess(const uint64_t* key_changes) : key_changes_(key_changes) {}
  virtual ~ValueAccess() = default;

  const T* find() {
    if (seen_ != *key_changes_) look_up();
    return found_;
  }
  T* find_mutable() {
    if (seen_ == *key_changes_ && (writable_ != nullptr || found_ == nullptr)) return writable_;
    found_ = writable_ = find_mutable_in_table();
    seen_ = *key_changes_;
    return writable_;
  }
  template <class Make>
  T& get_or_insert(Make&& make) {
    if (T* value = find_mutable()) return *value;
    found_ = writable_ = &insert_into_table(make());
    return *writable_;
  }
  void erase() {
    if (seen_ == *key_changes_ && found_ == nullptr) return;
    erase_from_table();
    found_ = writable_ = nullptr;
    seen_ = *key_changes_;
  }

 protected:
  virtual const T* find_in_table() = 0;
  virtual T* find_mutable_in_table() = 0;
  virtual T& insert_into_table(T value) = 0;
  virtual void erase_from_table() = 0;

 private:
  void look_up() {
    found_ = find_in_table();
    writable_ = nullptr;
    seen_ = *key_changes_;
  }

  const uint64_t* const key_changes_;
  uint64_t seen_ = UINT64_MAX;
  const T* found_ = nullptr;
  T* writable_ = nullptr;
};

[[noreturn]] __attribute__((noinline, cold)) inline void throw_unassigned_state() {
  throw std::logic_error(
      "a state is used that was never got: keep what context.state(descriptor) gives in open()");
}

/// The access of an unassigned handle: every call throws. It has no data, so all threads share one.
template <class T>
class NoAccess final : public ValueAccess<T> {
 public:
  static ValueAccess<T>* get() {
    static NoAccess instance;
    return &instance;
  }

 private:
  static constexpr uint64_t kNoChanges = 0;
  NoAccess() : ValueAccess<T>(&kNoChanges) {}
  const T* find_in_table() override { throw_unassigned_state(); }
  T* find_mutable_in_table() override { throw_unassigned_state(); }
  T& insert_into_table(T) override { throw_unassigned_state(); }
  void erase_from_table() override { throw_unassigned_state(); }
};

}  // namespace detail

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
    static const List nothing;
    const auto* box = access_->find();
    return box != nullptr ? box->read() : nothing;
  }
  void add(T value) { box().write().push_back(std::move(value)); }
  void add_all(const List& values) {
    if (values.empty()) return;
    List& list = box().write();
    list.insert(list.end(), values.begin(), values.end());
  }
  /// Replaces the list.
  void update(List values) {
    if (values.empty()) return clear();
    box() = detail::CowBox<List>(std::move(values));
  }
  void clear() { access_->erase(); }

  explicit ListState(Access* access) : access_(access) {}

 private:
  detail::CowBox<List>& box() {
    return access_->get_or_insert([] { return detail::CowBox<List>(); });
  }
  Access* access_ = detail::NoAccess<detail::CowBox<List>>::get();
};

/// A map for each key, ordered by the map's own keys. docs/formats/types.md defines when two keys
/// are the same.
template <class K, class V>
class MapState {
 public:
  using Map = std::map<K, V, detail::MapKeyOrder<K>>;
  using Access = detail::ValueAccess<detail::CowBox<Map>>;

  MapState() = default;

  /// Returns null if there is no value.
  const V* get(const K& key) const {
    const Map& map = entries();
    const auto it = map.find(key);
    return it == map.end() ? nullptr : &it->second;
  }
  bool contains(const K& key) const { return get(key) != nullptr; }
  /// Returns the map, which is empty if nothing was put. Valid like the references of a ValueState.
  const Map& entries() const {
    static const Map nothing;
    const auto* box = access_->find();
    return box != nullptr ? box->read() : nothing;
  }
  bool is_empty() const { return entries().empty(); }
  /// Inserts or replaces a value.
  void put(K key, V value) { box().write().insert_or_assign(std::move(key), std::move(value)); }
  /// Returns the value for changes in place; V{} if there was none.
  V& mutable_value(const K& key) { return box().write()[key]; }
  /// Removes a value if there is one.
  void remove(const K& key) {
    if (!contains(key)) return;
    Map& map = box().write();
    map.erase(key);
    if (map.empty()) access_->erase();
  }
  void clear() { access_->erase(); }

  explicit MapState(Access* access) : access_(access) {}

 private:
  detail::CowBox<Map>& box() {
    return access_->get_or_insert([] { return detail::CowBox<Map>(); });
  }
  Access* access_ = detail::NoAccess<detail::CowBox<Map>>::get();
};

}  // namespace weir
