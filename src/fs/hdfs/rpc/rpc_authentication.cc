#include "fs/hdfs/rpc/rpc_authentication.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"
#include "fs/hdfs/rpc/rpc_frames.h"
#include "fs/hdfs/security/transformed_stream.h"

namespace weir {
namespace {

constexpr int32_t kSaslCallId = -33;
constexpr size_t kFrameBytesMax = 16 << 20;

std::string sasl_frame(const hadoop::RpcSasl& message) {
  hadoop::RpcRequestHeader header;
  header.set_rpckind(hadoop::RPC_PROTOCOL_BUFFER);
  header.set_rpcop(hadoop::RpcRequestHeader::RPC_FINAL_PACKET);
  header.set_callid(kSaslCallId);
  header.set_clientid("");
  header.set_retrycount(-1);
  std::string body, frame;
  append_delimited(header, &body);
  append_delimited(message, &body);
  append_be32(static_cast<uint32_t>(body.size()), &frame);
  return frame + body;
}

/// Takes a frame off the front. False if it is not complete.
bool take_frame(std::string* received, std::string* frame) {
  if (received->size() < 4) return false;
  const size_t size = read_be32(received->data());
  if (received->size() - 4 < size) return false;
  frame->assign(*received, 4, size);
  received->erase(0, 4 + size);
  return true;
}

StatusOr<hadoop::RpcSasl> parse_sasl(std::string_view frame) {
  hadoop::RpcResponseHeader header;
  std::string_view rest = frame;
  if (!take_delimited(&rest, &header))
    return unavailable("the NameNode's answer to the authentication cannot be read");
  if (header.status() != hadoop::RpcResponseHeader::SUCCESS) {
    uint32_t id = 0;
    bool fatal = false;
    const RpcReply reply = parse_reply(frame, &id, &fatal);
    // A NameNode that cannot judge yet says so.
    const bool may_pass =
        reply.exception == "StandbyException" || reply.exception == "RetriableException";
    return Status(
        may_pass ? StatusCode::kUnavailable : StatusCode::kPermissionDenied,
        cat("the NameNode does not accept this process: ", reply.exception, ": ", reply.message));
  }
  hadoop::RpcSasl message;
  if (!take_delimited(&rest, &message))
    return unavailable("the NameNode's answer to the authentication cannot be read");
  return message;
}

/// Frames of Hadoop RPC within messages of SASL.
class WrappedFrames final : public StreamCodec {
 public:
  explicit WrappedFrames(std::shared_ptr<SaslMechanism> mechanism)
      : mechanism_(std::move(mechanism)) {}

  Status encode(std::string_view bytes, std::string* sent) override {
    hadoop::RpcSasl message;
    message.set_state(hadoop::RpcSasl::WRAP);
    WEIR_ASSIGN_OR_RETURN(*message.mutable_token(), mechanism_->wrap(bytes));
    *sent += sasl_frame(message);
    return {};
  }
  Status decode(std::string* received, std::string* bytes) override {
    std::string frame;
    while (take_frame(received, &frame)) {
      WEIR_ASSIGN_OR_RETURN(const hadoop::RpcSasl message, parse_sasl(frame));
      if (message.state() != hadoop::RpcSasl::WRAP)
        return permission_denied("the NameNode sent bytes without protection");
      WEIR_ASSIGN_OR_RETURN(const std::string part, mechanism_->unwrap(message.token()));
      *bytes += part;
    }
    return {};
  }

 private:
  const std::shared_ptr<SaslMechanism> mechanism_;
};

/// The conversation before there is a mechanism.
class Negotiation {
 public:
  Negotiation(TcpClient& transport, std::chrono::milliseconds timeout)
      : transport_(transport), timeout_(timeout) {}

  Status send(const hadoop::RpcSasl& message) {
    return transport_.write(std::exchange(opening_, "") + sasl_frame(message), timeout_);
  }
  StatusOr<hadoop::RpcSasl> receive() {
    std::string frame;
    while (!take_frame(&received_, &frame)) {
      if (const auto foreign = explain_foreign_answer(received_)) return unavailable(*foreign);
      if (received_.size() >= 4 && read_be32(received_.data()) > kFrameBytesMax)
        return unavailable("the server sent no answer of Hadoop RPC: is it a NameNode?");
      std::string part;
      bool end = false;
      WEIR_RETURN_IF_ERROR(transport_.read(64 << 10, timeout_, &part, &end));
      if (end) return unavailable("the NameNode closed the connection during the authentication");
      if (part.empty())
        return unavailable(
            cat("the NameNode was silent for ", timeout_.count(), " ms during the authentication"));
      received_ += part;
    }
    return parse_sasl(frame);
  }

 private:
  TcpClient& transport_;
  const std::chrono::milliseconds timeout_;
  std::string opening_ = connection_header(true);
  std::string received_;
};

/// The server's best offer that this client can take; null if there is none.
const hadoop::RpcSasl::Auth* choose(const hadoop::RpcSasl& offers,
                                    const RpcAuthentication& authentication) {
  const auto offer_of = [&offers](std::string_view method) -> const hadoop::RpcSasl::Auth* {
    for (const auto& offer : offers.auths())
      if (offer.method() == method) return &offer;
    return nullptr;
  };
  const hadoop::RpcSasl::Auth* chosen = authentication.token ? offer_of("TOKEN") : nullptr;
  if (chosen == nullptr && authentication.kerberos) chosen = offer_of("KERBEROS");
  if (chosen == nullptr && authentication.simple_allowed) chosen = offer_of("SIMPLE");
  return chosen;
}

/// From the first answer to the server's last message.
Status prove(Negotiation& negotiation, SaslMechanism& mechanism, hadoop::RpcSasl message) {
  while (true) {
    WEIR_RETURN_IF_ERROR(negotiation.send(message));
    WEIR_ASSIGN_OR_RETURN(const hadoop::RpcSasl answer, negotiation.receive());
    if (answer.state() == hadoop::RpcSasl::SUCCESS) return mechanism.finish(answer.token());
    if (answer.state() != hadoop::RpcSasl::CHALLENGE)
      return unavailable("the NameNode left the order of the authentication");
    message.Clear();
    message.set_state(hadoop::RpcSasl::RESPONSE);
    WEIR_ASSIGN_OR_RETURN(*message.mutable_token(), mechanism.answer(answer.token()));
  }
}

}  // namespace

StatusOr<AuthenticatedRpc> authenticate_rpc(std::unique_ptr<TcpClient> transport,
                                            const RpcAuthentication& authentication,
                                            const std::string& host,
                                            std::chrono::milliseconds timeout) {
  Negotiation negotiation(*transport, timeout);
  hadoop::RpcSasl message;
  message.set_state(hadoop::RpcSasl::NEGOTIATE);
  WEIR_RETURN_IF_ERROR(negotiation.send(message));
  WEIR_ASSIGN_OR_RETURN(const hadoop::RpcSasl offers, negotiation.receive());
  const hadoop::RpcSasl::Auth* chosen = choose(offers, authentication);
  if (chosen == nullptr) {
    return permission_denied(
        "the NameNode does not offer Kerberos, which this process is told to use: set "
        "hadoop.security.authentication in core-site.xml as the NameNode has it, or allow "
        "ipc.client.fallback-to-simple-auth-allowed");
  }
  message.set_state(hadoop::RpcSasl::INITIATE);
  *message.add_auths() = *chosen;
  message.mutable_auths(0)->clear_challenge();
  if (chosen->method() == "SIMPLE") {
    WEIR_RETURN_IF_ERROR(negotiation.send(message));
    return AuthenticatedRpc{RpcLogin::kSimple, std::move(transport)};
  }
  const bool by_token = chosen->method() == "TOKEN";
  WEIR_ASSIGN_OR_RETURN(std::shared_ptr<SaslMechanism> mechanism,
                        by_token
                            ? authentication.token(cat(chosen->protocol(), "/", chosen->serverid()))
                            : authentication.kerberos(host));
  WEIR_ASSIGN_OR_RETURN(*message.mutable_token(),
                        mechanism->answer(by_token ? chosen->challenge() : ""));
  WEIR_RETURN_IF_ERROR(prove(negotiation, *mechanism, std::move(message)));
  if (mechanism->wraps())
    transport =
        transformed_stream(std::move(transport), std::make_unique<WrappedFrames>(mechanism));
  return AuthenticatedRpc{by_token ? RpcLogin::kToken : RpcLogin::kKerberos, std::move(transport)};
}

}  // namespace weir
