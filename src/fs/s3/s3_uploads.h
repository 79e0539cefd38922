#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fs/file_system.h"
#include "fs/s3/s3_client.h"

namespace weir {

/// The size and the ETag of an object.
struct S3Head {
  int64_t size = 0;
  std::string etag;
  int64_t modified_ms = 0;
};

/// A multipart upload with all its parts, which can be completed or aborted.
struct S3WholeUpload {
  S3Upload upload;
  std::vector<S3Part> parts;

  int64_t size() const;
  /// The ETag that the object will have. Empty if the store's tags of parts are no MD5 sums.
  std::string etag() const;
  /// True if the object was made by completing this upload.
  bool is_at(const S3Head& head) const;
};

/// The staged files of a bucket: uploads that publish() completes. Those that this process has
/// written are known by their names. Others, of a process that is gone, are found by their target,
/// which they have for themselves. Thread: any.
class S3StagedFiles {
 public:
  explicit S3StagedFiles(std::shared_ptr<S3Client> client) : client_(std::move(client)) {}

  void add(const StagedFile& file, S3WholeUpload upload);
  StatusOr<int64_t> size(const StagedFile& file);
  Status publish(const StagedFile& file);
  /// If this process has not staged the file by these names: aborts all uploads of its target.
  Status discard(const StagedFile& file);

 private:
  std::optional<S3WholeUpload> find_own(const StagedFile& file);
  void forget(const StagedFile& file);
  /// The largest upload of the target: a smaller one is of an attempt whose answer was lost.
  StatusOr<S3WholeUpload> find(const StagedFile& file);
  Status resolve(const StagedFile& file, const S3WholeUpload& upload, const Status& failure);

  const std::shared_ptr<S3Client> client_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, S3WholeUpload> own_;  // guarded by mutex_
};

/// The key of a path.
inline std::string s3_key(const std::string& path) { return path.substr(1); }

/// Completes an upload. With `exclusive`, ALREADY_EXISTS if the object exists. NOT_FOUND: the
/// upload is gone. Blocks.
S3Answer complete_s3_upload(S3Client& client, const S3WholeUpload& upload, bool exclusive);
/// NOT_FOUND if there is no object.
StatusOr<S3Head> head_s3_object(S3Client& client, const std::string& what, const std::string& key);

}  // namespace weir
