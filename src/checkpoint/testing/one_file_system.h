#pragma once

#include <memory>
#include <string>
#include <utility>

#include "fs/file_system_registry.h"
#include "fs/memory/memory_file_system.h"

namespace weir {

/// Returns the same file system for every scheme.
class OneFileSystem final : public FileSystemRegistry {
 public:
  explicit OneFileSystem(std::shared_ptr<FileSystem> given = std::make_shared<MemoryFileSystem>())
      : fs(std::move(given)) {}
  StatusOr<FileLocation> resolve(const std::string& uri) override {
    auto parsed = parse_file_uri(uri);
    if (!parsed.ok()) return parsed.status();
    return FileLocation{fs, parsed->path, uri};
  }
  const std::shared_ptr<FileSystem> fs;
};

}  // namespace weir
