#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "weir/detail/state/page_arena.h"

namespace weir::detail {

/// Pages and chunks of an operator's tables that were replaced while a snapshot might see them,
/// until none can. Each waits for the oldest snapshot that sees it; when that has ended, for the
/// next one that does. Thread: the operator's.
class DeferredFree {
 public:
  static constexpr int64_t kNoReader = INT64_MAX;
  /// Destroys what a word stands for, and gives its memory back. How many bytes that was.
  using Free = size_t (*)(PageArena&, uintptr_t word);
  struct Word {
    uintptr_t word;
    Free free;
    uint32_t replaced;  ///< the last snapshot that may see it
  };

  /// `reader`: the oldest snapshot being read that may see it.
  void add(Word word, size_t bytes, int64_t reader) {
    waiting_[reader].words.push_back(word);
    bytes_ += bytes;
  }
  bool empty() const { return waiting_.empty(); }
  /// What all of them take in the arena.
  size_t bytes() const { return bytes_; }

  /// Looks at up to `limit` words whose reader has ended, and frees those that nobody reads any
  /// more. True if there may be more. `oldest_reader_after(n)`: the oldest snapshot being read
  /// whose number is above n, or kNoReader.
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
  /// Only when there is no reader.
  void free_all(PageArena& arena) {
    collect(arena, SIZE_MAX, [](int64_t) { return kNoReader; });
  }

 private:
  struct Waiting {
    std::vector<Word> words;
    size_t next = 0;
  };
  std::map<int64_t, Waiting> waiting_;  ///< by reader
  size_t bytes_ = 0;
};

}  // namespace weir::detail
