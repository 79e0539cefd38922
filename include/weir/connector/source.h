#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/connector/split_enumerator.h"
#include "weir/operator/operator.h"

namespace weir {

/// A reader says here which split its records are of, so that each split has a watermark of its own
/// and the slowest one decides. A reader that does not use it has one watermark for all its
/// records. The reader chooses the ids. Thread: the subtask's.
class SplitTracker {
 public:
  virtual ~SplitTracker() = default;
  /// The split is being read from now on: event time waits for its records. Again for a split: it
  /// has records that are not here yet, so its idle time begins anew.
  virtual void begin(const std::string& id) = 0;
  /// The records that poll() appends from now on are of this split.
  virtual void records_of(const std::string& id) = 0;
  /// The split has no more records: event time no longer waits for it.
  virtual void end(const std::string& id) = 0;
};

/// Reads the splits of one subtask. Must not block; use OperatorContext::run_blocking for blocking
/// work. Thread: the subtask's.
template <class T, class Split = std::string>
class SourceReader {
 public:
  virtual ~SourceReader() = default;
  /// Called before all other methods. `tracker` outlives the reader.
  virtual void track_splits(SplitTracker& tracker) { (void)tracker; }
  /// Called before all methods below. A failure fails the task. `context` outlives the reader.
  virtual Status open(OperatorContext& context) = 0;
  /// Adds splits, to read after the present ones. They come from the source's enumerator, and on a
  /// restore from snapshot() of this or other subtasks. May be called after poll() returned kEnd.
  virtual void add_splits(std::vector<Split> splits) = 0;
  /// Appends up to `max_records` records to `out`, with timestamps (ms since 1970) if the source
  /// has them. kEnd: all splits have been read. May throw, which fails the task.
  virtual PollResult poll(BatchOf<T>& out, size_t max_records) = 0;
  /// For watermark alignment: from now on poll() must return no records of the splits in `pause`,
  /// and may again of those in `resume` (ids of the tracker). A reader that cannot read its splits
  /// independently ignores it; it is not polled while all its splits are paused.
  virtual void pause_or_resume_splits(const std::vector<std::string>& pause,
                                      const std::vector<std::string>& resume) {
    (void)pause, (void)resume;
  }
  /// Returns the unfinished splits, each with the position of the next record of poll().
  virtual std::vector<Split> snapshot() = 0;
  /// The splits of the last snapshot() are in this checkpoint.
  virtual void checkpoint_taken(int64_t id) { (void)id; }
  /// A notification may be lost; see Operator::checkpoint_completed().
  virtual void checkpoint_completed(int64_t id) { (void)id; }
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
  /// False if no record has a timestamp unless the watermark strategy assigns it. An event-time
  /// window behind such a source is refused before the job starts.
  virtual bool has_timestamps() const { return true; }
};

}  // namespace weir
