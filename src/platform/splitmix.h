#pragma once

#include <cstdint>

namespace weir {

/// The increment of splitmix64's state for each number.
inline constexpr uint64_t kSplitmixGamma = 0x9e3779b97f4a7c15;

/// The output function of splitmix64 (Steele, Lea, Flood 2014): a bijection that spreads every bit
/// of `state` over the result.
constexpr uint64_t splitmix_output(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

}  // namespace weir
