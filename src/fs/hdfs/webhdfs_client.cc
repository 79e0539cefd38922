#include "fs/hdfs/webhdfs_client.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "fs/hdfs/webhdfs_url.h"

namespace weir {
namespace {
constexpr int64_t kAnswerBytesMax = 256 << 20;  // a page of a listing has 1000 entries by default,
                                                // but servers may be configured otherwise
/// How long a NameNode counts as active after it has proven it.
constexpr std::chrono::seconds kProofLasts{5};

/// The active NameNode accepts the call, or reports another problem with it, such as safe mode.
bool shows_that_it_is_not_active(const HttpReply& reply) {
  if (reply.status == 200) return false;
  const Refusal refusal = classify(reply.status, parse_remote_exception(reply.body), reply.body);
  return refusal != Refusal::kSafeMode && is_worth_another_attempt(refusal);
}

}  // namespace

void WebHdfsClient::fail_over(size_t from) {
  const size_t count = options_.namenodes.http_bases.size();
  if (count > 1 && active_.compare_exchange_strong(from, (from + 1) % count)) {
    proven_ = SIZE_MAX;
    WEIR_LOG(kInfo) << "HDFS: asking the NameNode "
                    << options_.namenodes.http_bases[(from + 1) % count] << " instead of "
                    << options_.namenodes.http_bases[from];
  }
}

bool WebHdfsClient::is_doubted(size_t namenode) const {
  return options_.namenodes.http_bases.size() > 1 &&
         (proven_ != namenode || now() - proven_at_.load() > kProofLasts);
}

std::string WebHdfsClient::identity() const {
  // A NameNode that knows the principal wants no other name beside it.
  const std::string user =
      options_.authenticated ? "" : cat("&user.name=", percent_encode(options_.user, false));
  return options_.proxy_user.empty()
             ? user
             : cat(user, "&doas=", percent_encode(options_.proxy_user, false));
}

HttpReply WebHdfsClient::ask_whether_active(size_t namenode) {
  const std::string url = webhdfs_url(options_.namenodes.http_bases[namenode], "/", "MKDIRS", {});
  return http_->send(HttpMethod::kPut, url + identity(), kAnswerBytesMax);
}

Status WebHdfsClient::no_answer(const HttpReply& reply, const std::string& server,
                                std::string_view what, const std::string& path) const {
  return unavailable(
      cat("cannot ", what, " ", path, " on HDFS: ", server,
          reply.outcome == HttpReply::Outcome::kNotSent ? " is not reachable" : " gave no answer",
          " (", reply.problem, ")"));
}

WebHdfsClient::Answer WebHdfsClient::refused(const HttpReply& reply, const std::string& server,
                                             std::string_view what, const std::string& path,
                                             size_t namenode) {
  const RemoteException remote = parse_remote_exception(reply.body);
  Answer answer;
  answer.refusal = classify(reply.status, remote, reply.body);
  answer.status =
      refusal_status(*answer.refusal, reply.status, remote,
                     {std::string(what), path,
                      options_.proxy_user.empty() ? options_.user : options_.proxy_user, server});
  answer.namenode = namenode;
  if (answer.refusal == Refusal::kStandby) fail_over(namenode);
  return answer;
}

WebHdfsClient::Answer WebHdfsClient::call(const Call& call, Parameters parameters) {
  const auto& bases = options_.namenodes.http_bases;
  HdfsAttempts attempts(options_);
  bool earlier_unknown = false;
  size_t asked_in_a_row = 0;
  while (true) {
    const size_t index = active_;
    const std::string& base = bases[index];
    const bool doubted = is_doubted(index);
    std::string url = webhdfs_url(base, call.path, call.op, parameters);
    url += identity();
    HttpReply reply =
        doubted ? ask_whether_active(index) : http_->send(call.method, url, kAnswerBytesMax);
    Answer answer;
    int attempts_max = options_.retry.attempts_max;
    bool next_namenode = false;
    if (reply.outcome == HttpReply::Outcome::kAnswered) {
      reached_ = true;
      if (doubted && !shows_that_it_is_not_active(reply)) {
        proven_at_ = now();
        proven_ = index;
        continue;
      }
      if (reply.status == call.success && !doubted) {
        answer.body = std::move(reply.body);
        answer.location = std::move(reply.location);
        answer.earlier_unknown = earlier_unknown;
        answer.namenode = index;
        return answer;
      }
      answer = refused(reply, base, call.what, call.path, index);
      answer.earlier_unknown = earlier_unknown;
      if (!is_worth_another_attempt(*answer.refusal)) return answer;
      next_namenode = answer.refusal == Refusal::kStandby;
    } else {
      answer.status = no_answer(reply, base, call.what, call.path);
      if (reply.outcome == HttpReply::Outcome::kUnknown && !doubted) earlier_unknown = true;
      answer.earlier_unknown = earlier_unknown;
      fail_over(index);
      next_namenode = true;
      if (!reached_)
        attempts_max = std::max<int>(options_.retry.first_contact_attempts_max,
                                     static_cast<int>(bases.size()) + 1);
      if (reply.outcome == HttpReply::Outcome::kNotSent) {
        answer.status = unavailable(
            cat("cannot ", call.what, " ", call.path, " on HDFS: no NameNode is reachable at ",
                base, " (", reply.problem, "), an address from ", options_.namenodes.origin,
                "; is the NameNode up, and is that the HTTP port "
                "(dfs.namenode.http-address)? If not, set fs.hdfs.http-address"));
      }
    }
    // Ask the other NameNodes at once; wait only after all have been asked.
    if (next_namenode && ++asked_in_a_row < bases.size()) continue;
    asked_in_a_row = 0;
    if (!attempts.another(attempts_max, answer.status)) return answer;
  }
}

}  // namespace weir
