#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/connector/split_enumerator.h"
#include "weir/operator/operator.h"

namespace weir {

/// Reads the splits of one subtask. Must not block; use OperatorContext::run_blocking for blocking
/// work. Thread: the subtask's.
template <class T, class Split = std::string>
class SourceReader {
 public:
  virtual ~SourceReader() = default;
  /// Called before all other methods. A failure fails the task. `context` outlives the reader.
  virtual Status open(OperatorContext& context) = 0;
  /// Adds splits, to read after the present ones. They come from the source's enumerator, and on a
  /// restore from snapshot() of this or other subtasks. May be called after poll() returned kEnd.
  virtual void add_splits(std::vector<Split> splits) = 0;
  /// Appends up to `max_records` records to `out`, with timestamps (ms since 1970) if the source
  /// has them. kEnd: all splits have been read. May throw, which fails the task.
  virtual PollResult poll(BatchOf<T>& out, size_t max_records) = 0;
  /// Returns the unfinished splits, each with the position of the next record of poll().
  virtual std::vector<Split> snapshot() = 0;
};

/// A source of records. Copied into the job's graph. Finds the splits and makes a reader for each
/// subtask. A split is a part of the input that one subtask reads. Its type needs a Serializer (a
/// struct with WEIR_FIELDS has one); std::string stands for bytes that only the source interprets.
/// Implement either enumerate() or create_enumerator().
template <class T, class SplitT = std::string>
class Source {
 public:
  using Record = T;
  using Split = SplitT;
  virtual ~Source() = default;
  /// For sources whose input is known at the start: returns all splits in the order in which to
  /// read them. Subtasks get them in turn. Called once, when the job first starts. May block.
  /// Errors of the input (missing file, no permission) are returned here, before the first record.
  virtual StatusOr<std::vector<Split>> enumerate(FileSystemRegistry& files, int parallelism) const {
    (void)files, (void)parallelism;
    return failed_precondition("it implements neither enumerate() nor create_enumerator()");
  }
  /// For sources that find splits while the job runs. Null: enumerate() knows them all.
  virtual std::unique_ptr<SplitEnumerator<Split>> create_enumerator(int parallelism) const {
    (void)parallelism;
    return nullptr;
  }
  /// Called once for each subtask.
  virtual std::unique_ptr<SourceReader<T, Split>> create_reader() const = 0;
  /// True if the source ends by itself.
  virtual bool bounded() const = 0;
};

}  // namespace weir
