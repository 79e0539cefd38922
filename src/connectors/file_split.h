#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/input_files.h"
#include "weir/connector/csv.h"
#include "weir/detail/connector/record_reader.h"

namespace weir {

/// Some UTF-8 files begin with it.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// A byte range of a file, and the position reached in it.
struct FileSplit {
  std::string uri;
  int64_t begin = 0;
  int64_t end = 0;
  int64_t file_size = 0;
  int64_t modified_ms = -1;  ///< of the file when the job first started; -1: unknown
  int64_t file_id = 0;       ///< of the file when the job first started; 0: unknown
  int64_t next = -1;  ///< where the next record begins; -1: nothing of the range has been read
  bool compressed = false;  ///< `next` counts decompressed bytes. Known when the file was opened
  int32_t of = 0;  ///< number of splits of the source, found when the job first started; 0: it
                   ///< may find more

  std::string encode() const;
  static StatusOr<FileSplit> decode(std::string_view bytes);
};

inline constexpr int64_t kMaxSplitBytes = 64 << 20;

/// Cuts a file into ranges of about `split_bytes`. An empty file has none. A file that would be cut
/// is opened, because a compressed one has a single range.
StatusOr<std::vector<FileSplit>> splits_of(const InputFile& file, int64_t split_bytes,
                                           const detail::RecordReaderOptions& options);

/// The first line of a file.
struct FileHeader {
  std::vector<std::string> names;
  int64_t length = 0;  ///< in bytes, with the line break
};
/// INVALID_ARGUMENT gives the reason why the first line names no columns.
StatusOr<FileHeader> read_file_header(ReadableFile& file, const std::string& uri,
                                      const CsvOptions& options);

/// "a, b"
std::string join_names(const std::vector<std::string>& names);

/// "file.csv has no column 'x'…" unless each of `needed` appears exactly once.
Status check_columns(const std::string& uri, const std::vector<std::string>& names,
                     const std::vector<std::string>& needed);

/// FAILED_PRECONDITION: the split's file has changed since the job first started.
Status check_unchanged(const FileSplit& split, const FileLocation& location);

}  // namespace weir
