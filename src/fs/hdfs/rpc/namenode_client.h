#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/hdfs/hdfs_retry.h"
#include "fs/hdfs/namenode_address.h"
#include "fs/hdfs/rpc/rpc_connection.h"
#include "fs/hdfs/webhdfs_error.h"

namespace google::protobuf {
class MessageLite;
}

namespace weir {

struct NameNodeClientOptions : HdfsRetryOptions {
  std::vector<NameNodeAddress> namenodes;  ///< at least one; several form an HA nameservice
  std::string origin;                      ///< how they were found, for messages
  std::string user;                        ///< for messages, and the user unless SASL says it
  std::string client_id;                   ///< 16 random bytes, the client's for its whole life
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds answer_timeout{60'000};
  /// Opens a connection that is ready for calls.
  std::function<StatusOr<std::shared_ptr<RpcConnection>>(const NameNodeAddress&)> connect;
};

/// Calls to the NameNodes of one HDFS by Hadoop RPC: finds the active one, repeats calls where that
/// can help, and interprets refusals. A repeated call has the same ids, so a NameNode answers it
/// from its retry cache if it was carried out; that cache is the same on all NameNodes of a
/// nameservice, and keeps answers for ten minutes. Observers refuse calls without a state id as
/// standbys do, so none of them is read from. Thread: any.
class NameNodeClient {
 public:
  struct Call {
    std::string_view method;  ///< "mkdirs"
    std::string_view what;    ///< "make the directory", for messages
    const std::string& path;
    /// Returned at once, although a further attempt might help.
    std::optional<Refusal> not_repeated_after = std::nullopt;
  };
  struct Answer {
    Status status;                   ///< OK, or the message for the user
    std::optional<Refusal> refusal;  ///< set if a NameNode refused
    std::string exception;           ///< the name of the refusal's Java class
    bool earlier_unknown = false;    ///< an earlier attempt may have been carried out
  };

  explicit NameNodeClient(NameNodeClientOptions options);

  /// Blocks until an answer has come, or no further attempt may begin.
  Answer call(const Call& call, const google::protobuf::MessageLite& request,
              google::protobuf::MessageLite* response);

  HdfsAttempts attempts() const { return HdfsAttempts(options_); }
  const NameNodeClientOptions& options() const { return options_; }

 private:
  struct Link {
    std::mutex mutex;  ///< held while connecting
    std::shared_ptr<RpcConnection> connection;
  };

  /// One attempt at one NameNode.
  RpcReply try_once(size_t namenode, const RpcCall& call);
  StatusOr<std::shared_ptr<RpcConnection>> connection_to(size_t namenode, bool* fresh);
  /// Does nothing if another thread has already moved on from `from`.
  void fail_over(size_t from);
  Answer refused(const RpcReply& reply, const Call& call, size_t namenode) const;
  Answer failed(const RpcReply& reply, const Call& call, size_t namenode) const;

  const NameNodeClientOptions options_;
  std::vector<std::unique_ptr<Link>> links_;
  std::atomic<size_t> active_{0};
  std::atomic<bool> reached_{false};
  std::atomic<int32_t> next_call_id_{0};
};

}  // namespace weir
