#include "connectors/file_split.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/bytes.h"
#include "weir/detail/record_reader.h"

namespace weir {
namespace {

constexpr uint8_t kSplitVersion = 1;
constexpr int64_t kMinSplitBytes = 1 << 20;
constexpr int64_t kMaxSplitBytes = 64 << 20;
constexpr int64_t kSplitsPerSubtask = 4;
constexpr int64_t kMaxHeaderBytes = 1 << 20;
/// Above this only some files are opened before the job starts.
constexpr size_t kFilesChecked = 64;

bool is_hidden(std::string_view path) {
  const char first = path[path.rfind('/') + 1];
  return first == '.' || first == '_';
}

struct InputFile {
  FileLocation location;
  int64_t size = 0;
};

StatusOr<std::vector<InputFile>> find_files(const FileLocation& input) {
  WEIR_ASSIGN_OR_RETURN(const FileInfo info, input.fs->stat(input.path));
  if (!info.is_directory) return std::vector<InputFile>{{input, info.size}};
  WEIR_ASSIGN_OR_RETURN(const auto entries, input.fs->list(input.path));
  std::vector<InputFile> files;
  for (const FileInfo& entry : entries) {
    if (entry.is_directory || is_hidden(entry.path)) continue;
    files.push_back({input.child(entry.path.substr(entry.path.rfind('/') + 1)), entry.size});
  }
  if (files.empty()) return not_found("the directory holds no files (those whose names begin with '.' or '_' do not count)");
  return files;
}

Status check_readable(const InputFile& input, const detail::RecordReaderOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const auto file, input.location.fs->open(input.location.path));
  if (options.has_header) {
    WEIR_ASSIGN_OR_RETURN(const FileHeader header, read_file_header(*file, input.location.uri, options.csv));
    return file->size() == 0 ? Status() : check_columns(input.location.uri, header.names, options.needed_columns);
  }
  std::string byte;
  return file->read_at(0, 1, &byte);
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
  return out.take();
}

StatusOr<FileSplit> FileSplit::decode(std::string_view bytes) {
  BinaryReader in(bytes);
  if (in.get_u8() != kSplitVersion) in.fail("an unknown version");
  FileSplit split;
  split.uri = in.get_bytes();
  split.begin = in.get_i64();
  split.end = in.get_i64();
  split.file_size = in.get_i64();
  split.next = in.get_i64();
  if (split.begin < 0 || split.end < split.begin || split.file_size < split.end || split.next > split.file_size) in.fail("an impossible range");
  WEIR_RETURN_IF_ERROR(in.status("a file split"));
  return split;
}

StatusOr<FileHeader> read_file_header(ReadableFile& file, const std::string& uri, const CsvOptions& options) {
  std::string text;
  for (int64_t length = 16 << 10; length <= kMaxHeaderBytes; length *= 4) {
    WEIR_RETURN_IF_ERROR(file.read_at(0, length, &text).with_context(cat("cannot read ", uri)));
    const size_t line_end = text.find('\n');
    const bool whole_file = static_cast<int64_t>(text.size()) < length;
    if (line_end == std::string::npos && !whole_file) continue;
    FileHeader header;
    header.length = static_cast<int64_t>(line_end == std::string::npos ? text.size() : line_end + 1);
    std::string_view line = std::string_view(text).substr(0, line_end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    CsvOptions unnamed = options;
    unnamed.columns.clear();
    CsvRow row(unnamed);
    row.parse(line);
    if (!row.ok()) return invalid_argument(cat("the header line of ", uri, " cannot be read: ", row.problem()));
    for (size_t i = 0; i < row.size(); ++i) header.names.emplace_back(row.text(i));
    return header;
  }
  return invalid_argument(cat("the first ", kMaxHeaderBytes, " bytes of ", uri,
                              " hold no line break, so it has no header line; is it a CSV file?"));
}

Status check_columns(const std::string& uri, const std::vector<std::string>& names, const std::vector<std::string>& needed) {
  for (const std::string& column : needed) {
    if (std::find(names.begin(), names.end(), column) != names.end()) continue;
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return invalid_argument(cat(uri, " has no column '", column, "'; its columns are: ", list));
  }
  return {};
}

StatusOr<std::vector<std::string>> detail::enumerate_file_splits(const RecordReaderOptions& options, FileSystemRegistry& registry,
                                                                 int parallelism) {
  const auto enumerate = [&]() -> StatusOr<std::vector<std::string>> {
    WEIR_ASSIGN_OR_RETURN(const FileLocation input, registry.resolve(options.uri));
    WEIR_ASSIGN_OR_RETURN(const std::vector<InputFile> files, find_files(input));
    int64_t total = 0;
    for (size_t i = 0; i < files.size(); ++i) {
      total += files[i].size;
      if (i < kFilesChecked) WEIR_RETURN_IF_ERROR(check_readable(files[i], options));
    }
    int64_t split_bytes = options.split_bytes;
    if (split_bytes <= 0) split_bytes = std::clamp(total / (kSplitsPerSubtask * parallelism), kMinSplitBytes, kMaxSplitBytes);
    std::vector<std::string> splits;
    for (const InputFile& file : files) {
      const int64_t count = options.multiline ? 1 : std::max<int64_t>(1, (file.size + split_bytes - 1) / split_bytes);
      // Of equal sizes: a short last split would leave one subtask idle.
      for (int64_t i = 0; i < count && file.size > 0; ++i) {
        splits.push_back(FileSplit{.uri = file.location.uri,
                                   .begin = file.size * i / count,
                                   .end = file.size * (i + 1) / count,
                                   .file_size = file.size}
                             .encode());
      }
    }
    return splits;
  };
  auto splits = enumerate();
  if (!splits.ok()) return splits.status().with_context(cat("cannot read the input ", options.uri));
  return splits;
}

}  // namespace weir
