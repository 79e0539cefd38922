#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir {

/// What a node of ZooKeeper is, apart from its bytes.
struct ZNodeStat {
  int64_t created_zxid = 0;  ///< the transaction that made it: differs between two nodes that had
                             ///< the same path one after another
  int64_t modified_zxid = 0;
  int32_t version = 0;          ///< changes of the bytes since it was made
  int64_t ephemeral_owner = 0;  ///< the id of the session that it ends with; 0: it stays
  bool operator==(const ZNodeStat&) const = default;
};

struct ZNode {
  std::string data;
  ZNodeStat stat;
};

enum class ZNodeKind { kPersistent, kEphemeral };

/// Stands for whatever version a node has.
inline constexpr int32_t kAnyVersion = -1;

/// One operation of a multi. Made by the functions below.
struct ZOperation {
  enum class Type { kCheck, kCreate, kSet, kRemove };
  Type type = Type::kCheck;
  std::string path;
  std::string data;                         ///< kCreate, kSet
  ZNodeKind kind = ZNodeKind::kPersistent;  ///< kCreate
  int32_t version = kAnyVersion;            ///< kCheck, kSet, kRemove
};
inline ZOperation check_operation(std::string path, int32_t version) {
  return {ZOperation::Type::kCheck, std::move(path), "", ZNodeKind::kPersistent, version};
}
inline ZOperation create_operation(std::string path, std::string data, ZNodeKind kind) {
  return {ZOperation::Type::kCreate, std::move(path), std::move(data), kind, kAnyVersion};
}
inline ZOperation set_operation(std::string path, std::string data, int32_t version) {
  return {ZOperation::Type::kSet, std::move(path), std::move(data), ZNodeKind::kPersistent,
          version};
}
inline ZOperation remove_operation(std::string path, int32_t version) {
  return {ZOperation::Type::kRemove, std::move(path), "", ZNodeKind::kPersistent, version};
}

/// What a session says of itself. kSuspended: the connection is lost, the session may live on.
/// kExpired: it has ended for good, and its ephemeral nodes are gone; nothing follows. A client
/// that reaches no server is never told kExpired, however long it takes.
enum class ZSessionEvent { kConnected, kSuspended, kExpired };
using ZSessionListener = std::function<void(ZSessionEvent)>;

/// One session with ZooKeeper: the few calls weir needs.
///
/// What is relied upon. Mutations of all sessions happen one after another, each whole or not at
/// all. Mutations of one session happen in the order they were asked for. What a session reads
/// never goes back, and includes what it was told of its own mutations, refusals too; another
/// session's changes may be seen late. An ephemeral node is removed when its session ends, and not
/// earlier than timeout() after the last request of that session which was answered, counted from
/// before it was sent.
///
/// How a mutation ends:
///   OK                    it has happened
///   UNAVAILABLE           not known: it has happened, never will, or will until this session's
///   next successful call. Read back CANCELLED             the session has ended; it has not
///   happened. Open another session ABORTED               the node has another version NOT_FOUND
///   the node, or for create its parent, is not there ALREADY_EXISTS        create: the node is
///   there FAILED_PRECONDITION   remove of a node with children; create below an ephemeral node
///   PERMISSION_DENIED     the node's ACL, or the authentication failed
///   INVALID_ARGUMENT      a path that ZooKeeper does not take
/// Reads end in OK, UNAVAILABLE (nothing read), CANCELLED, NOT_FOUND, PERMISSION_DENIED or
/// INVALID_ARGUMENT.
///
/// Thread: any; the calls block, so they belong on the I/O pool: up to about timeout() if a server
/// does not answer. Not from within a callback. Callbacks come on any thread, must not block and
/// must not destroy the session; none is running or called when close() or the destructor has
/// returned.
class ZooKeeperSession {
 public:
  /// Closes it.
  virtual ~ZooKeeperSession() = default;

  virtual int64_t id() const = 0;
  /// As the servers granted it.
  virtual std::chrono::milliseconds timeout() const = 0;

  virtual Status create(const std::string& path, const std::string& data, ZNodeKind kind) = 0;
  virtual StatusOr<ZNode> get(const std::string& path) = 0;
  /// The new version.
  virtual StatusOr<int32_t> set(const std::string& path, const std::string& data,
                                int32_t version) = 0;
  virtual Status remove(const std::string& path, int32_t version) = 0;
  /// Names, without the path, in their order as bytes.
  virtual StatusOr<std::vector<std::string>> children(const std::string& path) = 0;
  /// All of `operations`, in order, or none. A refusal is that of the first that could not be done;
  /// `refused`, if given, gets its index, or -1.
  virtual Status multi(const std::vector<ZOperation>& operations, int* refused = nullptr) = 0;

  /// Calls `changed` once when the node is made, gets other bytes or is removed after this call;
  /// never if the session ends before. The node need not exist. A session has one watch per path: a
  /// later one takes the place of one that has not been called.
  virtual Status watch(const std::string& path, std::function<void()> changed) = 0;

  /// Ends the session: its ephemeral nodes go at once if a server is reachable, else after
  /// timeout(). Waits for calls under way, and then a few seconds at most. Later calls end in
  /// CANCELLED. The listener is not told.
  virtual void close() = 0;
};

/// Thread: any. Outlives its sessions.
class ZooKeeperFactory {
 public:
  virtual ~ZooKeeperFactory() = default;
  /// Blocks until there is a session; `listener` may be called before this returns. UNAVAILABLE: no
  /// server answered within the connection timeout. PERMISSION_DENIED, INVALID_ARGUMENT: the
  /// settings are wrong, and trying again does not help.
  virtual StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) = 0;
};

}  // namespace weir
