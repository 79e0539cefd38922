#include "fs/hdfs/rpc/rpc_frames.h"

#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

constexpr int32_t kContextCallId = -3;
constexpr uint32_t kUnauthorized = 15;  // FATAL_UNAUTHORIZED
constexpr std::string_view kProtocol = "org.apache.hadoop.hdfs.protocol.ClientProtocol";

hadoop::RpcRequestHeader header_of(const RpcCallIds& ids) {
  hadoop::RpcRequestHeader header;
  header.set_rpckind(hadoop::RPC_PROTOCOL_BUFFER);
  header.set_rpcop(hadoop::RpcRequestHeader::RPC_FINAL_PACKET);
  header.set_callid(ids.id);
  header.set_clientid(std::string(ids.client_id));
  header.set_retrycount(ids.retry_count);
  return header;
}

std::string framed(const std::string& body) {
  std::string frame;
  frame.reserve(body.size() + 4);
  append_be32(static_cast<uint32_t>(body.size()), &frame);
  return frame + body;
}

std::string last_part(std::string_view class_name) {
  const size_t at = class_name.find_last_of(".$");
  return std::string(at == std::string_view::npos ? class_name : class_name.substr(at + 1));
}

}  // namespace

std::string connection_header(bool sasl) {
  return std::string("hrpc\x09\x00", 6) + (sasl ? '\xDF' : '\x00');
}

std::string connection_context(const std::string& client_id, const RpcUser& user,
                               const std::string& protocol) {
  hadoop::IpcConnectionContext context;
  if (!user.effective.empty()) context.mutable_userinfo()->set_effectiveuser(user.effective);
  if (!user.real.empty()) context.mutable_userinfo()->set_realuser(user.real);
  context.set_protocol(protocol);
  std::string body;
  append_delimited(header_of({client_id, kContextCallId, -1}), &body);
  append_delimited(context, &body);
  return framed(body);
}

std::string call_frame(const RpcCallIds& ids, std::string_view method, std::string_view request) {
  hadoop::RequestHeader what;
  what.set_methodname(std::string(method));
  what.set_declaringclassprotocolname(std::string(kProtocol));
  what.set_clientprotocolversion(1);
  std::string body;
  append_delimited(header_of(ids), &body);
  append_delimited(what, &body);
  append_length(request.size(), &body);
  body += request;
  return framed(body);
}

RpcReply parse_reply(std::string_view frame, uint32_t* id, bool* fatal) {
  RpcReply reply;
  *fatal = true;
  hadoop::RpcResponseHeader header;
  if (!take_delimited(&frame, &header)) {
    reply.problem = "its answer is not one of Hadoop RPC";
    return reply;
  }
  *id = header.callid();
  *fatal = header.status() == hadoop::RpcResponseHeader::FATAL;
  if (header.status() == hadoop::RpcResponseHeader::SUCCESS) {
    const size_t size = delimited_size(frame);
    if (size == 0 || size != frame.size()) {
      *fatal = true;
      reply.problem = "its answer is cut off";
      return reply;
    }
    reply.outcome = RpcReply::Outcome::kAnswered;
    reply.body = frame.substr(length_size(frame));
    return reply;
  }
  reply.outcome = RpcReply::Outcome::kRefused;
  reply.exception = last_part(header.exceptionclassname());
  reply.message = header.errormsg().substr(0, header.errormsg().find('\n'));  // then a stack trace
  reply.unauthorized = *fatal && header.errordetail() == kUnauthorized;
  return reply;
}

std::optional<std::string> explain_foreign_answer(std::string_view bytes) {
  if (bytes.starts_with("HTTP"))
    return "it speaks HTTP: the port is not the one of dfs.namenode.rpc-address";
  // Another version of RPC is refused in the form of the old ones, which begins with a call id.
  if (bytes.starts_with("\xFF\xFF\xFF\xFF"))
    return "it speaks another version of Hadoop RPC than 9";
  return std::nullopt;
}

}  // namespace weir
