#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fs/s3/s3_client.h"
#include "fs/s3/s3_uploads.h"

namespace weir {

/// A file being written to S3. Bytes are buffered for several parts, which are sent at the same
/// time. A file that is closed before it fills the buffer is sent in one piece, unless it is
/// staged: a staged file is always an upload, because an upload that was aborted cannot be
/// completed by a request that comes late.
class S3WritableFile final : public WritableFile {
 public:
  S3WritableFile(std::shared_ptr<S3Client> client, std::string path, CreateMode mode);
  S3WritableFile(std::shared_ptr<S3Client> client, std::shared_ptr<S3StagedFiles> staged_files,
                 StagedFile names);

  Status append(std::string_view bytes) override;
  Status close() override;

 private:
  /// Sends whole parts, or all that is buffered.
  Status send_parts(bool all);
  int64_t part_bytes() const;
  Status put_whole();
  Status finish();
  Status complete();
  /// After a failure: what was sent must not stay.
  void abort();

  const std::shared_ptr<S3Client> client_;
  const std::string key_;
  const bool exclusive_;
  const std::shared_ptr<S3StagedFiles> staged_files_;  ///< null: not staged
  const StagedFile names_;
  const int parallel_;
  std::string buffer_;
  std::optional<S3WholeUpload> upload_;
  bool closed_ = false;
  Status failed_;
};

}  // namespace weir
