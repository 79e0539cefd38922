#pragma once

#include <bit>
#include <cstdint>

namespace weir {

/// A contiguous range of key groups, both ends included, as Flink writes it. Empty if last < first.
struct KeyGroupRange {
  int first = 0;
  int last = -1;

  int size() const { return last - first + 1; }
  bool contains(int group) const { return group >= first && group <= last; }
  bool operator==(const KeyGroupRange&) const = default;
};

/// Flink's MathUtils.murmurHash: the final mix of MurmurHash3 x86-32 over one 32-bit block, made
/// non-negative.
inline int32_t murmur_hash(int32_t code) {
  uint32_t h = static_cast<uint32_t>(code);
  h *= 0xCC9E2D51u;
  h = std::rotl(h, 15);
  h *= 0x1B873593u;
  h = std::rotl(h, 13);
  h = h * 5 + 0xE6546B64u;
  h ^= 4;
  h ^= h >> 16;
  h *= 0x85EBCA6Bu;
  h ^= h >> 13;
  h *= 0xC2B2AE35u;
  h ^= h >> 16;
  // The absolute value, and 0 for INT32_MIN. Without a branch, because it would be mispredicted
  // every second time.
  const auto sign = static_cast<uint32_t>(static_cast<int32_t>(h) >> 31);
  return static_cast<int32_t>(((h ^ sign) - sign) & 0x7FFFFFFFu);
}

/// Returns the key group of a key with this hash, like Flink's
/// KeyGroupRangeAssignment.assignToKeyGroup.
inline int key_group_of(int32_t key_hash, int max_parallelism) {
  const auto mixed = static_cast<uint32_t>(murmur_hash(key_hash));
  const auto m = static_cast<uint32_t>(max_parallelism);
  return static_cast<int>((m & (m - 1)) == 0 ? (mixed & (m - 1)) : (mixed % m));
}

/// Returns the subtask that owns a key group.
inline int subtask_of_key_group(int group, int parallelism, int max_parallelism) {
  return static_cast<int>(static_cast<int64_t>(group) * parallelism / max_parallelism);
}

/// Returns the key groups of one subtask.
inline KeyGroupRange key_groups_of_subtask(int subtask, int parallelism, int max_parallelism) {
  const int64_t m = max_parallelism;
  return {static_cast<int>((subtask * m + parallelism - 1) / parallelism),
          static_cast<int>(((subtask + 1) * m - 1) / parallelism)};
}

/// Flink's default: the next power of two from 1.5 * parallelism, between 128 and 32768.
int default_max_parallelism(int parallelism);

}  // namespace weir
