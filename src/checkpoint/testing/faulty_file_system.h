#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs/memory/memory_file_system.h"

namespace weir {

/// An in-memory file system whose operations fail as the test decides. `before` is called with the
/// operation ("create", "append", "close", "open", "stat", "list", "mkdir", "rename", "remove",
/// "remove_all") and the path (of rename: the target). If it returns an error, that is the answer
/// and nothing is done. `after` is called once the operation is done, and can replace the answer by
/// an error. Thread: one at a time.
class FaultyFileSystem final : public FileSystem {
 public:
  using Fault = std::function<Status(std::string_view operation, const std::string& path)>;
  Fault before = [](std::string_view, const std::string&) { return Status(); };
  Fault after = [](std::string_view, const std::string&) { return Status(); };

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                 CreateMode mode) override {
    if (Status status = before("create", path); !status.ok()) return status;
    auto file = inner_.create(path, mode);
    if (!file.ok()) return file;
    return std::unique_ptr<WritableFile>(
        std::make_unique<File>(*this, path, std::move(file).value()));
  }
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    if (Status status = before("open", path); !status.ok()) return status;
    return inner_.open(path);
  }
  StatusOr<FileInfo> stat(const std::string& path) override {
    if (Status status = before("stat", path); !status.ok()) return status;
    return inner_.stat(path);
  }
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override {
    if (Status status = before("list", path); !status.ok()) return status;
    return inner_.list(path);
  }
  Status make_directories(const std::string& path) override {
    return mutate("mkdir", path, [&] { return inner_.make_directories(path); });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return mutate("rename", to, [&] { return inner_.rename(from, to); });
  }
  Status remove(const std::string& path) override {
    return mutate("remove", path, [&] { return inner_.remove(path); });
  }
  Status remove_all(const std::string& path) override {
    return mutate("remove_all", path, [&] { return inner_.remove_all(path); });
  }
  Durability durability() const override { return inner_.durability(); }
  Status discard(const StagedFile& file) override {
    return uploads.erase(file.staged) > 0 ? Status() : remove(file.staged);
  }
  StatusOr<std::vector<std::string>> unfinished(const std::string& directory) override {
    std::vector<std::string> paths;
    std::copy_if(uploads.begin(), uploads.end(), std::back_inserter(paths),
                 [&](const std::string& path) { return path.starts_with(directory + "/"); });
    return paths;
  }

  std::set<std::string> uploads;  ///< paths that have unfinished writes, as in an object store
  /// Bypasses the faults.
  MemoryFileSystem& inner() { return inner_; }
  bool exists(const std::string& path) { return inner_.stat(path).ok(); }

 private:
  class File final : public WritableFile {
   public:
    File(FaultyFileSystem& fs, std::string path, std::unique_ptr<WritableFile> inner)
        : fs_(fs), path_(std::move(path)), inner_(std::move(inner)) {}
    Status append(std::string_view bytes) override {
      return fs_.mutate("append", path_, [&] { return inner_->append(bytes); });
    }
    Status close() override {
      return fs_.mutate("close", path_, [&] { return inner_->close(); });
    }

   private:
    FaultyFileSystem& fs_;
    const std::string path_;
    const std::unique_ptr<WritableFile> inner_;
  };

  template <class Operation>
  Status mutate(std::string_view name, const std::string& path, Operation operation) {
    if (Status status = before(name, path); !status.ok()) return status;
    if (Status status = operation(); !status.ok()) return status;
    return after(name, path);
  }

  MemoryFileSystem inner_;
};

}  // namespace weir
