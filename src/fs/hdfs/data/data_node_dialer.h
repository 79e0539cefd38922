#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "fs/hdfs/data/message_stream.h"

namespace weir {
namespace hadoop {
class DatanodeId;
class Token;
}  // namespace hadoop

/// Connects to the DataNodes of one HDFS. Thread: any.
struct DataNodeDialer {
  using Connect = std::function<StatusOr<std::unique_ptr<TcpClient>>(
      const std::string& host, int port, std::chrono::milliseconds timeout)>;
  /// Makes the connection safe as the cluster demands, by means of the block's token.
  using Protect = std::function<StatusOr<std::unique_ptr<TcpClient>>(
      std::unique_ptr<TcpClient> plain, const hadoop::Token& token)>;

  Connect connect;
  Protect protect;  ///< empty: bytes travel as they are
  bool by_host_name = false;
  std::chrono::milliseconds connect_timeout{10'000};

  /// "host:port", for messages.
  std::string address(const hadoop::DatanodeId& node) const;
  StatusOr<std::unique_ptr<MessageStream>> dial(const hadoop::DatanodeId& node,
                                                const hadoop::Token& token,
                                                std::chrono::milliseconds silence) const;
};

}  // namespace weir
