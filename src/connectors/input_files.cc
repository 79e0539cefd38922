#include "connectors/input_files.h"

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/decompressing_file.h"
#include "fs/file_path.h"

namespace weir {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kWildcards = "*?[";

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// The suffix of a file that `hdfs dfs -put` has not finished.
constexpr std::string_view kUnfinished = "._COPYING_";

bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name.starts_with('_') || name.ends_with(kUnfinished);
}

Status refuse_special(const FileLocation& location, const FileInfo& info) {
  return failed_precondition(
      cat(location.uri, " is ", info.special,
          ", not a file: after a failure its bytes could not be read again. Copy them into a "
          "file first (cat ",
          location.path, " > file)",
          info.special == "a pipe" ? ", or serve them on a port and read that with a SocketSource"
                                   : ""));
}

Status add_file(const FileLocation& location, const FileInfo& info, std::vector<InputFile>& found) {
  if (!info.special.empty()) return refuse_special(location, info);
  found.push_back({location, info});
  return {};
}

Status add_directory(const FileLocation& directory, NoFiles none, std::vector<InputFile>& found) {
  WEIR_ASSIGN_OR_RETURN(const auto entries, directory.fs->list(directory.path));
  const size_t before = found.size();
  for (const FileInfo& entry : entries) {
    const std::string_view name = base_name(entry.path);
    if (name.ends_with(kUnfinished) && none == NoFiles::kRefused) {
      WEIR_LOG(kWarning) << directory.child(name).uri
                         << " is left out: it is a copy that was not finished";
    }
    if (entry.is_directory || is_hidden(name)) continue;
    WEIR_RETURN_IF_ERROR(add_file(directory.child(name), entry, found));
  }
  if (found.size() > before || none == NoFiles::kAllowed) return {};
  return not_found(cat("the directory ", directory.uri,
                       " holds no files (those whose names begin with '.' or '_' do not count)"));
}

Status add_path(const FileLocation& location, const FileInfo& info, NoFiles none,
                std::vector<InputFile>& found) {
  return info.is_directory ? add_directory(location, none, found) : add_file(location, info, found);
}

/// Finds all paths that match `patterns`, one for each level below `directory`. Wildcards don't
/// match hidden names.
Status expand(const FileLocation& directory, const std::vector<std::string_view>& patterns,
              size_t level, NoFiles none, std::vector<InputFile>& found) {
  const std::string pattern(patterns[level]);
  const bool last = level + 1 == patterns.size();
  auto entries = directory.fs->list(directory.path);
  if (entries.status().code() == StatusCode::kNotFound) return {};
  if (!entries.ok()) return entries.status();
  for (const FileInfo& entry : *entries) {
    const std::string name(base_name(entry.path));
    if (name.ends_with(kUnfinished) ||
        (is_hidden(name) && kWildcards.find(pattern[0]) != std::string_view::npos))
      continue;
    if (name != pattern && !matches_pattern(name, pattern)) continue;
    const FileLocation location = directory.child(name);
    if (last) {
      WEIR_RETURN_IF_ERROR(add_path(location, entry, none, found));
    } else if (entry.is_directory) {
      WEIR_RETURN_IF_ERROR(expand(location, patterns, level + 1, none, found));
    }
  }
  return {};
}

Status add_pattern(FileSystemRegistry& registry, const std::string& uri, NoFiles none,
                   std::vector<InputFile>& found) {
  const size_t wildcard = uri.find_first_of(kWildcards);
  const size_t slash = uri.rfind('/', wildcard);
  std::string base = slash == std::string::npos ? "." : uri.substr(0, slash + 1);
  const std::string_view below =
      std::string_view(uri).substr(slash == std::string::npos ? 0 : slash + 1);
  if (base.size() > 1 && !base.ends_with("//")) base.pop_back();
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, registry.resolve(base));
  if (slash == std::string::npos) directory.uri = directory.path;
  std::vector<std::string_view> patterns;
  for (const std::string_view part : split(below, '/')) {
    if (!part.empty()) patterns.push_back(part);
  }
  const size_t before = found.size();
  WEIR_RETURN_IF_ERROR(expand(directory, patterns, 0, none, found));
  return found.size() > before || none == NoFiles::kAllowed
             ? Status()
             : not_found(cat("no file matches ", uri));
}

struct Format {
  std::string_view begin;
  std::string_view is;
  std::string_view advice;
};
constexpr std::string_view kUtf8 = "weir reads UTF-8; convert it first (iconv -t UTF-8)";
// Longer signatures come before their prefixes.
constexpr Format kFormats[] = {
    {"\x1f\x8b"sv, "compressed by gzip twice", "decompress it once first (gunzip)"},
    {"\x28\xb5\x2f\xfd"sv, "compressed by zstd twice", "decompress it once first (unzstd)"},
    {"\xfd"
     "7zXZ\0"sv,
     "compressed by xz", "decompress it first (unxz)"},
    {"\x04\x22\x4d\x18"sv, "compressed by lz4", "decompress it first (unlz4)"},
    {"BZh91AY&SY"sv, "compressed by bzip2", "decompress it first (bunzip2)"},
    {"PK\x03\x04"sv, "a zip archive", "unpack it first (unzip)"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", "unpack it first (7z x)"},
    {"Obj\x01"sv, "an Avro file", "convert it to CSV first"},
    {"SEQ\x06"sv, "a Hadoop sequence file", "convert it to text first (hdfs dfs -text)"},
    {"\xff\xfe\0\0"sv, "text in UTF-32", kUtf8},
    {"\0\0\xfe\xff"sv, "text in UTF-32", kUtf8},
    {"\xff\xfe"sv, "text in UTF-16", kUtf8},
    {"\xfe\xff"sv, "text in UTF-16", kUtf8},
};

Status refuse_format(const std::string& uri, const Format& format) {
  return invalid_argument(cat(uri, " cannot be read: it is ", format.is, "; ", format.advice));
}

}  // namespace

StatusOr<std::vector<InputFile>> find_input_files(FileSystemRegistry& registry,
                                                  const std::vector<std::string>& uris,
                                                  NoFiles none) {
  std::vector<InputFile> found;
  for (const std::string& uri : uris) {
    WEIR_ASSIGN_OR_RETURN(const FileLocation input, registry.resolve(uri));
    const auto info = input.fs->stat(input.path);
    if (info.ok()) {
      WEIR_RETURN_IF_ERROR(add_path(input, *info, none, found));
    } else if (info.status().code() == StatusCode::kNotFound &&
               uri.find_first_of(kWildcards) != std::string::npos) {
      WEIR_RETURN_IF_ERROR(add_pattern(registry, uri, none, found));
    } else {
      return info.status();
    }
  }
  const auto uri_of = [](const InputFile& file) -> const std::string& { return file.location.uri; };
  std::ranges::stable_sort(found, {}, uri_of);
  const auto repeated = std::ranges::unique(found, {}, uri_of);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

Status check_is_text(ReadableFile& file, const std::string& uri, std::string_view head) {
  for (const Format& format : kFormats) {
    if (head.starts_with(format.begin)) return refuse_format(uri, format);
  }
  // These signatures are letters, so the end of the file must match too.
  if ((head.starts_with("PAR1") || head.starts_with("ORC")) && file.size() >= 8 &&
      file.size() != DecompressingFile::kUnknownSize) {
    std::string tail;
    WEIR_RETURN_IF_ERROR(file.read_at(file.size() - 4, 4, &tail));
    if (head.starts_with("PAR1") && tail == "PAR1")
      return refuse_format(uri, {"", "a Parquet file", "convert it to CSV first"});
    if (head.starts_with("ORC") && tail.starts_with("ORC"))
      return refuse_format(uri, {"", "an ORC file", "convert it to CSV first"});
  }
  const bool enough = static_cast<int64_t>(head.size()) >= std::min(kHeadBytes, file.size());
  const bool breaks =
      head.substr(0, head.empty() ? 0 : head.size() - 1).find('\r') != std::string_view::npos;
  if (enough && breaks && head.find('\n') == std::string_view::npos) {
    return invalid_argument(cat(uri,
                                " cannot be read: its lines end with a carriage return alone; "
                                "convert it first (tr '\\r' '\\n')"));
  }
  return {};
}

Status check_is_complete(ReadableFile& file, const std::string& uri) {
  const auto written = file.being_written();
  if (!written.ok()) return written.status();
  if (!*written) return {};
  return failed_precondition(
      cat(uri, " is being written: ", file.size(),
          " bytes of it can be seen so far. Start the job when its writer has closed it, "
          "and let writers move files into the input when they are complete. If the writer died, "
          "`hdfs debug recoverLease "
          "-path PATH` closes the file"));
}

}  // namespace weir
