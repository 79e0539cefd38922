#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weir/detail/table_view.h"

namespace weir::detail {

/// Pages and chunks of a table that were replaced while a snapshot might see them, until none can.
/// Thread: the operator's.
class RetiredWords {
 public:
  static constexpr int8_t kPage = -1;
  struct Word {
    uintptr_t word;
    int64_t epoch;      ///< of the last snapshot that may see it
    int8_t chunk_bits;  ///< log2 of a chunk's entries, or kPage
  };

  void add_page(uintptr_t entry, int64_t epoch) { words_.push_back({entry, epoch, kPage}); }
  void add_chunk(uintptr_t slot, int bits, int64_t epoch) { words_.push_back({slot, epoch, static_cast<int8_t>(bits)}); }
  bool empty() const { return words_.empty(); }

  /// Takes out up to `limit` words that were replaced before `oldest_epoch`, oldest first, and calls free(const Word&) for each. True if
  /// there may be more.
  template <class Free>
  bool collect(int64_t oldest_epoch, size_t limit, Free&& free) {
    size_t given_back = 0;
    while (next_ < words_.size() && words_[next_].epoch < oldest_epoch && given_back < limit) {
      free(words_[next_++]);
      ++given_back;
    }
    if (next_ == words_.size()) {
      words_.clear();
      next_ = 0;
    }
    return given_back == limit;
  }

 private:
  std::vector<Word> words_;  ///< oldest first, from next_ on
  size_t next_ = 0;
};

}  // namespace weir::detail
