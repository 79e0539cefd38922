#pragma once

// The state of the current key, as the handles of user functions see it (weir/state/state.h).
// Behind it are the tables of the heap (state_table.h) and states with a time to live
// (ttl_states.h).

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace weir::detail {

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

/// The list of the current key if its elements expire.
template <class T>
class TtlListAccess {
 public:
  virtual ~TtlListAccess() = default;
  virtual const std::vector<T>& get() = 0;
  virtual void add(const T* values, size_t count) = 0;
  virtual void update(const std::vector<T>& values) = 0;
  virtual void clear() = 0;
};

/// The map of the current key if its entries expire.
template <class K, class V>
class TtlMapAccess {
 public:
  using Entries = std::vector<std::pair<const K*, const V*>>;
  virtual ~TtlMapAccess() = default;
  virtual const V* get(const K& key) = 0;
  virtual void put(K key, V value) = 0;
  virtual V& mutable_value(const K& key) = 0;
  virtual void remove(const K& key) = 0;
  /// The visible entries, in the order of their keys.
  virtual Entries entries() = 0;
  virtual bool is_empty() = 0;
  virtual void clear() = 0;
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

}  // namespace weir::detail
