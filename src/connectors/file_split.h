#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fs/file_system_registry.h"
#include "weir/csv.h"

namespace weir {

/// At the beginning of some UTF-8 files.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// A byte range of a file, and how far it has been read.
struct FileSplit {
  std::string uri;
  int64_t begin = 0;
  int64_t end = 0;
  int64_t file_size = 0;
  int64_t modified_ms = -1;  ///< of the file when the job first started; -1: not known
  int64_t file_id = 0;       ///< likewise; 0: not known
  int64_t next = -1;         ///< where the next record begins; -1: the range has not been begun

  std::string encode() const;
  static StatusOr<FileSplit> decode(std::string_view bytes);
};

/// The first line of a file.
struct FileHeader {
  std::vector<std::string> names;
  int64_t length = 0;  ///< bytes, with the line break
};
/// INVALID_ARGUMENT says why the first line names no columns.
StatusOr<FileHeader> read_file_header(ReadableFile& file, const std::string& uri,
                                      const CsvOptions& options);

/// "a, b"
std::string join_names(const std::vector<std::string>& names);

/// "file.csv has no column 'x'…" unless each of `needed` is there, once.
Status check_columns(const std::string& uri, const std::vector<std::string>& names,
                     const std::vector<std::string>& needed);

/// FAILED_PRECONDITION: the split's file is not as it was when the job first started.
Status check_unchanged(const FileSplit& split, const FileLocation& location);

}  // namespace weir
