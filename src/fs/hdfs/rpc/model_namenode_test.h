#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"
#include "platform/tcp_client.h"

/// The server's end of Hadoop RPC in memory, in the thread of the client.

namespace weir {

/// A call as it arrived.
struct ArrivedCall {
  int namenode = 0;
  std::string client_id;
  int32_t id = 0;
  int32_t retry_count = 0;
  std::string method;
  std::string request;
};

/// The answer to a call.
struct ModelAnswer {
  std::string body;       ///< of the response
  std::string exception;  ///< a full Java name: the call is refused
  std::string message;
  bool fatal = false;
  bool lost = false;  ///< the connection breaks instead
  bool mute = false;  ///< nothing comes
};

inline ModelAnswer refusal(std::string exception, std::string message = "why") {
  ModelAnswer answer;
  answer.exception = std::move(exception);
  answer.message = std::move(message);
  return answer;
}

/// A connection to a model server. Checks the opening and the frames.
class ModelRpcConnection final : public TcpClient {
 public:
  using Serve = std::function<ModelAnswer(const ArrivedCall&)>;
  /// `idle`: is told the time that a read without bytes takes.
  ModelRpcConnection(int namenode, Serve serve, std::function<void(std::chrono::milliseconds)> idle)
      : namenode_(namenode), serve_(std::move(serve)), idle_(std::move(idle)) {}

  Status read(size_t max, std::chrono::milliseconds timeout, std::string* bytes,
              bool* end) override {
    *end = false;
    bytes->assign(output_, 0, max);
    output_.erase(0, bytes->size());
    if (bytes->empty() && lost_) *end = true;
    else if (bytes->empty()) idle_(timeout);
    return {};
  }
  Status write(std::string_view bytes, std::chrono::milliseconds) override {
    if (lost_) return unavailable("the model is gone");
    input_ += bytes;
    if (!opened_ && input_.size() >= 7) {
      opened_ = input_.starts_with(std::string("hrpc\x09\x00\x00", 7));
      if (!opened_) return unavailable(cat("a wrong opening: ", to_hex(input_)));
      input_.erase(0, 7);
    }
    while (input_.size() >= 4 && input_.size() - 4 >= read_be32(input_.data())) {
      const size_t size = read_be32(input_.data());
      take(std::string_view(input_).substr(4, size));
      input_.erase(0, 4 + size);
    }
    return {};
  }
  void close_from_the_other_side() { lost_ = true; }

 private:
  void take(std::string_view frame) {
    hadoop::RpcRequestHeader header;
    if (!take_delimited(&frame, &header)) {
      lost_ = true;
      return;
    }
    if (header.callid() == -3) return;
    hadoop::RequestHeader what;
    if (!take_delimited(&frame, &what) || delimited_size(frame) != frame.size()) {
      lost_ = true;
      return;
    }
    const ModelAnswer answer =
        serve_({namenode_, header.clientid(), header.callid(), header.retrycount(),
                what.methodname(), std::string(frame.substr(length_size(frame)))});
    if (answer.lost) lost_ = true;
    if (answer.lost || answer.mute) return;
    hadoop::RpcResponseHeader response;
    response.set_callid(answer.fatal ? UINT32_MAX : static_cast<uint32_t>(header.callid()));
    response.set_status(answer.fatal               ? hadoop::RpcResponseHeader::FATAL
                        : answer.exception.empty() ? hadoop::RpcResponseHeader::SUCCESS
                                                   : hadoop::RpcResponseHeader::ERROR);
    std::string body;
    if (!answer.exception.empty()) {
      response.set_exceptionclassname(answer.exception);
      response.set_errormsg(answer.message + "\n\tat a.b.C");
      if (answer.fatal) response.set_errordetail(15);
    }
    append_delimited(response, &body);
    if (answer.exception.empty()) {
      append_length(answer.body.size(), &body);
      body += answer.body;
    }
    append_be32(static_cast<uint32_t>(body.size()), &output_);
    output_ += body;
  }

  const int namenode_;
  const Serve serve_;
  const std::function<void(std::chrono::milliseconds)> idle_;
  std::string input_;
  std::string output_;
  bool opened_ = false;
  bool lost_ = false;
};

}  // namespace weir
