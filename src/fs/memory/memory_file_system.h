#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "fs/file_system.h"

namespace weir {

/// Files in the memory of this process, for tests and for jobs that need no recovery beyond the
/// process. Thread: all methods from any thread; one lock for the tree and for the bytes. Not here:
/// faults and lost writes; the simulator's disk has those.
class MemoryFileSystem final : public FileSystem {
 public:
  /// `wall_ms` dates the files; without it they all are from 1970.
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
  /// What open files share with their file system, which they may outlive.
  struct Tree {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<Node>>
        nodes;                         // guarded by mutex, and so are the nodes' contents
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
