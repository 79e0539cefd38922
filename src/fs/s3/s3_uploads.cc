#include "fs/s3/s3_uploads.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr size_t kMd5Digits = 32;
constexpr int kHttpMovedOrRefused = 300;

std::string unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

}  // namespace

int64_t S3WholeUpload::size() const {
  int64_t sum = 0;
  for (const S3Part& part : parts) sum += part.size;
  return sum;
}

std::string S3WholeUpload::etag() const {
  std::string sums;
  for (const S3Part& part : parts) {
    const std::string sum = from_hex(unquoted(part.etag));
    if (sum.size() != kMd5Digits / 2) return {};
    sums += sum;
  }
  return cat("\"", md5_hex(sums), "-", parts.size(), "\"");
}

bool S3WholeUpload::is_at(const S3Head& head) const {
  const std::string expected = etag();
  return !expected.empty() && head.etag == expected && head.size == size();
}

StatusOr<S3Head> head_s3_object(S3Client& client, const std::string& what, const std::string& key) {
  S3Answer answer = client.call({.method = "HEAD", .what = what, .key = key});
  if (!answer.status.ok()) {
    if (answer.http.status < kHttpMovedOrRefused || answer.http.status == 404) return answer.status;
    // Answers to HEAD have no body, so another call has to say why.
    const auto listed = client.list(key, true, 1);
    return listed.ok() ? answer.status : listed.status();
  }
  S3Head head;
  const std::string length = answer.http.header("content-length");
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), head.size);
  if (error != std::errc() || end != length.data() + length.size() || head.size < 0)
    return data_loss(cat("cannot ", what, " ", client.uri_of(key), ": the store says that it has '",
                         length, "' bytes"));
  head.etag = answer.http.header("etag");
  head.modified_ms = std::max<int64_t>(0, parse_http_time(answer.http.header("last-modified")));
  return head;
}

namespace {

/// Some stores answer that an upload is complete which was aborted, if another object has the key.
Status check_completion(S3Client& client, const S3WholeUpload& upload, std::string_view body) {
  const std::string uri = client.uri_of(upload.upload.key);
  const auto etag = parse_s3_completion(body);
  if (!etag.ok())
    return unavailable(cat("cannot tell whether ", uri, " is complete: ", etag.status().message()));
  const auto head = head_s3_object(client, "look at", upload.upload.key);
  if (head.ok() && unquoted(head->etag) == unquoted(*etag) && head->size == upload.size())
    return {};
  if (head.ok() || head.status().code() == StatusCode::kNotFound)
    return not_found(cat("cannot complete ", uri, ": its upload is gone"));
  return unavailable(cat("cannot tell whether ", uri, " is complete: ", head.status().message()));
}

}  // namespace

S3Answer complete_s3_upload(S3Client& client, const S3WholeUpload& upload, bool exclusive) {
  S3Call call{.method = "POST", .what = "complete the upload of", .key = upload.upload.key};
  call.query = {{"uploadId", upload.upload.id}};
  if (exclusive && client.options().conditional_writes) {
    call.headers = {{"if-none-match", "*"}};
  } else if (exclusive) {
    const auto existing = head_s3_object(client, "complete the upload of", upload.upload.key);
    S3Answer answer;
    answer.status =
        existing.ok()
            ? already_exists(cat("cannot write ", client.uri_of(upload.upload.key), ": it exists"))
            : existing.status();
    if (answer.status.code() != StatusCode::kNotFound) return answer;
  }
  call.body = std::make_shared<const std::string>(s3_completion(upload.parts));
  S3Answer answer = client.call(std::move(call));
  if (answer.status.ok()) answer.status = check_completion(client, upload, answer.http.body);
  return answer;
}

void S3StagedFiles::add(const StagedFile& file, S3WholeUpload upload) {
  std::optional<S3WholeUpload> replaced = find_own(file);
  {
    const std::lock_guard lock(mutex_);
    own_.insert_or_assign({file.staged, file.target}, std::move(upload));
  }
  if (!replaced) return;
  if (const Status aborted = client_->abort_upload(replaced->upload); !aborted.ok()) {
    WEIR_LOG(kWarning) << aborted.message();
  }
}

std::optional<S3WholeUpload> S3StagedFiles::find_own(const StagedFile& file) {
  const std::lock_guard lock(mutex_);
  const auto found = own_.find({file.staged, file.target});
  if (found == own_.end()) return std::nullopt;
  return found->second;
}

void S3StagedFiles::forget(const StagedFile& file) {
  const std::lock_guard lock(mutex_);
  own_.erase({file.staged, file.target});
}

StatusOr<S3WholeUpload> S3StagedFiles::find(const StagedFile& file) {
  if (auto own = find_own(file)) return *std::move(own);
  const std::string key = s3_key(file.target);
  WEIR_ASSIGN_OR_RETURN(const auto uploads, client_->list_uploads(key));
  std::optional<S3WholeUpload> largest;
  for (const S3Upload& upload : uploads) {
    if (upload.key != key) continue;
    auto parts = client_->list_parts(upload);
    if (parts.status().code() == StatusCode::kNotFound) continue;
    if (!parts.ok()) return parts.status();
    S3WholeUpload found{upload, *std::move(parts)};
    if (!found.parts.empty() && (!largest || found.size() > largest->size()))
      largest = std::move(found);
  }
  if (!largest)
    return not_found(cat("no upload of ", client_->uri_of(key), " waits to be completed"));
  return *std::move(largest);
}

StatusOr<int64_t> S3StagedFiles::size(const StagedFile& file) {
  WEIR_ASSIGN_OR_RETURN(const S3WholeUpload upload, find(file));
  return upload.size();
}

Status S3StagedFiles::publish(const StagedFile& file) {
  WEIR_ASSIGN_OR_RETURN(const S3WholeUpload upload, find(file));
  const S3Answer answer = complete_s3_upload(*client_, upload, true);
  if (answer.status.ok()) {
    forget(file);
    return {};
  }
  const StatusCode code = answer.status.code();
  const bool may_be_done = code == StatusCode::kNotFound || code == StatusCode::kAlreadyExists ||
                           code == StatusCode::kUnavailable || answer.earlier_unknown;
  return may_be_done ? resolve(file, upload, answer.status) : answer.status;
}

/// An earlier attempt may have completed the upload, or another process has aborted it.
Status S3StagedFiles::resolve(const StagedFile& file, const S3WholeUpload& upload,
                              const Status& failure) {
  const auto head = head_s3_object(*client_, "look at", upload.upload.key);
  if (!head.ok() && head.status().code() != StatusCode::kNotFound)
    return unavailable(cat("cannot tell whether ", client_->uri_of(upload.upload.key),
                           " was completed: ", head.status().message()));
  if (head.ok() && upload.is_at(*head)) {
    forget(file);
    return {};
  }
  const auto parts = client_->list_parts(upload.upload);
  const bool gone = parts.status().code() == StatusCode::kNotFound;
  if (!parts.ok() && !gone) return unavailable(std::string(parts.status().message()));
  if (!gone)
    return head.ok() ? already_exists(
                           cat("cannot write ", client_->uri_of(upload.upload.key), ": it exists"))
                     : failure;
  forget(file);
  if (!head.ok()) return Status(StatusCode::kNotFound, std::string(failure.message()));
  return unavailable(cat("cannot tell whether ", client_->uri_of(upload.upload.key),
                         " was completed by this process or by another one"));
}

Status S3StagedFiles::discard(const StagedFile& file) {
  if (const auto own = find_own(file)) {
    WEIR_RETURN_IF_ERROR(client_->abort_upload(own->upload));
    forget(file);
    return {};
  }
  const std::string key = s3_key(file.target);
  WEIR_ASSIGN_OR_RETURN(const auto uploads, client_->list_uploads(key));
  bool found = false;
  for (const S3Upload& upload : uploads) {
    if (upload.key != key) continue;
    WEIR_RETURN_IF_ERROR(client_->abort_upload(upload));
    found = true;
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(own_, [&](const auto& each) { return each.second.upload.key == key; });
  return found ? Status()
               : not_found(cat("nothing is staged as ", file.staged, " for ", file.target));
}

}  // namespace weir
