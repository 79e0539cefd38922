#include "fs/s3/s3_writable_file.h"

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

/// S3 allows 10 000 parts. Doubling their size each time reaches its limit for a file, 5 TiB.
constexpr size_t kPartsOfOneSize = 1000;
constexpr int64_t kReadBackBytesMax = 256 << 20;

}  // namespace

S3WritableFile::S3WritableFile(std::shared_ptr<S3Client> client, std::string path, CreateMode mode)
    : client_(std::move(client)),
      key_(s3_key(path)),
      exclusive_(mode == CreateMode::kExclusive),
      parallel_(client_->options().parallel) {}

// A sink has many staged files at a time, so they buffer less.
S3WritableFile::S3WritableFile(std::shared_ptr<S3Client> client,
                               std::shared_ptr<S3StagedFiles> staged_files, StagedFile names)
    : client_(std::move(client)),
      key_(s3_key(names.target)),
      exclusive_(true),
      staged_files_(std::move(staged_files)),
      names_(std::move(names)),
      parallel_(1) {}

int64_t S3WritableFile::part_bytes() const {
  const size_t sent = upload_ ? upload_->parts.size() : 0;
  return client_->options().part_bytes << std::min<size_t>(sent / kPartsOfOneSize, 10);
}

Status S3WritableFile::append(std::string_view bytes) {
  if (closed_)
    return failed_precondition(cat("append to ", client_->uri_of(key_), ", which is closed"));
  if (!failed_.ok()) return failed_;
  while (!bytes.empty()) {
    const auto room = static_cast<size_t>(parallel_ * part_bytes()) - buffer_.size();
    const std::string_view piece = bytes.substr(0, room);
    buffer_ += piece;
    bytes.remove_prefix(piece.size());
    if (piece.size() == room) {
      if (failed_ = send_parts(false); !failed_.ok()) return failed_;
    }
  }
  return {};
}

Status S3WritableFile::send_parts(bool all) {
  if (!upload_) {
    WEIR_ASSIGN_OR_RETURN(std::string id, client_->begin_upload(key_));
    upload_ = S3WholeUpload{{key_, std::move(id)}, {}};
  }
  const auto size = static_cast<size_t>(part_bytes());
  std::vector<S3Call> calls;
  size_t at = 0;
  while (buffer_.size() - at >= size ||
         (all && (at < buffer_.size() || (calls.empty() && upload_->parts.empty())))) {
    const int number = static_cast<int>(upload_->parts.size() + calls.size()) + 1;
    S3Call call{.method = "PUT", .what = "write", .key = key_};
    call.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_->upload.id}};
    call.body = std::make_shared<const std::string>(buffer_, at, size);
    at += call.body->size();
    calls.push_back(std::move(call));
  }
  buffer_.erase(0, at);
  std::vector<int64_t> sizes;
  for (const S3Call& call : calls) sizes.push_back(static_cast<int64_t>(call.body->size()));
  const auto answers = client_->call_all(std::move(calls));
  for (size_t i = 0; i < answers.size(); ++i) {
    const Status& status = answers[i].status;
    if (status.code() == StatusCode::kNotFound)
      return aborted(cat("cannot write ", client_->uri_of(key_),
                         ": its upload was aborted, perhaps by a later start of the job"));
    WEIR_RETURN_IF_ERROR(status);
    const std::string etag = answers[i].http.header("etag");
    if (etag.empty())
      return data_loss(
          cat("cannot write ", client_->uri_of(key_), ": the store took a part and sent no ETag"));
    upload_->parts.push_back({static_cast<int>(upload_->parts.size()) + 1, etag, sizes[i]});
  }
  return {};
}

Status S3WritableFile::close() {
  if (closed_) return failed_precondition(cat(client_->uri_of(key_), " is closed twice"));
  closed_ = true;
  const Status status = failed_.ok() ? finish() : failed_;
  if (!status.ok()) abort();
  return status;
}

Status S3WritableFile::finish() {
  if (!upload_ && !staged_files_) return put_whole();
  if (!buffer_.empty() || !upload_) WEIR_RETURN_IF_ERROR(send_parts(true));
  if (!staged_files_) return complete();
  staged_files_->add(names_, *std::move(upload_));
  upload_.reset();
  return {};
}

Status S3WritableFile::complete() {
  const S3Answer answer = complete_s3_upload(*client_, *upload_, exclusive_);
  if (answer.status.ok()) {
    upload_.reset();
    return {};
  }
  if (!answer.earlier_unknown && answer.status.code() != StatusCode::kNotFound)
    return answer.status;
  const auto head = head_s3_object(*client_, "write", key_);
  if (head.ok() && upload_->is_at(*head)) {
    upload_.reset();
    return {};
  }
  if (answer.status.code() == StatusCode::kAlreadyExists) return answer.status;
  return unavailable(cat(answer.status.message(), "; what is there may be the file"));
}

Status S3WritableFile::put_whole() {
  S3Call call{.method = "PUT", .what = "write", .key = key_};
  call.body = std::make_shared<const std::string>(std::move(buffer_));
  buffer_.clear();
  const auto bytes = call.body;
  if (exclusive_ && client_->options().conditional_writes) {
    call.headers = {{"if-none-match", "*"}};
  } else if (exclusive_) {
    const auto existing = head_s3_object(*client_, "write", key_);
    if (existing.ok())
      return already_exists(cat("cannot create ", client_->uri_of(key_), ": it exists"));
    if (existing.status().code() != StatusCode::kNotFound) return existing.status();
  }
  const S3Answer answer = client_->call(std::move(call));
  if (answer.status.ok() || !answer.earlier_unknown) return answer.status;
  // An attempt whose answer was lost may have made the file.
  S3Call read{.method = "GET", .what = "read back", .key = key_};
  read.answer_bytes_max = kReadBackBytesMax;
  const S3Answer there = client_->call(std::move(read));
  if (there.status.ok() && there.http.body == *bytes) return {};
  if (there.status.ok() && answer.status.code() == StatusCode::kAlreadyExists) return answer.status;
  return unavailable(cat(answer.status.message(), "; what is there may be the file"));
}

void S3WritableFile::abort() {
  if (!upload_) return;
  if (const Status aborted = client_->abort_upload(upload_->upload); !aborted.ok()) {
    WEIR_LOG(kWarning) << aborted.message();
  }
  upload_.reset();
}

}  // namespace weir
