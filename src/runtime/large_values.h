#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "checkpoint/keyed_stream.h"

namespace weir {

/// Warns of values of keyed state that have grown large: a hot key, before it is too large for a
/// checkpoint. Says it when a state first has such a value, and again when it has doubled. Thread:
/// any.
class LargeValues {
 public:
  explicit LargeValues(size_t threshold) : threshold_(threshold) {}

  /// The largest value that a snapshot of an operator's subtask had.
  void look(const std::string& uid, const LargestValue& largest);
  /// What look() says in the log, if anything.
  std::optional<std::string> warning(const std::string& uid, const LargestValue& largest);

 private:
  const size_t threshold_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, size_t>
      said_;  ///< bytes, by uid and state; guarded by mutex_
};

}  // namespace weir
