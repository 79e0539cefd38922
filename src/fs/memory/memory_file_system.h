#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "fs/file_system.h"

namespace weir {

/// Files in the memory of this process, for tests and for jobs that need no recovery beyond the
/// process. Thread: all methods from any thread; one lock for the tree and the bytes. Not here:
/// faults and lost writes, which the simulator's disk has.
class MemoryFileSystem final : public FileSystem {
 public:
  /// `wall_ms` gives the files' times; without it they are all from 1970.
  explicit MemoryFileSystem(std::function<int64_t()> wall_ms = {});

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path, CreateMode mode) override;
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  StatusOr<FileInfo> stat(const std::string& path) override;
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Durability durability() const override { return Durability::kProcess; }

  struct Node {
    bool is_directory = false;
    std::string bytes;
    int64_t modified_ms = 0;
  };
  /// Shared by the file system and its open files, which may outlive it.
  struct Tree {
    std::mutex mutex;
    // Guarded by mutex, like the nodes' contents.
    std::map<std::string, std::shared_ptr<Node>> nodes;
    std::function<int64_t()> wall_ms;  // set once
    int64_t now_ms() const { return wall_ms ? wall_ms() : 0; }
  };

 private:
  // All with the mutex held.
  Node* find(const std::string& path) const;
  bool has_children(const std::string& path) const;
  Status make_directories_locked(const std::string& path);

  const std::shared_ptr<Tree> tree_;
};

}  // namespace weir
