#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "fs/hdfs/rpc/rpc_frames.h"
#include "platform/clock.h"
#include "platform/tcp_client.h"
#include "platform/wakeup.h"

namespace weir {

/// Parameters of a connection; they are the same for all connections of a client.
struct RpcIdentity {
  std::string client_id;  ///< 16 bytes
  RpcUser user;
  std::string protocol = "org.apache.hadoop.hdfs.protocol.ClientProtocol";
};

/// A connection to a server that speaks Hadoop RPC 9. It carries the calls of several threads at a
/// time: answers come in any order. There is no thread of its own; one of the waiting callers reads
/// for all. When it breaks, or an answer stays out too long, all calls in progress end, and it is
/// of no further use. Thread: any.
class RpcConnection {
 public:
  using Now = std::function<MonotonicTime()>;

  /// Takes an open transport and announces the client. `authenticated`: SASL is done; without it,
  /// nothing has been sent yet, and the user is only named. UNAVAILABLE if that cannot be sent.
  static StatusOr<std::shared_ptr<RpcConnection>> open(std::unique_ptr<TcpClient> transport,
                                                       const RpcIdentity& identity,
                                                       bool authenticated, Now now);

  /// Sends a call and waits for its answer.
  RpcReply call(const RpcCall& call, std::chrono::milliseconds timeout);

  /// True once no call can succeed any more.
  bool broken();

 private:
  struct Waiter {
    bool done = false;  ///< guarded by mutex_
    RpcReply reply;
    Wakeup wakeup;
  };

  RpcConnection(std::unique_ptr<TcpClient> transport, const RpcIdentity& identity, Now now)
      : transport_(std::move(transport)), client_id_(identity.client_id), now_(std::move(now)) {}

  std::string frame_of(const RpcCall& call) const;
  Status send(std::string_view bytes, std::chrono::milliseconds timeout);
  /// True if the server closed the connection while nobody was waiting.
  bool closed_while_idle();
  /// Reads once, at most for `timeout`, and delivers what has become complete. Only by the thread
  /// that has set reading_.
  void read_some(std::chrono::milliseconds timeout);
  Status deliver_frames();
  void deliver(std::string_view frame);
  void break_off(const std::string& problem);

  const std::unique_ptr<TcpClient> transport_;
  const std::string client_id_;
  const Now now_;
  std::mutex write_mutex_;
  std::string input_;  ///< received and not yet complete; belongs to the reading thread
  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<uint32_t, Waiter*> waiters_;
  bool reading_ = false;
  bool broken_ = false;
  std::string problem_;
  RpcReply fatal_;  ///< the server's reason for closing, if it gave one
};

}  // namespace weir
