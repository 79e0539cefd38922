#pragma once

// Keyed state by the type of its key, for operators and user functions.

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "weir/detail/state/cow_table.h"
#include "weir/detail/state/keyed_states.h"
#include "weir/state/state.h"
#include "weir/types/types.h"

namespace weir::detail {

template <class K>
struct KeyPlacer {
  PlaceSpace places;
  uint64_t operator()(const K& key) const {
    return places.place(Serializer<K>::hash(key), table_hash(key));
  }
};

/// The current key. `changes` counts its changes. Aligned to stay within one cache line: a store
/// across two lines delays the next load, which costs a process function 9 ns a record.
template <class K>
struct alignas(32) CurrentKey {
  const K* key = nullptr;
  uint64_t place = 0;
  uint64_t changes = 0;

  void set(const K& new_key, uint64_t new_place) {
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

inline TypeDescription void_name_space() { return TypeDescription{}; }

// Convert a value of each kind of state to entries. `write_key(BinaryWriter&)` writes key and
// namespace.

template <class T>
struct ValueEntries {
  static constexpr auto kKind = KeyedStateInfo::Kind::kValue;
  static TypeDescription describe() { return Serializer<T>::describe(); }
  template <class WriteKey>
  static void write(CanonicalGroupWriter& out, const T& value, WriteKey&& write_key) {
    write_key(out.begin_key());
    Serializer<T>::write(out.begin_value(), value);
    out.end_entry();
  }
  static void read(BinaryReader&, BinaryReader& value, T& into) {
    Serializer<T>::read(value, into);
  }
};

/// The elements, separated by the byte of a comma.
template <class T>
struct ListEntries {
  static constexpr auto kKind = KeyedStateInfo::Kind::kList;
  static constexpr uint8_t kDelimiter = 0x2C;
  using Box = CowBox<std::vector<T>>;
  static TypeDescription describe() { return Serializer<T>::describe(); }
  template <class WriteKey>
  static void write(CanonicalGroupWriter& out, const Box& box, WriteKey&& write_key) {
    if (box.read().empty()) return;
    write_key(out.begin_key());
    BinaryWriter& value = out.begin_value();
    bool first = true;
    for (const T& element : box.read()) {
      if (!out.fits()) break;
      if (!std::exchange(first, false)) value.put_u8(kDelimiter);
      Serializer<T>::write(value, element);
    }
    out.end_entry();
  }
  static void read(BinaryReader&, BinaryReader& value, Box& into) {
    std::vector<T>& list = into.write();
    while (value.ok() && value.remaining() > 0) {
      if (!list.empty() && value.get_u8() != kDelimiter)
        return value.fail("no delimiter between the elements of a list");
      T element{};
      Serializer<T>::read(value, element);
      if (value.ok()) list.push_back(std::move(element));
    }
  }
};

/// An entry for each key of the map.
template <class K, class V>
struct MapEntries {
  static constexpr auto kKind = KeyedStateInfo::Kind::kMap;
  using Box = CowBox<typename MapState<K, V>::Map>;
  static TypeDescription describe() {
    TypeDescription type;
    type.kind = TypeKind::kMap;
    type.children = {Serializer<K>::describe(), Serializer<V>::describe()};
    return type;
  }
  template <class WriteKey>
  static void write(CanonicalGroupWriter& out, const Box& box, WriteKey&& write_key) {
    out.begin_map();
    for (const auto& [user_key, user_value] : box.read()) {
      if (!out.accepts_more()) return;
      BinaryWriter& key = out.begin_key();
      write_key(key);
      Serializer<K>::write(key, user_key);
      BinaryWriter& value = out.begin_value();
      value.put_bool(false);
      Serializer<V>::write(value, user_value);
      out.end_entry();
    }
    out.end_map();
  }
  static void read(BinaryReader& key, BinaryReader& value, Box& into) {
    K user_key{};
    Serializer<K>::read(key, user_key);
    if (value.get_bool()) return value.fail("a map's value is null, which only Flink knows");
    V user_value{};
    Serializer<V>::read(value, user_value);
    if (key.ok() && value.ok())
      into.write().insert_or_assign(std::move(user_key), std::move(user_value));
  }
};

/// A state without a namespace, as a table by key.
template <class K, class T, class Entries>
class TableState final : public ValueAccess<T>, public NamedState {
 public:
  using Table = CowTable<K, T, KeyPlacer<K>>;

  TableState(std::string name, SnapshotTracker& tracker, const CurrentKey<K>& current,
             std::optional<T> default_value = {})
      : ValueAccess<T>(&current.changes),
        name_(std::move(name)),
        current_(current),
        default_value_(std::move(default_value)),
        tracker_(tracker),
        table_(std::make_shared<Table>(tracker, KeyPlacer<K>{tracker.places()})) {}

  Table& table() { return *table_; }
  const T* default_value() const { return default_value_ ? &*default_value_ : nullptr; }

  KeyedStateInfo info() const override {
    return {Entries::kKind, name_, void_name_space(), Entries::describe()};
  }
  std::unique_ptr<StateView> freeze() override {
    return std::make_unique<View>(table_, tracker_.places());
  }
  void begin_group() override { table_->begin_group(tracker_.places().places_of_group()); }
  void end_group() override { table_->end_group(); }
  bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) override {
    K k{};
    Serializer<K>::read(key, k);
    key.get_u8();  // VoidNamespace
    const PlaceSpace& places = tracker_.places();
    if (!key.ok() || key_group_of(Serializer<K>::hash(k), places.max_parallelism()) != key_group)
      return false;
    Entries::read(key, value, table_->restore(places.place_in_group(key_group, table_hash(k)), k));
    return true;
  }
  void prefetch(const uint64_t* places, size_t count) override {
    for (size_t i = 0; i < count; ++i) table_->prefetch(places[i]);
  }

 private:
  class View final : public StateView {
   public:
    View(const std::shared_ptr<Table>& table, PlaceSpace places)
        : view_(table, table->freeze(), places) {}
    void write_group(int key_group, CanonicalGroupWriter& out) const override {
      view_.for_each_of_group(key_group, [&](const K& key, const T& value) {
        if (!out.accepts_more()) return;
        Entries::write(out, value, [&](BinaryWriter& bytes) {
          Serializer<K>::write(bytes, key);
          bytes.put_u8(0);  // VoidNamespace
        });
      });
    }

   private:
    typename Table::View view_;
  };

  const T* find_in_table() override { return table_->find(current_.place, key()); }
  T* find_mutable_in_table() override { return table_->find_mutable(current_.place, key()); }
  T& insert_into_table(T value) override {
    return table_->find_or_insert(current_.place, key(), [&] { return std::move(value); }).value;
  }
  void erase_from_table() override { table_->erase(current_.place, key()); }
  const K& key() const {
    if (current_.key == nullptr) throw_no_current_key(name_);
    return *current_.key;
  }

  const std::string name_;
  const CurrentKey<K>& current_;
  const std::optional<T> default_value_;
  SnapshotTracker& tracker_;
  const std::shared_ptr<Table> table_;
};

/// All keyed state of one operator in one subtask. Thread: the operator's.
template <class K>
class KeyedBackend final : public KeyedStates {
 public:
  KeyedBackend(std::string label, KeyGroupRange range, int max_parallelism)
      : KeyedStates(std::move(label), Serializer<K>::describe(),
                    PlaceSpace(range, max_parallelism)) {
    require_key<K>();
  }

  explicit KeyedBackend(OperatorContext& context)
      : KeyedBackend(context.operator_name(), context.key_groups(), context.max_parallelism()) {
    attach(context);
  }

  /// `key` must stay valid and in place until the next call.
  void set_current_key(const K& key, uint64_t place) { current_.set(key, place); }
  /// From now until the next set_current_key(), an access to a state throws.
  void clear_current_key() { current_.clear(); }
  const CurrentKey<K>& current() const { return current_; }

  /// Declares a state, or returns the existing one with the same name and type. Throws
  /// std::invalid_argument if another state has that name.
  template <class T, class Entries>
  TableState<K, T, Entries>& table_state(const std::string& name,
                                         std::optional<T> default_value = {}) {
    using State = TableState<K, T, Entries>;
    if (NamedState* known = find(name)) {
      auto* same = dynamic_cast<State*>(known);
      if (same == nullptr)
        throw std::invalid_argument("state '" + name + "' is declared twice, with different types");
      return *same;
    }
    auto state = std::make_unique<State>(name, tracker(), current_, std::move(default_value));
    State& added = *state;
    add(std::move(state));
    return added;
  }
  template <class T>
  ValueState<T> state(const ValueStateDescriptor<T>& descriptor) {
    require_serializable<T>();
    auto& table = table_state<T, ValueEntries<T>>(descriptor.name, descriptor.default_value);
    return ValueState<T>(&table, table.default_value());
  }
  template <class T>
  ListState<T> state(const ListStateDescriptor<T>& descriptor) {
    require_serializable<T>();
    return ListState<T>(&table_state<CowBox<std::vector<T>>, ListEntries<T>>(descriptor.name));
  }
  template <class UserKey, class V>
  MapState<UserKey, V> state(const MapStateDescriptor<UserKey, V>& descriptor) {
    require_serializable<UserKey>();
    require_serializable<V>();
    return MapState<UserKey, V>(
        &table_state<typename MapEntries<UserKey, V>::Box, MapEntries<UserKey, V>>(
            descriptor.name));
  }

  /// Calls `f(key, state)` for each key that has a value in a declared state; meanwhile it is the
  /// current key. Throws std::invalid_argument if the state was not declared.
  template <class Descriptor, class F>
  void for_each_key(const Descriptor& descriptor, F&& f) {
    if (find(descriptor.name) == nullptr) {
      throw std::invalid_argument("state '" + descriptor.name +
                                  "' is used for all keys but not declared: declare it in open()");
    }
    auto state = this->state(descriptor);
    for (const K& key : keys_of(descriptor)) {
      set_current_key(key, places().place(Serializer<K>::hash(key), table_hash(key)));
      f(key, state);
    }
    clear_current_key();
  }

 private:
  template <class T>
  std::vector<K> keys_of(const ValueStateDescriptor<T>& descriptor) {
    return keys_in(table_state<T, ValueEntries<T>>(descriptor.name).table());
  }
  template <class T>
  std::vector<K> keys_of(const ListStateDescriptor<T>& descriptor) {
    using Box = CowBox<std::vector<T>>;
    return keys_in(table_state<Box, ListEntries<T>>(descriptor.name).table());
  }
  template <class UserKey, class V>
  std::vector<K> keys_of(const MapStateDescriptor<UserKey, V>& descriptor) {
    using Entries = MapEntries<UserKey, V>;
    return keys_in(table_state<typename Entries::Box, Entries>(descriptor.name).table());
  }
  /// A copy, because the callback may change the table.
  template <class Table>
  static std::vector<K> keys_in(Table& table) {
    std::vector<K> keys;
    table.for_each([&](const K& key, const auto&) { keys.push_back(key); });
    return keys;
  }

  void forget_current_key() override { ++current_.changes; }

  CurrentKey<K> current_;
};

}  // namespace weir::detail
