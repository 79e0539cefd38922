#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"
#include "fs/hdfs/hdfs_options.h"
#include "fs/hdfs/webhdfs_client.h"

namespace weir {

/// A file being written to HDFS. Up to HdfsOptions::buffer_bytes are buffered and sent at close();
/// a larger file is sent while it is written.
///
/// CREATE is one exchange that makes the file, fills it and closes it. When its answer is lost,
/// this class reads the path: no file means that it may be sent again; a file with exactly these
/// bytes means success. Anything else is UNAVAILABLE, and nothing is deleted, because the file may
/// be a part of ours.
class HdfsWritableFile final : public WritableFile {
 public:
  HdfsWritableFile(std::shared_ptr<WebHdfsClient> client, const HdfsOptions& options,
                   std::string path, CreateMode mode);
  ~HdfsWritableFile() override;

  Status append(std::string_view bytes) override;
  Status close() override;

 private:
  class Digest;
  enum class Found { kNothing, kOurs, kBeginningOfOurs, kForeign, kUnclear };

  /// Sends the buffer: with `whole` as the entire file, otherwise as its beginning, which leaves
  /// stream_ open.
  Status send_buffer(bool whole);
  WebHdfsClient::Answer redirect(CreateMode mode, const std::string& excluded);
  Status check_length();
  /// Checks the path after a lost answer.
  Found look();
  bool is_beginning_of_ours(int64_t length);
  Status refused_status(const WebHdfsClient::Answer& answer) const;
  /// The outcome of a stream that has ended, and the reason.
  Status end_of_stream(const HttpReply& reply);
  /// After a stream broke and left nothing: the reason that a server gives for refusing an empty
  /// file at the same path, or `otherwise`.
  Status reason_for_nothing(const Status& otherwise);
  Status taken() const;

  const std::shared_ptr<WebHdfsClient> client_;
  const HdfsOptions options_;
  const std::string path_;
  const CreateMode mode_;
  const std::unique_ptr<Digest> digest_;  // of all bytes, to recognize the file by
  std::string buffer_;
  int64_t length_ = 0;
  std::unique_ptr<HttpUpload> stream_;
  std::string stream_server_;
  size_t stream_namenode_ = 0;
  bool closed_ = false;
  Status failed_;
};

}  // namespace weir
