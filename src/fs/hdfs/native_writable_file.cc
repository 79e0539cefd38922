#include "fs/hdfs/native_writable_file.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

// CreateFlag of Hadoop. With the last one, a file in a directory with erasure coding is replicated.
constexpr uint32_t kCreate = 1, kOverwrite = 2, kShouldReplicate = 128;
constexpr std::chrono::milliseconds kFirstWait{2}, kWaitMax{500}, kCloseDeadline{60'000};

Status refused_create(const NameNodeClient::Answer& answer, const std::string& path,
                      CreateMode mode) {
  const bool exists = answer.refusal == Refusal::kAlreadyExists ||
                      answer.refusal == Refusal::kIsADirectory || answer.refusal == Refusal::kBusy;
  if (!exists) return answer.status;
  if (mode == CreateMode::kReplace)
    return answer.refusal == Refusal::kIsADirectory
               ? failed_precondition(std::string(answer.status.message()))
               : unavailable(std::string(answer.status.message()));
  // The NameNode would have recognized the call if it had carried it out within ten minutes.
  if (answer.earlier_unknown) {
    return unavailable(cat("cannot tell whether this process made ", path,
                           " on HDFS, which exists: ", answer.status.message()));
  }
  return already_exists(cat("cannot create ", path, " on HDFS: it exists"));
}

/// The sizes of new files: the configured ones, else the NameNode's.
Status add_defaults(const NativeHdfs& hdfs, const std::string& path,
                    hadoop::CreateRequest* request) {
  if (hdfs.block_bytes == 0 || hdfs.replication == 0) {
    hadoop::GetServerDefaultsResponse response;
    const auto answer = hdfs.namenode->call({"getServerDefaults", "create", path},
                                            hadoop::GetServerDefaultsRequest(), &response);
    WEIR_RETURN_IF_ERROR(answer.status);
    if (hdfs.block_bytes == 0)
      hdfs.block_bytes = static_cast<int64_t>(response.serverdefaults().blocksize());
    if (hdfs.replication == 0)
      hdfs.replication = static_cast<int>(response.serverdefaults().replication());
  }
  const int64_t block = std::max<int64_t>(hdfs.block_bytes / static_cast<int64_t>(kChunkBytes), 1) *
                        static_cast<int64_t>(kChunkBytes);
  request->set_blocksize(static_cast<uint64_t>(block));
  request->set_replication(static_cast<uint32_t>(hdfs.replication.load()));
  return {};
}

}  // namespace

StatusOr<std::unique_ptr<WritableFile>> NativeWritableFile::create(
    std::shared_ptr<const NativeHdfs> hdfs, const std::string& path, CreateMode mode) {
  hadoop::CreateRequest request;
  request.set_src(path);
  request.mutable_masked()->set_perm(permission_bits(hdfs->options.file_permission));
  request.set_clientname(hdfs->client_name);
  request.set_createflag(kCreate | kShouldReplicate |
                         (mode == CreateMode::kReplace ? kOverwrite : 0));
  request.set_createparent(true);
  WEIR_RETURN_IF_ERROR(add_defaults(*hdfs, path, &request));
  hadoop::CreateResponse response;
  const auto answer = hdfs->namenode->call({"create", "create", path}, request, &response);
  if (!answer.status.ok()) return refused_create(answer, path, mode);
  BlockSenderOptions options;
  options.block_bytes = static_cast<int64_t>(request.blocksize());
  options.sync = hdfs->options.sync_on_close;
  options.silence = hdfs->silence;
  BlockSender::File file{path, response.fs().fileid(), hdfs->client_name};
  return std::unique_ptr<WritableFile>(
      std::make_unique<NativeWritableFile>(std::move(hdfs), std::move(file), options));
}

NativeWritableFile::NativeWritableFile(std::shared_ptr<const NativeHdfs> hdfs,
                                       BlockSender::File file, const BlockSenderOptions& options)
    : hdfs_(std::move(hdfs)),
      file_(std::move(file)),
      sender_(hdfs_->namenode, hdfs_->dialer, file_, options) {
  hdfs_->leases->file_opened();
}

NativeWritableFile::~NativeWritableFile() {
  if (!closed_) hdfs_->leases->file_closed();
}

Status NativeWritableFile::append(std::string_view bytes) {
  if (closed_)
    return failed_precondition(cat("append to ", file_.path, " on HDFS, which is closed"));
  if (failed_.ok()) failed_ = sender_.append(bytes);
  return failed_;
}

Status NativeWritableFile::close() {
  if (closed_)
    return failed_precondition(cat("close of ", file_.path, " on HDFS, which is closed"));
  if (failed_.ok()) failed_ = sender_.finish();
  if (failed_.ok()) failed_ = complete();
  closed_ = true;
  hdfs_->leases->file_closed();
  return failed_;
}

Status NativeWritableFile::complete() {
  hadoop::CompleteRequest request;
  request.set_src(file_.path);
  request.set_clientname(file_.client_name);
  if (sender_.last() != nullptr) *request.mutable_last() = sender_.last()->b();
  request.set_fileid(file_.id);
  const NameNodeClientOptions& environment = hdfs_->namenode->options();
  const MonotonicTime began = environment.now();
  // DataNodes report the block to the NameNode while they acknowledge it to this client, so the
  // first answer may be "not yet".
  for (auto wait = kFirstWait;; wait = std::min(wait * 2, kWaitMax)) {
    hadoop::CompleteResponse response;
    const auto answer =
        hdfs_->namenode->call({"complete", "close", file_.path}, request, &response);
    if (answer.refusal == Refusal::kNotFound || answer.exception == "LeaseExpiredException") {
      return data_loss(cat(file_.path,
                           " on HDFS was removed, replaced or closed by someone else while it was "
                           "written: ",
                           answer.status.message()));
    }
    WEIR_RETURN_IF_ERROR(answer.status);
    if (response.result()) return {};
    if (environment.now() - began > kCloseDeadline) {
      return unavailable(cat("cannot close ", file_.path,
                             " on HDFS: the DataNodes have not reported its last block for ",
                             kCloseDeadline.count(),
                             " ms; hdfs dfsadmin -report shows which are "
                             "alive"));
    }
    if (environment.sleep) environment.sleep(wait);
  }
}

}  // namespace weir
