#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "checkpoint/keyed_stream.h"

namespace weir {

/// Logs a warning about large values in keyed state, so that a hot key is noticed before its value
/// is too large for a checkpoint. Warns when a state first has such a value, and again when its
/// size has doubled. Thread: any.
class LargeValues {
 public:
  explicit LargeValues(size_t threshold) : threshold_(threshold) {}

  /// Checks the largest value in a snapshot of an operator's subtask, and logs a warning if
  /// necessary.
  void look(const std::string& uid, const LargestValue& largest);
  /// The warning that look() logs, if any.
  std::optional<std::string> warning(const std::string& uid, const LargestValue& largest);

 private:
  const size_t threshold_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, size_t>
      said_;  ///< the bytes last warned of, by uid and state; guarded by mutex_
};

}  // namespace weir
