#pragma once

// Convert a value of each kind of state to the entries of a snapshot and back. `write_key` writes
// key and namespace to a BinaryWriter. `keep` selects elements.

#include <string>
#include <utility>
#include <vector>

#include "weir/detail/base/cow_box.h"
#include "weir/detail/state/cow_map.h"
#include "weir/detail/state/ttl.h"
#include "weir/detail/types/canonical.h"
#include "weir/detail/types/same_key.h"
#include "weir/state/keyed_state.h"
#include "weir/types/types.h"

namespace weir::detail {

template <class T, KeyedStateInfo::Kind kKindOfState = KeyedStateInfo::Kind::kValue>
struct ValueEntries {
  static constexpr auto kKind = kKindOfState;
  static TypeDescription describe() { return Serializer<T>::describe(); }
  template <class WriteKey, class Keep = KeepAll>
  static void write(CanonicalGroupWriter& out, const T& value, WriteKey&& write_key,
                    Keep keep = {}) {
    if (!keep(value)) return;
    write_key(out.begin_key());
    Serializer<T>::write(out.begin_value(), value);
    out.end_entry();
  }
  static void read(BinaryReader&, BinaryReader& value, T& into,
                   const StoredElements& stored = {kHasTtl<T>}) {
    stored.read(value, into);
  }
};

/// The elements, separated by the byte of a comma.
template <class T>
struct ListEntries {
  static constexpr auto kKind = KeyedStateInfo::Kind::kList;
  static constexpr uint8_t kDelimiter = 0x2C;
  using Box = CowBox<std::vector<T>>;
  static TypeDescription describe() { return Serializer<T>::describe(); }
  template <class WriteKey, class Keep = KeepAll>
  static void write(CanonicalGroupWriter& out, const Box& box, WriteKey&& write_key,
                    Keep keep = {}) {
    BinaryWriter* value = nullptr;
    for (const T& element : box.read()) {
      if (!keep(element)) continue;
      if (value == nullptr) {
        write_key(out.begin_key());
        value = &out.begin_value();
      } else {
        if (!out.fits()) break;
        value->put_u8(kDelimiter);
      }
      Serializer<T>::write(*value, element);
    }
    if (value != nullptr) out.end_entry();
  }
  static void read(BinaryReader&, BinaryReader& value, Box& into,
                   const StoredElements& stored = {kHasTtl<T>}) {
    std::vector<T>& list = into.write();
    while (value.ok() && value.remaining() > 0) {
      if (!list.empty() && value.get_u8() != kDelimiter)
        return value.fail("no delimiter between the elements of a list");
      T element{};
      stored.read(value, element);
      if (value.ok()) list.push_back(std::move(element));
    }
  }
};

/// An entry for each key of the map.
template <class K, class V>
struct MapEntries {
  static constexpr auto kKind = KeyedStateInfo::Kind::kMap;
  using Map = CowMap<K, V, MapKeyOrder<K>>;
  static TypeDescription describe() {
    TypeDescription type;
    type.kind = TypeKind::kMap;
    type.children = {Serializer<K>::describe(), Serializer<V>::describe()};
    return type;
  }
  template <class WriteKey, class Keep = KeepAll>
  static void write(CanonicalGroupWriter& out, const Map& map, WriteKey&& write_key,
                    Keep keep = {}) {
    out.begin_map();
    map.for_each([&](const K& user_key, const V& user_value) {
      if (!out.accepts_more()) return false;
      if (!keep(user_value)) return true;
      BinaryWriter& key = out.begin_key();
      write_key(key);
      Serializer<K>::write(key, user_key);
      BinaryWriter& value = out.begin_value();
      value.put_bool(false);
      Serializer<V>::write(value, user_value);
      out.end_entry();
      return true;
    });
    out.end_map();
  }
  static void read(BinaryReader& key, BinaryReader& value, Map& into,
                   const StoredElements& stored = {kHasTtl<V>}) {
    K user_key{};
    Serializer<K>::read(key, user_key);
    if (value.get_bool()) return value.fail("a map's value is null, which only Flink knows");
    V user_value{};
    stored.read(value, user_value);
    if (key.ok() && value.ok())
      into.find_or_insert(std::move(user_key), [] { return V{}; }) = std::move(user_value);
  }
};

}  // namespace weir::detail
