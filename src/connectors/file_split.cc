#include "connectors/file_split.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/decompressing_file.h"
#include "connectors/input_files.h"
#include "weir/detail/connector/record_reader.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr uint8_t kSplitVersion = 4;
constexpr uint8_t kSplitVersionWithoutCompression = 3;
constexpr uint8_t kSplitVersionWithoutNumber = 2;
constexpr uint8_t kSplitVersionOfSizeOnly = 1;
constexpr int64_t kMinSplitBytes = 1 << 20;
constexpr int64_t kSplitsPerSubtask = 4;
constexpr int64_t kMaxHeaderBytes = 1 << 20;
/// With more files than this, only some are opened before the job starts.
constexpr size_t kFilesChecked = 64;

Status check_readable(const InputFile& input, const detail::RecordReaderOptions& options) {
  const std::string& uri = input.location.uri;
  bool compressed = false;
  WEIR_ASSIGN_OR_RETURN(const auto file, open_decompressed(*input.location.fs, input.location.path,
                                                           uri, &compressed));
  WEIR_RETURN_IF_ERROR(check_is_complete(*file, uri));
  std::string head;
  WEIR_RETURN_IF_ERROR(file->read_at(0, kHeadBytes, &head));
  if (options.length_prefixed) return {};
  WEIR_RETURN_IF_ERROR(check_is_text(*file, uri, head));
  if (!options.has_header || file->size() == 0) return {};
  WEIR_ASSIGN_OR_RETURN(const FileHeader header, read_file_header(*file, uri, options.csv));
  return check_columns(uri, header.names, options.needed_columns);
}

}  // namespace

std::string FileSplit::encode() const {
  BinaryWriter out;
  out.put_u8(kSplitVersion);
  out.put_bytes(uri);
  out.put_i64(begin);
  out.put_i64(end);
  out.put_i64(file_size);
  out.put_i64(next);
  out.put_i64(modified_ms);
  out.put_i64(file_id);
  out.put_i32(of);
  out.put_bool(compressed);
  return out.take();
}

StatusOr<FileSplit> FileSplit::decode(std::string_view bytes) {
  BinaryReader in(bytes);
  const uint8_t version = in.get_u8();
  if (version < kSplitVersionOfSizeOnly || version > kSplitVersion) in.fail("an unknown version");
  FileSplit split;
  split.uri = in.get_bytes();
  split.begin = in.get_i64();
  split.end = in.get_i64();
  split.file_size = in.get_i64();
  split.next = in.get_i64();
  if (version >= kSplitVersionWithoutNumber) {
    split.modified_ms = in.get_i64();
    split.file_id = in.get_i64();
  }
  if (version >= kSplitVersionWithoutCompression) split.of = in.get_i32();
  if (version == kSplitVersion) split.compressed = in.get_bool();
  if (split.begin < 0 || split.end < split.begin || split.file_size < split.end ||
      (split.next > split.file_size && !split.compressed))
    in.fail("an impossible range");
  WEIR_RETURN_IF_ERROR(in.status("a file split"));
  return split;
}

StatusOr<FileHeader> read_file_header(ReadableFile& file, const std::string& uri,
                                      const CsvOptions& options) {
  std::string text;
  for (int64_t length = 16 << 10; length <= kMaxHeaderBytes; length *= 4) {
    WEIR_RETURN_IF_ERROR(file.read_at(0, length, &text).with_context(cat("cannot read ", uri)));
    const size_t line_end = text.find('\n');
    const bool whole_file = static_cast<int64_t>(text.size()) < length;
    if (line_end == std::string::npos && !whole_file) continue;
    FileHeader header;
    header.length =
        static_cast<int64_t>(line_end == std::string::npos ? text.size() : line_end + 1);
    std::string_view line = std::string_view(text).substr(0, line_end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    if (line.empty())
      return invalid_argument(
          cat("the first line of ", uri,
              " is empty, but it should name the columns (CsvOptions::header)"));
    CsvOptions unnamed = options;
    unnamed.columns.clear();
    CsvRow row(unnamed);
    row.parse(line);
    if (!row.ok())
      return invalid_argument(cat("the header line of ", uri, " cannot be read: ", row.problem()));
    for (size_t i = 0; i < row.size(); ++i) header.names.emplace_back(row.text(i));
    return header;
  }
  return invalid_argument(cat("the first ", kMaxHeaderBytes, " bytes of ", uri,
                              " hold no line break, so it has no header line; is it a CSV file?"));
}

std::string join_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

Status check_columns(const std::string& uri, const std::vector<std::string>& names,
                     const std::vector<std::string>& needed) {
  for (const std::string& column : needed) {
    const auto count = std::count(names.begin(), names.end(), column);
    if (count == 1) continue;
    if (count > 1)
      return invalid_argument(cat(uri, " has ", count, " columns of the name '", column,
                                  "', so which one to read is not clear"));
    return invalid_argument(
        cat(uri, " has no column '", column, "'; its columns are: ", join_names(names)));
  }
  return {};
}

Status check_unchanged(const FileSplit& split, const FileLocation& location) {
  WEIR_ASSIGN_OR_RETURN(const FileInfo now, location.fs->stat(location.path));
  constexpr std::string_view kRule =
      " A file that is read must not change: put the old one back, or start without a checkpoint; "
      "let writers move files into the input when they are "
      "complete";
  if (now.size != split.file_size) {
    return failed_precondition(cat(split.uri, " has ", now.size, " bytes, but had ",
                                   split.file_size, " when the job first started.", kRule));
  }
  if (split.modified_ms >= 0 && now.modified_ms != split.modified_ms) {
    return failed_precondition(cat(split.uri, " was changed at ", format_timestamp(now.modified_ms),
                                   ", but at ", format_timestamp(split.modified_ms),
                                   " when the job first started.", kRule,
                                   " (copies keep the time with cp -p)"));
  }
  if (split.file_id != 0 && now.file_id != split.file_id) {
    WEIR_LOG(kWarning) << split.uri
                       << " is another file than when the job first started (its inode differs), "
                          "of the same size and time; weir takes it for a copy";
  }
  return {};
}

StatusOr<std::vector<FileSplit>> splits_of(const InputFile& file, int64_t split_bytes,
                                           const detail::RecordReaderOptions& options) {
  const int64_t size = file.info.size;
  int64_t count = std::max<int64_t>(1, (size + split_bytes - 1) / split_bytes);
  if (options.multiline || options.length_prefixed) count = 1;
  if (count > 1) {
    bool compressed = false;
    WEIR_RETURN_IF_ERROR(
        open_decompressed(*file.location.fs, file.location.path, file.location.uri, &compressed)
            .status());
    if (compressed) count = 1;
  }
  std::vector<FileSplit> splits;
  // All splits have the same size, because a short last one would leave a subtask idle.
  for (int64_t i = 0; i < count && size > 0; ++i) {
    splits.push_back({.uri = file.location.uri,
                      .begin = size * i / count,
                      .end = size * (i + 1) / count,
                      .file_size = size,
                      .modified_ms = file.info.modified_ms,
                      .file_id = file.info.file_id});
  }
  return splits;
}

StatusOr<std::vector<std::string>> detail::enumerate_file_splits(const RecordReaderOptions& options,
                                                                 FileSystemRegistry& registry,
                                                                 int parallelism) {
  const auto enumerate = [&]() -> StatusOr<std::vector<std::string>> {
    WEIR_RETURN_IF_ERROR(check_time_format(options.csv.time_format));
    WEIR_ASSIGN_OR_RETURN(const std::vector<InputFile> files,
                          find_input_files(registry, options.uris));
    int64_t total = 0;
    for (size_t i = 0; i < files.size(); ++i) {
      total += files[i].info.size;
      if (i < kFilesChecked) WEIR_RETURN_IF_ERROR(check_readable(files[i], options));
    }
    int64_t split_bytes = options.split_bytes;
    if (split_bytes <= 0)
      split_bytes =
          std::clamp(total / (kSplitsPerSubtask * parallelism), kMinSplitBytes, kMaxSplitBytes);
    std::vector<FileSplit> splits;
    for (const InputFile& file : files) {
      WEIR_ASSIGN_OR_RETURN(std::vector<FileSplit> of_file, splits_of(file, split_bytes, options));
      std::move(of_file.begin(), of_file.end(), std::back_inserter(splits));
    }
    std::vector<std::string> encoded;
    for (FileSplit& split : splits) {
      split.of = static_cast<int32_t>(std::min<size_t>(splits.size(), INT32_MAX));
      encoded.push_back(split.encode());
    }
    return encoded;
  };
  auto splits = enumerate();
  if (!splits.ok())
    return splits.status().with_context(cat("cannot read the input ", join_names(options.uris)));
  return splits;
}

}  // namespace weir
