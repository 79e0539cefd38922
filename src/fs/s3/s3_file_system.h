#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fs/file_system.h"
#include "fs/s3/s3_client.h"
#include "fs/s3/s3_uploads.h"

namespace weir {

/// One bucket. A path is a key without its first '/'.
///
/// S3 has no directories: one exists as long as there are keys below it. make_directories() stores
/// an empty object whose key ends with '/', as other programs do, so that an empty directory is
/// seen. A name below a file is possible. There is no rename.
/// Thread: any.
class S3FileSystem final : public FileSystem {
 public:
  explicit S3FileSystem(std::shared_ptr<S3Client> client)
      : client_(std::move(client)), staged_(std::make_shared<S3StagedFiles>(client_)) {}

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path, CreateMode mode) override;
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  StatusOr<FileInfo> stat(const std::string& path) override;
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Durability durability() const override { return Durability::kPower; }

  StatusOr<std::unique_ptr<WritableFile>> stage(const StagedFile& file, CreateMode mode) override;
  StatusOr<int64_t> staged_size(const StagedFile& file) override { return staged_->size(file); }
  Status publish(const StagedFile& file) override { return staged_->publish(file); }
  Status discard(const StagedFile& file) override { return staged_->discard(file); }
  bool stages_at_target() const override { return true; }
  StatusOr<std::vector<std::string>> unfinished(const std::string& directory) override;

 private:
  /// True if there is a key below the path.
  StatusOr<bool> is_directory(const std::string& path);
  Status remove_object(const std::string& key);
  /// Returns their number.
  StatusOr<int> abort_uploads(const std::string& path, bool below);

  const std::shared_ptr<S3Client> client_;
  const std::shared_ptr<S3StagedFiles> staged_;
};

}  // namespace weir
