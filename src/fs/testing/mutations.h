#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "platform/splitmix.h"

namespace weir {

/// Damaged copies of good inputs, for tests of code that reads foreign bytes: it must refuse or
/// read each of them, and never crash or take much memory. The copies are the same in each run.
/// $WEIR_FUZZ_RUNS makes so many of them, for a longer search.
class Mutations {
 public:
  explicit Mutations(std::vector<std::string> good, uint64_t runs = 10'000)
      : good_(std::move(good)), left_(runs) {
    if (const char* text = std::getenv("WEIR_FUZZ_RUNS")) left_ = std::strtoull(text, nullptr, 10);
  }

  /// False: there are no more.
  bool next(std::string* bytes) {
    if (left_ == 0) return false;
    --left_;
    *bytes = good_[below(good_.size())];
    for (uint64_t damage = below(4); damage > 0; --damage) harm(bytes);
    return true;
  }

 private:
  uint64_t below(uint64_t limit) {
    return limit == 0 ? 0 : splitmix_output(state_ += kSplitmixGamma) % limit;
  }

  void harm(std::string* bytes) {
    static constexpr unsigned char kEdges[] = {0, 1, 0x7F, 0x80, 0xFF, '<', '"', '{', '%', '\n'};
    // Mostly near the front, where headers and lengths are.
    const size_t front = below(2) == 0 ? std::min<size_t>(bytes->size(), 40) : bytes->size();
    const size_t at = below(front + 1),
                 length = below(std::min<size_t>(bytes->size() - at, 16) + 1);
    const std::string& other = good_[below(good_.size())];
    switch (below(7)) {
      case 0: bytes->resize(at); break;
      case 1: bytes->erase(at, length); break;
      case 2: bytes->insert(at, bytes->substr(at, length)); break;
      case 3: bytes->insert(at, other, below(other.size() + 1), length); break;
      case 4:
        bytes->insert(at, 1 + below(8), static_cast<char>(kEdges[below(sizeof kEdges)]));
        break;
      case 5: replace(bytes, at, kEdges[below(sizeof kEdges)]); break;
      default: replace(bytes, at, static_cast<unsigned char>(below(256))); break;
    }
  }
  static void replace(std::string* bytes, size_t at, unsigned char byte) {
    if (at < bytes->size()) (*bytes)[at] = static_cast<char>(byte);
  }

  const std::vector<std::string> good_;
  uint64_t left_;
  uint64_t state_ = 1;
};

}  // namespace weir
