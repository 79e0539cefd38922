#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/operator/operator.h"

namespace weir {

/// Reads the splits of one subtask. Must not block; use OperatorContext::run_blocking for blocking
/// work. Thread: the subtask's.
template <class T>
class SourceReader {
 public:
  virtual ~SourceReader() = default;
  /// Called before all other methods. A failure fails the task. `context` outlives the reader.
  virtual Status open(OperatorContext& context) = 0;
  /// Adds splits, to read after the present ones. They come from Source::enumerate on a fresh
  /// start, and from snapshot() of this or other subtasks on a restore.
  virtual void add_splits(std::vector<std::string> splits) = 0;
  /// Appends up to `max_records` records to `out`, with timestamps (ms since 1970) if the source
  /// has them. May throw, which fails the task.
  virtual PollResult poll(BatchOf<T>& out, size_t max_records) = 0;
  /// Returns the unfinished splits, each with the position of the next record of poll().
  virtual std::vector<std::string> snapshot() = 0;
};

/// A source of records. Copied into the job's graph. Enumerates splits once, when the job first
/// starts, and makes a reader for each subtask. A split is bytes that only the source interprets.
template <class T>
class Source {
 public:
  using Record = T;
  virtual ~Source() = default;
  /// Returns the splits in the order in which to read them. Subtasks get them in turn. May block.
  /// Errors of the input (missing file, no permission) are returned here, before the first record.
  virtual StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry& files,
                                                       int parallelism) const = 0;
  /// Called once for each subtask.
  virtual std::unique_ptr<SourceReader<T>> create_reader() const = 0;
  /// True if the source ends by itself.
  virtual bool bounded() const = 0;
};

}  // namespace weir
