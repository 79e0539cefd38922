#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/connector/csv.h"
#include "weir/connector/split_enumerator.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// The options of a FileSource that do not depend on its record type.
struct RecordReaderOptions {
  std::vector<std::string> uris;  ///< files, directories, or patterns with *, ? and [...]
  int64_t split_bytes = 0;        ///< 0: chosen by the size of the input and the parallelism
  bool has_header = false;        ///< the first record of each file is a header
  bool multiline = false;         ///< line breaks in quotes do not end a record
  bool length_prefixed = false;   ///< each record is bytes after their length, not a line
  bool skip_malformed = false;
  CsvOptions csv;
  std::vector<std::string> needed_columns;  ///< columns that the header must have
  size_t chunk_bytes = 1 << 20;             ///< size of one read; one chunk is read ahead
};

/// Reads byte ranges of files as records. A record belongs to the range in which it begins. A
/// compressed file is one range; its positions are those of its decompressed content.
/// The I/O pool reads the files. Thread: the operator's.
class RecordReader {
 public:
  enum class Result {
    kRecords,
    kNothingNow,  ///< a read is in progress (or the task has failed); its end wakes the task
    kEnd,
  };

  virtual ~RecordReader() = default;
  virtual Status open(OperatorContext& context) = 0;
  virtual void add_splits(std::vector<std::string> splits) = 0;
  /// Number of splits of the source when the job first started; 0: unknown.
  virtual int splits_in_all() const = 0;
  /// Replaces `records` with up to `max` records, all of one file. They are valid until the next
  /// call.
  virtual Result take(size_t max, std::vector<std::string_view>& records) = 0;
  /// The column names in the header of the last records' file. Changes only with the file. Empty if
  /// there is no header.
  virtual const std::vector<std::string>& header() const = 0;
  /// Increases with each split that it begins to read, and with it header() may change.
  virtual int64_t file_number() const = 0;
  /// Reports one of the last records as malformed. Returns false if this has failed the task.
  virtual bool malformed(std::string_view record, const std::string& why, bool may_skip) = 0;
  virtual std::vector<std::string> snapshot() = 0;
};

std::unique_ptr<RecordReader> make_record_reader(RecordReaderOptions options);
StatusOr<std::vector<std::string>> enumerate_file_splits(const RecordReaderOptions& options,
                                                         FileSystemRegistry& files,
                                                         int parallelism);
/// Finds the files that are added to the input while the job runs.
std::unique_ptr<SplitEnumerator<std::string>> make_file_monitor(RecordReaderOptions options,
                                                                std::chrono::milliseconds interval);

}  // namespace weir::detail
