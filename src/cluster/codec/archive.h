#pragma once

// The encoder and the decoder of messages. A struct lists its fields once, for both directions, in
// a function fields(archive, struct) with a line `a | struct.field` for each.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cluster/messages.h"
#include "weir/types/bytes.h"

namespace weir::codec {

class Encoder {
 public:
  static constexpr bool kReads = false;
  BinaryWriter out;
  bool ok() const { return true; }

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void operator()(T& value) {
    out.put_i64(static_cast<int64_t>(value));
  }
  void operator()(std::string& text) { out.put_bytes(text); }
  void operator()(double& value) { out.put_i64(std::bit_cast<int64_t>(value)); }
  size_t count(size_t n, size_t) {
    out.put_count(n);
    return n;
  }
};

class Decoder {
 public:
  static constexpr bool kReads = true;
  explicit Decoder(std::string_view bytes) : in(bytes) {}
  BinaryReader in;
  int type_depth = 0;
  bool in_layers = false;
  bool ok() const { return in.ok(); }

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void operator()(T& value) {
    const int64_t read = in.get_i64();
    if constexpr (std::is_same_v<T, bool>) {
      if (read != 0 && read != 1) in.fail("a truth value that is neither 0 nor 1");
      value = read == 1;
    } else if constexpr (std::is_integral_v<T> && sizeof(T) < 8) {
      if (read < std::numeric_limits<T>::min() ||
          read > static_cast<int64_t>(std::numeric_limits<T>::max()))
        in.fail("a number out of range");
      value = static_cast<T>(read);
    } else {
      value = static_cast<T>(read);
    }
  }
  void operator()(std::string& text) { text = in.get_bytes(); }
  void operator()(double& value) { value = std::bit_cast<double>(in.get_i64()); }
  size_t count(size_t, size_t min_element_bytes) { return in.get_count(min_element_bytes); }
};

// Every value takes at least four bytes. Empty structs take less, but there are no lists of them.
inline constexpr size_t kMin = 4;

template <class Archive, class T>
void operator|(Archive& archive, T& value);

/// The placement of thousands of shards is a long list of these.
template <class Archive>
void value(Archive& a, std::vector<int32_t>& list) {
  const size_t n = a.count(list.size(), sizeof(int32_t));
  if constexpr (Archive::kReads) list.assign(n, 0);
  for (int32_t& each : list) {
    if constexpr (Archive::kReads) {
      each = a.in.get_i32();
    } else {
      a.out.put_i32(each);
    }
  }
}
template <class Archive, class T>
void value(Archive& a, std::vector<T>& list) {
  const size_t n = a.count(list.size(), kMin);
  if constexpr (Archive::kReads) list.clear();
  for (size_t i = 0; i < n && a.ok(); ++i) {
    if constexpr (Archive::kReads) list.emplace_back();
    a | list[i];
  }
}
template <class Archive, class T>
void value(Archive& a, std::map<std::string, T>& map) {
  const size_t n = a.count(map.size(), kMin);
  if constexpr (Archive::kReads) {
    for (size_t i = 0; i < n && a.ok(); ++i) {
      std::string key;
      a | key;
      a | map[key];
    }
  } else {
    for (auto& [key, mapped] : map) {
      a(const_cast<std::string&>(key));
      a | mapped;
    }
  }
}
template <class Archive, class T>
void value(Archive& a, std::optional<T>& optional) {
  bool present = optional.has_value();
  a(present);
  if (!present || !a.ok()) return;
  if constexpr (Archive::kReads) optional.emplace();
  a | *optional;
}
template <class Archive, class T>
void value(Archive& a, std::shared_ptr<const T>& shared) {
  bool present = shared != nullptr;
  a(present);
  if (!present || !a.ok()) return;
  if constexpr (Archive::kReads) {
    auto made = std::make_shared<T>();
    a | *made;
    shared = std::move(made);
  } else {
    a | const_cast<T&>(*shared);
  }
}
template <class Archive, class T>
void value(Archive& a, Shared<T>& shared) {
  if constexpr (Archive::kReads) {
    T read;
    a | read;
    shared = Shared<T>(std::move(read));
  } else {
    std::string& encoded = shared.encoded();
    if (encoded.empty()) {
      Encoder once;
      once | const_cast<T&>(*shared);
      encoded = once.out.take();
    }
    a.out.put_raw(encoded);
  }
}
template <class Archive, class... T>
void value(Archive& a, std::variant<T...>& variant) {
  size_t index = variant.index();
  a(index);
  if constexpr (Archive::kReads) {
    size_t i = 0;
    const bool known = ((i++ == index ? (variant = T(), true) : false) || ...);
    if (!known || !a.ok()) {
      a.in.fail("an unknown alternative");
      return;
    }
  }
  std::visit([&](auto& alternative) { a | alternative; }, variant);
}

template <class Archive, class T>
void operator|(Archive& archive, T& v) {
  if constexpr (std::is_integral_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
                std::is_same_v<T, double>) {
    archive(v);
  } else if constexpr (requires { value(archive, v); }) {
    value(archive, v);
  } else {
    fields(archive, v);
  }
}

}  // namespace weir::codec
