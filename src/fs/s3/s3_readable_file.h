#pragma once

#include <memory>
#include <string>

#include "fs/s3/s3_client.h"
#include "fs/s3/s3_uploads.h"

namespace weir {

/// An object being read. Reads that follow each other fetch more than they want, and large ones
/// fetch several ranges at the same time. DATA_LOSS if the object was replaced meanwhile.
class S3ReadableFile final : public ReadableFile {
 public:
  S3ReadableFile(std::shared_ptr<S3Client> client, std::string key, S3Head head)
      : client_(std::move(client)), key_(std::move(key)), head_(std::move(head)) {}

  Status read_at(int64_t offset, int64_t length, std::string* out) override;
  int64_t size() const override { return head_.size; }

 private:
  Status fetch(int64_t offset, int64_t length, std::string* out);

  const std::shared_ptr<S3Client> client_;
  const std::string key_;
  const S3Head head_;
  std::string ahead_;  ///< the bytes from ahead_at_ on
  int64_t ahead_at_ = 0;
  int64_t next_ = -1;  ///< the end of the last read
  int64_t window_ = 0;
};

}  // namespace weir
