#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/operator/operator.h"

namespace weir {

/// Reads the splits of one subtask. Never blocks: what blocks goes through
/// OperatorContext::run_blocking. Thread: the subtask's.
template <class T>
class SourceReader {
 public:
  virtual ~SourceReader() = default;
  virtual Status open(OperatorContext& context) = 0;
  /// Splits to read, after those it has: on a fresh start from Source::enumerate, on a restore from
  /// snapshot() of this or other subtasks.
  virtual void add_splits(std::vector<std::string> splits) = 0;
  /// Appends up to `max_records` records to `out`, with timestamps if the source knows any.
  virtual PollResult poll(BatchOf<T>& out, size_t max_records) = 0;
  /// The unfinished splits, each with the position of the next record that poll() would give.
  virtual std::vector<std::string> snapshot() = 0;
};

/// Where records come from. Copied into the job's graph; enumerates splits once, when the job first
/// starts, and makes a reader for each subtask. A split is bytes that only the source understands.
template <class T>
class Source {
 public:
  using Record = T;
  virtual ~Source() = default;
  /// The splits, in the order in which they should be read; dealt out to the subtasks in turn. May
  /// block. What is wrong with the input (missing file, no permission) is found here, before the
  /// first record.
  virtual StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry& files,
                                                       int parallelism) const = 0;
  virtual std::unique_ptr<SourceReader<T>> create_reader() const = 0;
  virtual bool bounded() const = 0;
};

}  // namespace weir
