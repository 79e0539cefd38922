#pragma once

// Makes the RecordCodec of a record type, where the type is known.

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include "weir/detail/types/record_codec.h"
#include "weir/types/types.h"

namespace weir::detail {

template <class T>
struct Wire;

/// Structs that list their fields, and tuples. Serializer<T> writes them with a TieSerializer.
template <class>
struct FieldsOf {
  static constexpr bool kListed = false;
};
template <class... F>
struct FieldsOf<TieSerializer<std::tuple<F...>>> {
  static constexpr bool kListed = sizeof...(F) > 0;  // every value takes at least one byte
  static constexpr bool kSerializable = (Wire<std::remove_cvref_t<F>>::kSerializable && ...);
  /// 0 unless every field has a fixed width.
  static constexpr size_t kFixedBytes = ((Wire<std::remove_cvref_t<F>>::kFixedBytes > 0) && ...)
                                            ? (Wire<std::remove_cvref_t<F>>::kFixedBytes + ... + 0)
                                            : 0;
};
template <class T>
auto fields_type() {
  if constexpr (requires { typename Serializer<T>::Fields; }) {
    return FieldsOf<typename Serializer<T>::Fields>();
  } else {
    return FieldsOf<void>();
  }
}

/// The encoding of a value between processes of the same build. It is that of Serializer<T>, except
/// where that would be slow: numbers are little-endian, values of a fixed width are written without
/// checks of the buffer's end, and strings are plain bytes.
template <class T>
struct Wire {
  using Fields = decltype(fields_type<T>());
  static constexpr bool kNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;
  static constexpr bool kString = std::is_same_v<T, std::string>;

  static constexpr bool serializable() {
    if constexpr (!Serializable<T> || !std::is_default_constructible_v<T>) {
      return false;
    } else if constexpr (Fields::kListed) {
      return Fields::kSerializable;
    } else {
      return true;
    }
  }
  static constexpr size_t fixed_bytes() {
    if constexpr (!Serializable<T>) {
      return 0;
    } else if constexpr (kNumber) {
      return sizeof(T);
    } else if constexpr (Fields::kListed) {
      return Fields::kFixedBytes;
    } else {
      return 0;
    }
  }
  static constexpr bool kSerializable = serializable();
  static constexpr size_t kFixedBytes = fixed_bytes();

  /// Only for types of fixed size: writes the value to `to` and returns the end of the bytes.
  static char* put(char* to, const T& value) {
    if constexpr (kNumber) {
      std::memcpy(to, &value, sizeof value);
      if constexpr (std::endian::native == std::endian::big) std::reverse(to, to + sizeof value);
      return to + sizeof value;
    } else {
      std::apply(
          [&](const auto&... f) {
            ((to = Wire<std::remove_cvref_t<decltype(f)>>::put(to, f)), ...);
          },
          tie(value));
      return to;
    }
  }
  static const char* get(const char* from, T& value) {
    if constexpr (std::is_same_v<T, bool>) {  // any byte is valid
      value = *from != 0;
      return from + 1;
    } else if constexpr (kNumber) {
      char bytes[sizeof value];
      std::memcpy(bytes, from, sizeof value);
      if constexpr (std::endian::native == std::endian::big)
        std::reverse(bytes, bytes + sizeof value);
      std::memcpy(static_cast<void*>(&value), bytes, sizeof value);
      return from + sizeof value;
    } else {
      std::apply(
          [&](auto&... f) { ((from = Wire<std::remove_cvref_t<decltype(f)>>::get(from, f)), ...); },
          tie(value));
      return from;
    }
  }

  static void write(BinaryWriter& out, const T& value) {
    if constexpr (kFixedBytes > 0) {
      put(out.grow(kFixedBytes), value);
    } else if constexpr (kString) {
      out.put_bytes(value);
    } else if constexpr (Fields::kListed) {
      std::apply(
          [&](const auto&... f) { (Wire<std::remove_cvref_t<decltype(f)>>::write(out, f), ...); },
          tie(value));
    } else {
      Serializer<T>::write(out, value);
    }
  }
  static void read(BinaryReader& in, T& value) {
    if constexpr (kFixedBytes > 0) {
      const std::string_view bytes = in.get_raw(kFixedBytes);
      if (in.ok()) get(bytes.data(), value);
    } else if constexpr (kString) {
      value = in.get_bytes();
    } else if constexpr (Fields::kListed) {
      std::apply([&](auto&... f) { (Wire<std::remove_cvref_t<decltype(f)>>::read(in, f), ...); },
                 tie(value));
    } else {
      Serializer<T>::read(in, value);
    }
  }

  template <class V>
  static decltype(auto) tie(V& value) {
    if constexpr (FieldsInside<T>) {
      return value.weir_tie();
    } else if constexpr (FieldsOutside<T>) {
      return weir_tie(value);
    } else {
      return (value);  // a tuple or a pair
    }
  }
};

/// The memory that a value takes, as far as it can be seen without serializing it: all of numbers,
/// strings, listed fields and containers of them.
template <class T>
struct MemoryOf {
  static size_t at_least(const T& value) {
    if constexpr (Wire<T>::kFixedBytes > 0) {
      return Wire<T>::kFixedBytes;
    } else if constexpr (Wire<T>::kString) {
      return value.size();
    } else if constexpr (Wire<T>::Fields::kListed) {
      return std::apply(
          [](const auto&... f) {
            return (size_t{0} + ... + MemoryOf<std::remove_cvref_t<decltype(f)>>::at_least(f));
          },
          Wire<T>::tie(value));
    } else if constexpr (requires { value.has_value(), *value; }) {
      return value.has_value() ? of(*value) : 0;
    } else if constexpr (requires { value.valueless_by_exception(); }) {
      return std::visit([](const auto& v) { return of(v); }, value);
    } else if constexpr (requires { value.size(), value.begin(), value.end(); }) {
      return of_all(value);
    } else {
      return sizeof(T);
    }
  }

 private:
  template <class V>
  static size_t of(const V& value) {
    return MemoryOf<V>::at_least(value);
  }
  static size_t of_all(const T& values) {
    using Element = std::remove_cvref_t<decltype(*values.begin())>;
    if constexpr (Wire<Element>::kFixedBytes > 0) return values.size() * Wire<Element>::kFixedBytes;
    size_t sum = 0;
    for (const auto& value : values) sum += MemoryOf<Element>::at_least(value);
    return sum;
  }
};

template <class T>
class RecordCodecOf final : public RecordCodec {
 public:
  TypeDescription type() const override { return Serializer<T>::describe(); }
  std::unique_ptr<Batch> make() const override { return std::make_unique<BatchOf<T>>(); }
  size_t record_bytes(const Batch& batch, size_t i) const override {
    if constexpr (kFixedBytes > 0) return kFixedBytes;
    BinaryWriter out;
    Wire<T>::write(out, static_cast<const BatchOf<T>&>(batch).records[i]);
    return out.size();
  }
  size_t find_larger(const Batch& batch, size_t bytes) const override {
    const auto& records = static_cast<const BatchOf<T>&>(batch).records;
    if constexpr (kFixedBytes > 0) return kFixedBytes > bytes ? 0 : records.size();
    for (size_t i = 0; i < records.size(); ++i) {
      const T& record = records[i];
      if (MemoryOf<T>::at_least(record) > bytes / 4 && record_bytes(batch, i) > bytes) return i;
    }
    return records.size();
  }

 private:
  static constexpr size_t kFixedBytes = Wire<T>::kFixedBytes;

  void encode_records(const Batch& batch, BinaryWriter& out) const override {
    const auto& records = static_cast<const BatchOf<T>&>(batch).records;
    if constexpr (kFixedBytes > 0) {
      char* to = out.grow(records.size() * kFixedBytes);
      for (const auto& record : records) to = Wire<T>::put(to, record);
    } else {
      for (const auto& record : records) Wire<T>::write(out, record);
    }
  }
  void decode_records(BinaryReader& in, size_t count, Batch& batch) const override {
    auto& records = static_cast<BatchOf<T>&>(batch).records;
    if constexpr (kFixedBytes > 0) {
      // The order matters: a count whose product overflows exceeds the remaining bytes.
      if (count > in.remaining() / kFixedBytes || in.remaining() != count * kFixedBytes)
        return in.fail("another number of bytes than its records take");
      const char* from = in.get_raw(count * kFixedBytes).data();
      records.resize(count);
      for (auto& stored : records) {
        if constexpr (std::is_same_v<T, bool>) {
          from = Wire<T>::get(from, stored.value);
        } else {
          from = Wire<T>::get(from, stored);
        }
      }
    } else {
      for (size_t i = 0; i < count && in.ok(); ++i) Wire<T>::read(in, records.emplace_back());
    }
  }
};

/// Returns null if weir cannot serialize T.
template <class T>
std::shared_ptr<const RecordCodec> record_codec() {
  if constexpr (Wire<T>::kSerializable) {
    return std::make_shared<const RecordCodecOf<T>>();
  } else {
    return nullptr;
  }
}

}  // namespace weir::detail
