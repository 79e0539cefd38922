#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

class FileSystemRegistry;

/// The result of SplitEnumerator::discover().
template <class Split>
struct Discovery {
  std::vector<Split> splits = {};  ///< not found before, in the order in which to read them
  /// When to call discover() again. Nothing: all splits have been found, and the source ends when
  /// they have been read.
  std::optional<std::chrono::milliseconds> again = {};
};

/// Finds the splits of a source, also while the job runs. One enumerator runs beside the job
/// master. Each reader that has read its splits gets the next one that was found, unless
/// assigns_at_once(). Checkpoints contain the splits that no reader has yet, and the enumerator's
/// own state. Thread: one at a time. May block; a call that hangs delays nothing but the discovery.
/// May throw.
template <class Split>
class SplitEnumerator {
 public:
  virtual ~SplitEnumerator() = default;
  /// Called before discover(), unless the source starts for the first time. `state` is what
  /// snapshot() returned after an earlier discovery.
  virtual Status restore(std::string_view state) {
    (void)state;
    return {};
  }
  /// Looks for splits. The first call is made before the job starts, so an error of the input
  /// (missing directory, no permission) refuses the job. Later, after UNAVAILABLE, another
  /// enumerator is restored and tries again; any other error fails the attempt.
  virtual StatusOr<Discovery<Split>> discover(FileSystemRegistry& files) = 0;
  /// Returns the state of the enumerator, such as the names of what it has found. Called after each
  /// discovery. Must not block.
  virtual std::string snapshot() const { return {}; }
  /// False: the first discovery finds everything, and its splits are dealt to the subtasks in turn.
  virtual bool continuous() const { return true; }
  /// True: a split is assigned when it is found, to the subtasks in turn, for splits that readers
  /// do not finish and read side by side. False: each reader gets the next one when it has read
  /// its splits.
  virtual bool assigns_at_once() const { return false; }
};

/// Makes an enumerator. A split is bytes here.
using EnumeratorFactory =
    std::function<std::unique_ptr<SplitEnumerator<std::string>>(int parallelism)>;

}  // namespace weir
