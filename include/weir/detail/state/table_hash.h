#pragma once

// The place of a key in a table. It combines the key group with a 64-bit hash, whose seed is fixed,
// so that the order of a table is the same in every run.

#include <cstdint>
#include <cstring>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "weir/detail/base/check.h"
#include "weir/detail/types/same_key.h"
#include "weir/operator/key_groups.h"
#include "weir/types/serializer.h"

namespace weir::detail {

inline uint64_t multiply_high(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((static_cast<Wide>(a) * b) >> 64);
}

/// Both halves of the 128-bit product, combined.
inline uint64_t multiply_fold(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline constexpr uint64_t kMix0 =
    0x9E3779B97F4A7C15u;  // odd, half of the bits set: 2^64 / golden ratio
inline constexpr uint64_t kMix1 = 0xD6E8FEB86659FD93u;
inline constexpr uint64_t kMix2 = 0xA0761D6478BD642Fu;

inline uint64_t mix_word(uint64_t word) { return multiply_fold(word ^ kMix1, kMix0); }
inline uint64_t mix_pair(uint64_t a, uint64_t b) { return multiply_fold(a ^ kMix1, b ^ kMix2); }

inline uint64_t load_word(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}
inline uint64_t load_half_word(const char* p) {
  uint32_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// Processes 16 bytes per step, each with one multiplication (the construction of wyhash).
inline uint64_t hash_bytes(std::string_view bytes) {
  const char* p = bytes.data();
  size_t n = bytes.size();
  uint64_t hash = kMix0 ^ n;
  for (; n > 16; n -= 16, p += 16)
    hash = multiply_fold(load_word(p) ^ kMix1 ^ hash, load_word(p + 8) ^ kMix2);
  uint64_t a = 0;
  uint64_t b = 0;
  if (n >= 8) {
    a = load_word(p);
    b = load_word(p + n - 8);
  } else if (n >= 4) {
    a = load_half_word(p);
    b = load_half_word(p + n - 4);
  } else if (n > 0) {
    a = static_cast<uint64_t>(static_cast<uint8_t>(p[0])) << 16 |
        static_cast<uint64_t>(static_cast<uint8_t>(p[n / 2])) << 8 | static_cast<uint8_t>(p[n - 1]);
  }
  return mix_word(multiply_fold(a ^ kMix1 ^ hash, b ^ kMix2));
}

template <class K>
uint64_t table_hash(const K& key) {
  if constexpr (std::is_integral_v<K> || std::is_enum_v<K>) {
    return mix_word(static_cast<uint64_t>(key));
  } else if constexpr (std::is_floating_point_v<K>) {
    return mix_word(float_bits(key));
  } else if constexpr (std::is_convertible_v<const K&, std::string_view>) {
    return hash_bytes(std::string_view(key));
  } else if constexpr (kIsDuration<K>) {
    return table_hash(key.count());
  } else if constexpr (kIsTimePoint<K>) {
    return table_hash(key.time_since_epoch().count());
  } else if constexpr (kIsTuple<K>) {
    return std::apply(
        [](const auto&... part) {
          uint64_t hash = kMix0;
          ((hash = mix_pair(hash, table_hash(part))), ...);
          return hash;
        },
        key);
  } else if constexpr (HasFields<K>) {
    return table_hash(fields_of(key));
  } else {
    return mix_word(static_cast<uint32_t>(Serializer<K>::hash(key)));
  }
}

/// Whether hashing a key again costs less than storing its hash.
template <class K>
inline constexpr bool kCheapHash =
    std::is_arithmetic_v<K> || std::is_enum_v<K> || kIsDuration<K> || kIsTimePoint<K>;

/// Maps the key groups of one subtask to the 64-bit numbers: each group gets an equal range, in
/// order. A key's position within the range of its group comes from its table hash. So one table
/// holds all groups, and each can be read separately.
class PlaceSpace {
 public:
  PlaceSpace() = default;
  PlaceSpace(KeyGroupRange range, int max_parallelism)
      : range_(range),
        max_parallelism_(max_parallelism),
        groups_(static_cast<uint32_t>(range.size())) {
    WEIR_CHECK_LT(0, range.size());
    width_ = groups_ == 1 ? UINT64_MAX : (UINT64_MAX / groups_);
  }

  KeyGroupRange range() const { return range_; }
  int max_parallelism() const { return max_parallelism_; }

  /// `key_hash` is Serializer<K>::hash of the key. `hash` also distinguishes several entries of one
  /// key.
  uint64_t place(int32_t key_hash, uint64_t hash) const {
    const auto index =
        static_cast<uint32_t>(key_group_of(key_hash, max_parallelism_) - range_.first);
    if (__builtin_expect(index >= groups_, 0)) wrong_group(index);
    return index * width_ + multiply_high(hash, width_);
  }
  /// The same for a key that is known to be in this group.
  uint64_t place_in_group(int group, uint64_t hash) const {
    return first_place(group) + multiply_high(hash, width_);
  }
  int group_of(uint64_t place) const { return range_.first + static_cast<int>(index_of(place)); }
  uint64_t places_of_group() const { return width_; }
  uint64_t first_place(int group) const {
    return static_cast<uint64_t>(group - range_.first) * width_;
  }
  uint64_t last_place(int group) const { return first_place(group) + (width_ - 1); }

 private:
  uint64_t index_of(uint64_t place) const {
    const uint64_t index = place / width_;
    return index < groups_ ? index : groups_ - 1;
  }
  [[noreturn]] __attribute__((noinline, cold)) void wrong_group(uint32_t index) const {
    WEIR_CHECK_LT(index, groups_);
    __builtin_unreachable();
  }

  KeyGroupRange range_{0, 0};
  int max_parallelism_ = 1;
  uint32_t groups_ = 1;
  uint64_t width_ = UINT64_MAX;
};

}  // namespace weir::detail
