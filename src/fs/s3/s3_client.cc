#include "fs/s3/s3_client.h"

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kLong{1000};

/// Spreads consecutive numbers (SplitMix64).
uint64_t scrambled(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

S3Client::S3Client(S3Options options, std::shared_ptr<S3CredentialChain> credentials,
                   std::shared_ptr<HttpClient> http)
    : options_(std::move(options)), credentials_(std::move(credentials)), http_(std::move(http)) {
  const size_t scheme_end = options_.endpoint.find("://") + 3;
  host_ = options_.endpoint.substr(scheme_end);
  if (!options_.path_style) host_ = cat(options_.bucket, ".", host_);
  base_ = options_.endpoint.substr(0, scheme_end) + host_;
}

std::string S3Client::uri_of(const std::string& key) const {
  return cat("s3://", options_.bucket, "/", key);
}

HttpRequest S3Client::signed_request(const S3Call& call, const S3Credentials& credentials) const {
  S3SignedParts parts{
      .method = call.method,
      .path = s3_encode(cat("/", options_.path_style ? options_.bucket + "/" : "", call.key), true),
      .query = call.query,
      .headers = call.headers,
      .payload_sha256 = sha256_hex(call.body ? *call.body : std::string())};
  const S3SigningScope scope{amz_date(options_.wall_ms()), options_.region};
  parts.headers.emplace_back("host", host_);
  parts.headers.emplace_back("x-amz-date", scope.date);
  // The store refuses a body that was changed on its way.
  parts.headers.emplace_back("x-amz-content-sha256", parts.payload_sha256);
  if (call.body) parts.headers.emplace_back("content-type", "application/octet-stream");
  if (!credentials.session_token.empty())
    parts.headers.emplace_back("x-amz-security-token", credentials.session_token);
  HttpRequest request{.method = call.method,
                      .url = base_ + parts.path,
                      .headers = parts.headers,
                      .body = call.body,
                      .answer_bytes_max = call.answer_bytes_max};
  if (!parts.query.empty()) request.url += "?" + s3_query(parts.query);
  request.headers.emplace_back("authorization", s3_authorization(parts, scope, credentials));
  return request;
}

S3Answer S3Client::answer_of(const S3Call& call, HttpAnswer http) const {
  S3Answer answer;
  if (http.outcome != HttpReply::Outcome::kAnswered) {
    answer.status = unavailable(
        cat("cannot ", call.what, " ", uri_of(call.key), ": ", options_.endpoint,
            http.outcome == HttpReply::Outcome::kNotSent ? " is not reachable" : " gave no answer",
            " (", http.problem, ")", reached_ ? "" : "; is s3.endpoint right?"));
    answer.http = std::move(http);
    return answer;
  }
  const bool may_hide_error = call.method == "POST" && call.body != nullptr;
  if (http.status / 100 != 2 || may_hide_error) answer.error = parse_s3_error(http.body);
  if (http.status / 100 != 2 || !answer.error.code.empty()) {
    answer.status = s3_status({.what = call.what,
                               .is_head = call.method == "HEAD",
                               .uri = uri_of(call.key),
                               .status = http.status,
                               .error = answer.error,
                               .region = http.header("x-amz-bucket-region")});
  }
  answer.http = std::move(http);
  return answer;
}

std::chrono::milliseconds S3Client::wait_before(int attempt) {
  auto most = options_.retry.first_wait;
  for (int i = 1; i < attempt && most < options_.retry.wait_max; ++i) most *= 2;
  most = std::min(most, options_.retry.wait_max);
  const auto now = options_.now ? static_cast<uint64_t>(options_.now().count()) : 0;
  const uint64_t spread = scrambled(now ^ scrambled(++waits_));
  return most / 2 + std::chrono::milliseconds(spread % static_cast<uint64_t>(most.count() / 2 + 1));
}

std::vector<S3Answer> S3Client::call_all(std::vector<S3Call> calls) {
  std::vector<S3Answer> answers(calls.size());
  std::vector<size_t> left(calls.size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = i;
  const MonotonicTime began = options_.now ? options_.now() : MonotonicTime(0);
  bool renewed = false;
  for (int attempt = 1; !left.empty(); ++attempt) {
    const auto credentials = credentials_->current();
    std::vector<HttpRequest> requests;
    std::vector<HttpAnswer> replies(left.size());
    if (credentials.ok()) {
      for (const size_t i : left) requests.push_back(signed_request(calls[i], *credentials));
      replies = http_->run(requests);
    }
    std::vector<size_t> again;
    bool expired = false;
    for (size_t n = 0; n < left.size(); ++n) {
      S3Answer& answer = answers[left[n]];
      bool earlier_unknown = answer.earlier_unknown;
      if (!credentials.ok()) {
        answer.status = credentials.status();
      } else {
        if (replies[n].outcome == HttpReply::Outcome::kAnswered) reached_ = true;
        answer = answer_of(calls[left[n]], std::move(replies[n]));
        const bool unknown = answer.http.outcome == HttpReply::Outcome::kUnknown ||
                             (answer.status.code() == StatusCode::kUnavailable &&
                              answer.http.status / 100 == 5 && answer.http.status != 503);
        earlier_unknown |= unknown;
      }
      answer.earlier_unknown = earlier_unknown;
      if (answer.status.ok()) continue;
      const S3Refusal refusal{
          .what = "", .uri = "", .status = answer.http.status, .error = answer.error, .region = ""};
      expired |= is_about_expired_credentials(refusal);
      if (answer.status.code() == StatusCode::kUnavailable || is_about_expired_credentials(refusal))
        again.push_back(left[n]);
    }
    if (again.empty()) break;
    const Status& failure = answers[again.front()].status;
    if (expired && (renewed || !credentials_->forget())) break;
    renewed |= expired;
    const int most =
        reached_ ? options_.retry.attempts_max
                 : std::min(options_.retry.attempts_max, options_.retry.first_contact_attempts_max);
    if (attempt >= most) break;
    if (options_.now && options_.now() - began >= options_.retry.deadline) {
      WEIR_LOG(kWarning) << "S3: " << failure.message() << "; after " << attempt << " attempts in "
                         << whole_ms(options_.now() - began)
                         << " ms there is no further one (s3.call-timeout)";
      break;
    }
    const auto wait = wait_before(attempt);
    if (wait >= kLong) {
      WEIR_LOG(kWarning) << "S3: " << failure.message() << "; attempt " << attempt + 1 << " of "
                         << most << " follows";
    }
    if (options_.sleep) options_.sleep(wait);
    left = std::move(again);
  }
  return answers;
}

StatusOr<S3Listing> S3Client::list(const std::string& prefix, bool delimited, int most) {
  S3Listing all;
  std::string next;
  do {
    S3Call call{.method = "GET", .what = "list", .key = ""};
    call.query = {{"list-type", "2"}, {"prefix", prefix}, {"encoding-type", "url"}};
    if (delimited) call.query.emplace_back("delimiter", "/");
    if (most > 0) call.query.emplace_back("max-keys", std::to_string(most));
    if (!next.empty()) call.query.emplace_back("continuation-token", next);
    const S3Answer answer = this->call(std::move(call));
    if (!answer.status.ok()) return answer.status.with_context(cat("list of ", uri_of(prefix)));
    auto page = parse_s3_listing(answer.http.body);
    if (!page.ok()) return page.status().with_context(cat("cannot list ", uri_of(prefix)));
    if (!page->next.empty() && page->next == next)
      return data_loss(cat("cannot list ", uri_of(prefix), ": the store sent the same page again"));
    next = page->next;
    std::move(page->objects.begin(), page->objects.end(), std::back_inserter(all.objects));
    std::move(page->prefixes.begin(), page->prefixes.end(), std::back_inserter(all.prefixes));
  } while (!next.empty() && most == 0);
  return all;
}

StatusOr<std::vector<S3Upload>> S3Client::list_uploads(const std::string& prefix) {
  std::vector<S3Upload> all;
  std::string key, id;
  do {
    S3Call call{.method = "GET", .what = "list the uploads of", .key = ""};
    call.query = {{"uploads", ""}, {"prefix", prefix}, {"encoding-type", "url"}};
    if (!key.empty()) call.query.emplace_back("key-marker", key);
    if (!id.empty()) call.query.emplace_back("upload-id-marker", id);
    const S3Answer answer = this->call(std::move(call));
    if (!answer.status.ok()) return answer.status.with_context(cat("uploads of ", uri_of(prefix)));
    auto page = parse_s3_uploads(answer.http.body);
    if (!page.ok())
      return page.status().with_context(cat("cannot list the uploads of ", uri_of(prefix)));
    if (!page->next_key.empty() && page->next_key == key && page->next_id == id)
      return data_loss(cat("cannot list the uploads of ", uri_of(prefix),
                           ": the store sent the same page again"));
    key = page->next_key;
    id = page->next_id;
    std::move(page->uploads.begin(), page->uploads.end(), std::back_inserter(all));
  } while (!key.empty());
  return all;
}

StatusOr<std::vector<S3Part>> S3Client::list_parts(const S3Upload& upload) {
  std::vector<S3Part> all;
  std::string next;
  do {
    S3Call call{.method = "GET", .what = "list the parts of", .key = upload.key};
    call.query = {{"uploadId", upload.id}};
    if (!next.empty()) call.query.emplace_back("part-number-marker", next);
    const S3Answer answer = this->call(std::move(call));
    if (!answer.status.ok()) return answer.status;
    auto page = parse_s3_parts(answer.http.body);
    if (!page.ok())
      return page.status().with_context(cat("cannot list the parts of ", uri_of(upload.key)));
    if (!page->next.empty() && page->next == next)
      return data_loss(cat("cannot list the parts of ", uri_of(upload.key),
                           ": the store sent the same page again"));
    next = page->next;
    std::move(page->parts.begin(), page->parts.end(), std::back_inserter(all));
  } while (!next.empty());
  return all;
}

StatusOr<std::string> S3Client::begin_upload(const std::string& key) {
  const S3Answer answer = call({.method = "POST",
                                .what = "begin to write",
                                .key = key,
                                .query = {{"uploads", ""}},
                                .headers = {},
                                .body = std::make_shared<const std::string>()});
  if (!answer.status.ok()) return answer.status;
  WEIR_ASSIGN_OR_RETURN(std::string id, parse_s3_upload_id(answer.http.body));
  if (answer.earlier_unknown) {
    WEIR_ASSIGN_OR_RETURN(const auto uploads, list_uploads(key));
    for (const S3Upload& other : uploads) {
      if (other.key == key && other.id != id) WEIR_RETURN_IF_ERROR(abort_upload(other));
    }
  }
  return id;
}

Status S3Client::abort_upload(const S3Upload& upload) {
  const S3Answer answer = call({.method = "DELETE",
                                .what = "abort the upload of",
                                .key = upload.key,
                                .query = {{"uploadId", upload.id}}});
  return answer.status.code() == StatusCode::kNotFound ? Status() : answer.status;
}

}  // namespace weir
