#include "fs/s3/s3_readable_file.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr int64_t kFirstWindow = 512 << 10;
constexpr int64_t kWindowMax = 8 << 20;
constexpr int64_t kRangeBytes = 8 << 20;
constexpr int64_t kErrorBytes = 64 << 10;  // for the answer that refuses it

}  // namespace

Status S3ReadableFile::read_at(int64_t offset, int64_t length, std::string* out) {
  out->clear();
  if (offset < 0 || length < 0)
    return invalid_argument(cat("read of ", length, " bytes at ", offset, " of /", key_));
  if (offset >= head_.size || length == 0) return {};
  const int64_t wanted = std::min(length, head_.size - offset);
  window_ = offset == next_ ? std::min(std::max(window_ * 2, kFirstWindow), kWindowMax) : 0;
  next_ = offset + wanted;
  const int64_t ahead_end = ahead_at_ + static_cast<int64_t>(ahead_.size());
  if (offset >= ahead_at_ && offset < ahead_end)
    out->assign(ahead_, static_cast<size_t>(offset - ahead_at_), static_cast<size_t>(wanted));
  const auto have = static_cast<int64_t>(out->size());
  if (have == wanted) return {};
  const int64_t from = offset + have;
  const int64_t fetched = std::min(std::max(wanted - have, window_), head_.size - from);
  if (fetched == wanted - have) return fetch(from, fetched, out);
  std::string more;
  WEIR_RETURN_IF_ERROR(fetch(from, fetched, &more));
  out->append(more, 0, static_cast<size_t>(wanted - have));
  ahead_ = std::move(more);
  ahead_at_ = from;
  return {};
}

Status S3ReadableFile::fetch(int64_t offset, int64_t length, std::string* out) {
  out->reserve(out->size() + static_cast<size_t>(length));
  while (length > 0) {
    std::vector<S3Call> calls;
    std::vector<int64_t> sizes;
    for (int i = 0; i < client_->options().parallel && length > 0; ++i) {
      const int64_t size = std::min(length, kRangeBytes);
      S3Call call{.method = "GET", .what = "read", .key = key_};
      call.headers = {{"range", cat("bytes=", offset, "-", offset + size - 1)}};
      if (!head_.etag.empty()) call.headers.emplace_back("if-match", head_.etag);
      call.answer_bytes_max = size + kErrorBytes;
      calls.push_back(std::move(call));
      sizes.push_back(size);
      offset += size;
      length -= size;
    }
    const auto answers = client_->call_all(std::move(calls));
    for (size_t i = 0; i < answers.size(); ++i) {
      const S3Answer& answer = answers[i];
      if (answer.http.status == 412)
        return data_loss(cat("read of ", client_->uri_of(key_), ": it was replaced meanwhile"));
      WEIR_RETURN_IF_ERROR(answer.status);
      if (static_cast<int64_t>(answer.http.body.size()) != sizes[i])
        return data_loss(cat("read of ", client_->uri_of(key_), ": the store sent ",
                             answer.http.body.size(), " instead of ", sizes[i], " bytes"));
      *out += answer.http.body;
    }
  }
  return {};
}

}  // namespace weir
