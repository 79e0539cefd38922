#include "rest/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <utility>

#include "base/strings.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndex = "index.html";

/// Whether a canonical path is below a canonical directory.
bool is_below(const fs::path& directory, const fs::path& file) {
  const fs::path relative = file.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

/// Changes when the file does.
std::string etag_of(const struct stat& file) {
  return cat('"', file.st_size, '-', file.st_mtim.tv_sec, '-', file.st_mtim.tv_nsec, '"');
}

Status refused(const std::string& directory, const std::string& why) {
  return invalid_argument(
      cat("cannot serve the dashboard in ", directory, " (web.dashboard.dir): ", why));
}

}  // namespace

std::string content_type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, const char*> kTypes[] = {
      {".html", "text/html; charset=UTF-8"},
      {".js", "application/javascript; charset=UTF-8"},
      {".css", "text/css; charset=UTF-8"},
      {".json", "application/json; charset=UTF-8"},
      {".map", "application/json; charset=UTF-8"},
      {".txt", "text/plain; charset=UTF-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".gif", "image/gif"},
      {".ico", "image/x-icon"},
      {".ttf", "font/ttf"},
      {".woff", "font/woff"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

StatusOr<StaticFiles> StaticFiles::list(const std::string& directory) {
  std::error_code error;
  const fs::path root = fs::canonical(directory, error);
  if (error) return refused(directory, error.message());
  StaticFiles files;
  fs::recursive_directory_iterator next(root, error);
  for (; !error && next != fs::end(next); next.increment(error)) {
    if (files.files_.size() == kMaxFiles)
      return refused(directory, cat("it has more than ", kMaxFiles, " files"));
    const fs::path file = fs::canonical(next->path(), error);
    if (error || !is_below(root, file) || !fs::is_regular_file(file, error)) {
      error.clear();  // a directory, or a link that leads nowhere or out of the directory
      continue;
    }
    files.files_.emplace("/" + next->path().lexically_relative(root).string(), file.string());
  }
  if (error) return refused(directory, error.message());
  if (!files.files_.contains(cat("/", kIndex)))
    return refused(directory, cat("there is no ", kIndex,
                                  "; unpack the folder web/ of the jar "
                                  "flink-runtime-web, and name that folder"));
  return files;
}

std::optional<RestReply> StaticFiles::find(const RestRequest& request) const {
  if (request.method != "GET") return std::nullopt;
  const auto found =
      files_.find(request.path.ends_with('/') ? cat(request.path, kIndex) : request.path);
  if (found == files_.end()) return std::nullopt;
  UniqueFd file(::open(found->second.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts{};
  if (!file.valid() || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return std::nullopt;
  RestReply reply;
  reply.content_type = content_type_of(found->second);
  reply.etag = etag_of(facts);
  // The names of scripts change with their content; that of the page that names them does not.
  reply.cache_control = found->second.ends_with(".html") ? "no-cache" : "private, max-age=300";
  if (request.if_none_match == reply.etag) {
    reply.status = 304;
  } else {
    reply.file = std::move(file);
    reply.file_size = static_cast<uint64_t>(facts.st_size);
  }
  return reply;
}

}  // namespace weir
