#include "fs/real_registry.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "base/component.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/capped_file_system.h"
#include "fs/local/local_file_system.h"
#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

/// A component that makes file systems. The address of its function is null if it is not linked.
struct FileSystemComponent {
  std::string_view name;
  MakeFileSystem* (*make)();
  std::string_view schemes[3];
};
const FileSystemComponent kComponents[] = {
    {"hdfs", &weir_component_hdfs, {"hdfs", "webhdfs", "swebhdfs"}},
    {"s3", &weir_component_s3, {"s3", "s3a"}}};

}  // namespace

StatusOr<FileLocation> RealFileSystems::resolve(const std::string& text) {
  WEIR_ASSIGN_OR_RETURN(const FileUri uri, parse_file_uri(text));
  if (!options_.relative_paths && uri.scheme == "file" && text.find(":/") == std::string::npos &&
      !text.starts_with('/')) {
    return invalid_argument(cat("\"", text,
                                "\" is a relative path, which is another place for each process of "
                                "a cluster; give an absolute one, "
                                "or scheme://authority/path"));
  }
  std::lock_guard lock(mutex_);
  std::shared_ptr<FileSystem>& fs = made_[{uri.scheme, uri.authority}];
  if (fs == nullptr) {
    auto made = make(uri);
    if (!made.ok()) return made.status().with_context(cat("cannot use ", uri.to_string()));
    const CallCap cap{.most = options_.max_calls, .now = options_.now, .sleep = options_.sleep};
    fs = uri.scheme == "memory"
             ? *std::move(made)
             : capped(*std::move(made), cap, cat(uri.scheme, "://", uri.authority));
  }
  return FileLocation{fs, uri.path, uri.to_string()};
}

StatusOr<std::shared_ptr<FileSystem>> RealFileSystems::make(const FileUri& uri) const {
  if (const auto own = options_.own.find(uri.scheme); own != options_.own.end())
    return own->second(uri.authority);
  if (uri.scheme == "file") return std::shared_ptr<FileSystem>(std::make_shared<LocalFileSystem>());
  if (uri.scheme == "memory")
    return std::shared_ptr<FileSystem>(std::make_shared<MemoryFileSystem>(options_.wall_ms));
  for (const FileSystemComponent& component : kComponents) {
    for (const std::string_view scheme : component.schemes) {
      if (scheme != uri.scheme) continue;
      if (component.make == nullptr) return component_missing(cat(scheme, "://"), component.name);
      return component.make()(uri, options_);
    }
  }
  return invalid_argument(
      cat("weir has no file system for the scheme \"", uri.scheme,
          "\": it knows file, hdfs, webhdfs, swebhdfs, s3 and memory, and what the program "
          "gives "
          "to register_file_system()"));
}

std::string process_login_user() {
  const uid_t uid = ::geteuid();
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return entry.pw_name;
  return std::to_string(uid);
}

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

}  // namespace weir
