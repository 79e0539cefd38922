#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/connector/csv.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// What a FileSource is made of, apart from the type of its records.
struct RecordReaderOptions {
  std::vector<std::string> uris;  ///< files, directories, or patterns with *, ? and [...]
  int64_t split_bytes = 0;        ///< 0: chosen from the size of the input and the parallelism
  bool has_header = false;        ///< the first record of each file is none
  bool multiline = false;         ///< line breaks in quotes do not end a record
  bool skip_malformed = false;
  CsvOptions csv;
  std::vector<std::string> needed_columns;  ///< must be in the header
  size_t chunk_bytes = 1 << 20;             ///< what is read at once; one such chunk is read ahead
  size_t max_record_bytes = 16 << 20;
};

/// The records of byte ranges of files, as text. A record belongs to the range in which it begins.
/// Thread: the operator's; reading is done by the I/O pool.
class RecordReader {
 public:
  enum class Result {
    kRecords,
    kNothingNow,  ///< a read is under way (or the task has failed); its end wakes the task
    kEnd,
  };

  virtual ~RecordReader() = default;
  virtual Status open(OperatorContext& context) = 0;
  virtual void add_splits(std::vector<std::string> splits) = 0;
  /// Replaces `records` by up to `max` records, all of one file; valid until the next call.
  virtual Result take(size_t max, std::vector<std::string_view>& records) = 0;
  /// The names in the header of the file that the last records came from; changes with the file
  /// only. Empty: it has none.
  virtual const std::vector<std::string>& header() const = 0;
  /// Counts up when header() may have changed.
  virtual int64_t file_number() const = 0;
  /// One of the last records cannot be used. False: the task has been failed.
  virtual bool malformed(std::string_view record, const std::string& why, bool may_skip) = 0;
  virtual std::vector<std::string> snapshot() = 0;
};

std::unique_ptr<RecordReader> make_record_reader(RecordReaderOptions options);
StatusOr<std::vector<std::string>> enumerate_file_splits(const RecordReaderOptions& options,
                                                         FileSystemRegistry& files,
                                                         int parallelism);

}  // namespace weir::detail
