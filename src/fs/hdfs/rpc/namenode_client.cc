#include "fs/hdfs/rpc/namenode_client.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"

namespace weir {

NameNodeClient::NameNodeClient(NameNodeClientOptions options) : options_(std::move(options)) {
  for (size_t i = 0; i < options_.namenodes.size(); ++i) links_.push_back(std::make_unique<Link>());
}

void NameNodeClient::fail_over(size_t from) {
  const size_t count = options_.namenodes.size();
  if (count > 1 && active_.compare_exchange_strong(from, (from + 1) % count)) {
    WEIR_LOG(kInfo) << "HDFS: asking the NameNode " << options_.namenodes[(from + 1) % count].text()
                    << " instead of " << options_.namenodes[from].text();
  }
}

StatusOr<std::shared_ptr<RpcConnection>> NameNodeClient::connection_to(size_t namenode,
                                                                       bool* fresh) {
  Link& link = *links_[namenode];
  std::lock_guard lock(link.mutex);
  *fresh = false;
  if (link.connection && !link.connection->broken()) return link.connection;
  link.connection.reset();
  *fresh = true;
  auto opened = options_.connect(options_.namenodes[namenode]);
  if (opened.ok()) link.connection = *opened;
  return opened;
}

RpcReply NameNodeClient::try_once(size_t namenode, const RpcCall& call) {
  while (true) {
    bool fresh = false;
    auto connection = connection_to(namenode, &fresh);
    if (!connection.ok()) {
      RpcReply reply;
      const StatusCode code = connection.status().code();
      // The server's refusal of this client, and faults of this client's own credentials.
      reply.outcome = code == StatusCode::kUnavailable ? RpcReply::Outcome::kNotSent
                                                       : RpcReply::Outcome::kRefused;
      reply.unauthorized = reply.outcome == RpcReply::Outcome::kRefused;
      reply.message = reply.problem = connection.status().message();
      return reply;
    }
    RpcReply reply = (*connection)->call(call, options_.answer_timeout);
    // The server closes connections that were idle; that says nothing about the server.
    if (!fresh && reply.outcome == RpcReply::Outcome::kNotSent) continue;
    return reply;
  }
}

NameNodeClient::Answer NameNodeClient::refused(const RpcReply& reply, const Call& call,
                                               size_t namenode) const {
  Answer answer;
  const RemoteException remote{reply.exception, reply.message};
  answer.exception = reply.exception;
  if (reply.exception.empty()) {  // the connection was refused, by either side
    answer.refusal = Refusal::kAuthentication;
    answer.status = permission_denied(cat("cannot ", call.what, " ", call.path,
                                          " on HDFS: ", options_.namenodes[namenode].text(), ": ",
                                          reply.message));
    return answer;
  }
  answer.refusal =
      reply.unauthorized ? Refusal::kAuthentication : classify(403, remote, std::string_view());
  answer.status = refusal_status(
      *answer.refusal, 403, remote,
      {std::string(call.what), call.path, options_.user, options_.namenodes[namenode].text()});
  return answer;
}

NameNodeClient::Answer NameNodeClient::failed(const RpcReply& reply, const Call& call,
                                              size_t namenode) const {
  const std::string address = options_.namenodes[namenode].text();
  Answer answer;
  answer.status =
      reply.outcome == RpcReply::Outcome::kUnknown
          ? unavailable(cat("cannot ", call.what, " ", call.path, " on HDFS: ", address,
                            " gave no answer (", reply.problem, ")"))
          : unavailable(cat("cannot ", call.what, " ", call.path,
                            " on HDFS: no NameNode is reachable at ", address, " (", reply.problem,
                            "), an address from ", options_.origin,
                            "; is the NameNode up, and is that its RPC port "
                            "(dfs.namenode.rpc-address)? If not, set fs.hdfs.rpc-address"));
  return answer;
}

NameNodeClient::Answer NameNodeClient::call(const Call& call,
                                            const google::protobuf::MessageLite& request,
                                            google::protobuf::MessageLite* response) {
  const std::string bytes = request.SerializeAsString();
  RpcCall attempt{.id = next_call_id_++ & INT32_MAX, .method = call.method, .request = bytes};
  HdfsAttempts attempts(options_);
  bool earlier_unknown = false;
  size_t asked_in_a_row = 0;
  while (true) {
    const size_t index = active_;
    const RpcReply reply = try_once(index, attempt);
    Answer answer;
    int attempts_max = options_.retry.attempts_max;
    bool next_namenode = false;
    if (reply.outcome == RpcReply::Outcome::kAnswered) {
      reached_ = true;
      if (!parse_message(reply.body, response))
        answer.status = unavailable(cat("cannot ", call.what, " ", call.path,
                                        " on HDFS: ", options_.namenodes[index].text(),
                                        " sent an answer that cannot be read"));
      answer.earlier_unknown = earlier_unknown;
      return answer;
    }
    if (reply.outcome == RpcReply::Outcome::kRefused) {
      reached_ = true;
      answer = refused(reply, call, index);
      answer.earlier_unknown = earlier_unknown;
      if (!is_worth_another_attempt(*answer.refusal) || answer.refusal == call.not_repeated_after)
        return answer;
      next_namenode = answer.refusal == Refusal::kStandby;
    } else {
      if (reply.outcome == RpcReply::Outcome::kUnknown) earlier_unknown = true;
      answer = failed(reply, call, index);
      answer.earlier_unknown = earlier_unknown;
      next_namenode = true;
      if (!reached_)
        attempts_max = std::max<int>(options_.retry.first_contact_attempts_max,
                                     static_cast<int>(options_.namenodes.size()) + 1);
    }
    ++attempt.retry_count;
    if (next_namenode) {
      fail_over(index);
      // Ask the other NameNodes at once; wait only after all have been asked.
      if (++asked_in_a_row < options_.namenodes.size()) continue;
    }
    asked_in_a_row = 0;
    if (!attempts.another(attempts_max, answer.status)) return answer;
  }
}

}  // namespace weir
