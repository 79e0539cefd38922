#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"
#include "fs/hdfs/hdfs_options.h"
#include "fs/hdfs/webhdfs_client.h"

namespace weir {

/// A file on its way to HDFS: gathered up to HdfsOptions::buffer_bytes and then sent at close(), or
/// else sent as it is written.
///
/// CREATE is one exchange that makes the file, fills it and closes it. When its answer is lost the
/// outcome is found by looking: no file means it may be sent again; a file with exactly these bytes
/// means that it was done; anything else is told to the caller as UNAVAILABLE, for what is there
/// may be half of ours, and nothing is deleted.
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

  /// Sends the buffer: with `whole` as the entire file, otherwise as the beginning of one, which
  /// leaves stream_ open.
  Status send_buffer(bool whole);
  WebHdfsClient::Answer redirect(CreateMode mode, const std::string& excluded);
  Status check_length();
  /// Looks at what is at the path after a lost answer.
  Found look();
  bool is_beginning_of_ours(int64_t length);
  Status refused_status(const WebHdfsClient::Answer& answer) const;
  /// What a stream that is over has come to, and why.
  Status end_of_stream(const HttpReply& reply);
  /// After a stream broke and left nothing: the reason a server gives for an empty file at the same
  /// path, if it has one.
  Status reason_for_nothing(const Status& otherwise);
  Status taken() const;

  const std::shared_ptr<WebHdfsClient> client_;
  const HdfsOptions options_;
  const std::string path_;
  const CreateMode mode_;
  const std::unique_ptr<Digest> digest_;  // of all bytes, to recognise them
  std::string buffer_;
  int64_t length_ = 0;
  std::unique_ptr<HttpUpload> stream_;
  std::string stream_server_;
  size_t stream_namenode_ = 0;
  bool closed_ = false;
  Status failed_;
};

}  // namespace weir
