#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The bytes of Hadoop RPC 9 (ipc/Client.java and RpcHeader.proto of Hadoop 3.4.2). Pure.

namespace weir {

/// One call, ready to be sent.
struct RpcCall {
  int32_t id = 0;            ///< not negative; unique for the client id
  int32_t retry_count = 0;   ///< how often the call was sent before
  std::string_view method;   ///< "getFileInfo"
  std::string_view request;  ///< the encoded message
};

/// The outcome of a call.
struct RpcReply {
  enum class Outcome {
    kAnswered,  ///< `body`
    kRefused,   ///< `exception` and `message`
    kNotSent,   ///< `problem`; the server has not seen the call
    kUnknown,   ///< `problem`; the server may have carried it out
  };
  Outcome outcome = Outcome::kUnknown;
  std::string body;           ///< the encoded response
  std::string exception;      ///< the last part of the Java class's name
  std::string message;        ///< its first line
  bool unauthorized = false;  ///< the server does not accept this client
  std::string problem;
};

/// The first seven bytes of a connection.
std::string connection_header(bool sasl);

/// The user of a connection's calls.
struct RpcUser {
  std::string effective{};  ///< empty: the authenticated one
  std::string real{};       ///< who acts for a proxy user, unless it is authenticated
};

/// The frame that follows: the user and the protocol of all calls. The server does not answer it.
std::string connection_context(const std::string& client_id, const RpcUser& user,
                               const std::string& protocol);

struct RpcCallIds {
  std::string_view client_id;
  int32_t id = 0;
  int32_t retry_count = 0;
};
std::string call_frame(const RpcCallIds& ids, std::string_view method, std::string_view request);

/// Reads an answer, without its length. `*id`: of the call. `*fatal`: it holds for all calls of the
/// connection. kUnknown if the bytes are not an answer.
RpcReply parse_reply(std::string_view frame, uint32_t* id, bool* fatal);

/// The reason if the first bytes of an answer are those of another server or another version of
/// RPC; nullopt if they may be a frame.
std::optional<std::string> explain_foreign_answer(std::string_view bytes);

}  // namespace weir
