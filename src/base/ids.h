#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// 128 bits that name an operator or a job across versions, printed as 32 hex digits in byte order,
/// as Flink does.
struct Id128 {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Id128&) const = default;
  std::string to_hex() const;
  static StatusOr<Id128> from_hex(std::string_view hex);
  /// The 16 bytes as all formats store them. Valid as long as the id.
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// From 16 bytes. All zeros for any other length, which a BinaryReader that has failed returns.
  static Id128 from_raw(std::string_view raw);
};

/// MurmurHash3 x64 128, seed 0, the halves in little-endian byte order: Flink's id of a uid
/// ("word-counter" is 6b8045dea34a1e845b5d3f58ebf57018).
Id128 murmur3_128(std::string_view text);

using OperatorId = Id128;
using JobId = Id128;
using CheckpointId = int64_t;  ///< from 1 up; never used twice in one job directory
/// One run of a job between two failures: (epoch of the leader that began it << 32) | number under
/// that leader. It only grows. Every message carries it, so that late messages of an earlier
/// attempt are recognized.
using AttemptId = int64_t;
/// Attempts of a leader are numbered from its epoch, so attempts of a later leader have larger
/// numbers than all of an earlier one.
inline AttemptId first_attempt_of(int64_t epoch) { return epoch << 32; }
inline int64_t epoch_of(AttemptId attempt) { return attempt >> 32; }

}  // namespace weir
