#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"
#include "fs/hdfs/native_hdfs.h"

namespace weir {

/// HDFS by its own protocols: Hadoop RPC to the NameNodes, data transfer to the DataNodes. create()
/// makes the file at once, so of two exclusive writers the second learns it there. Thread: any.
class NativeFileSystem final : public FileSystem {
 public:
  explicit NativeFileSystem(std::shared_ptr<const NativeHdfs> hdfs) : hdfs_(std::move(hdfs)) {}

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path, CreateMode mode) override;
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  StatusOr<FileInfo> stat(const std::string& path) override;
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Durability durability() const override {
    return hdfs_->options.sync_on_close ? Durability::kPower : Durability::kProcess;
  }

 private:
  StatusOr<FileInfo> look(std::string_view what, const std::string& path);
  Status remove_with(const std::string& path, bool recursive);

  const std::shared_ptr<const NativeHdfs> hdfs_;
};

}  // namespace weir
