#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "weir/detail/state/page_arena.h"

namespace weir::detail {

/// Holds pages and chunks of an operator's tables that were replaced while a snapshot might see
/// them, until none can. Each waits for the oldest snapshot that sees it. When that has ended, it
/// waits for the next one. Thread: the operator's.
class DeferredFree {
 public:
  static constexpr int64_t kNoReader = INT64_MAX;
  /// Destroys the object of a word and frees its memory. Returns the number of bytes.
  using Free = size_t (*)(PageArena&, uintptr_t word);
  struct Word {
    uintptr_t word;
    Free free;
    uint32_t replaced;  ///< the last snapshot that may see it
  };

  /// `reader`: the oldest active snapshot that may see it.
  void add(Word word, size_t bytes, int64_t reader) {
    waiting_[reader].words.push_back(word);
    bytes_ += bytes;
  }
  bool empty() const { return waiting_.empty(); }
  /// Size of all waiting objects in the arena.
  size_t bytes() const { return bytes_; }

  /// Checks up to `limit` words whose reader has ended, and frees those that no snapshot can see.
  /// Returns true if there may be more. `oldest_reader_after(n)` returns the oldest active snapshot
  /// with a number above n, or kNoReader.
  template <class OldestReaderAfter>
  bool collect(PageArena& arena, size_t limit, OldestReaderAfter&& oldest_reader_after) {
    for (auto at = waiting_.begin(); at != waiting_.end() && limit > 0;) {
      const int64_t ended = at->first;
      Waiting& waiting = at->second;
      if (oldest_reader_after(ended - 1) == ended) {
        ++at;
        continue;
      }
      const int64_t next_reader = oldest_reader_after(ended);
      for (; waiting.next < waiting.words.size() && limit > 0; --limit) {
        const Word word = waiting.words[waiting.next++];
        if (next_reader <= word.replaced) {
          waiting_[next_reader].words.push_back(word);
        } else {
          bytes_ -= word.free(arena, word.word);
        }
      }
      at = waiting.next == waiting.words.size() ? waiting_.erase(at) : std::next(at);
    }
    return limit == 0;
  }
  /// Requires that there is no reader.
  void free_all(PageArena& arena) {
    collect(arena, SIZE_MAX, [](int64_t) { return kNoReader; });
  }

 private:
  struct Waiting {
    std::vector<Word> words;
    size_t next = 0;
  };
  std::map<int64_t, Waiting> waiting_;  ///< keyed by reader
  size_t bytes_ = 0;
};

}  // namespace weir::detail
