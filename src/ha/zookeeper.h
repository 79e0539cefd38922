#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir {

/// A node's properties, apart from its bytes.
struct ZNodeStat {
  int64_t created_zxid = 0;  ///< the transaction that created it: distinguishes two nodes that had
                             ///< the same path one after another
  int64_t modified_zxid = 0;
  int32_t version = 0;          ///< number of changes of the bytes since its creation
  int64_t ephemeral_owner = 0;  ///< the id of the session that it ends with; 0: it is persistent
  bool operator==(const ZNodeStat&) const = default;
};

struct ZNode {
  std::string data;
  ZNodeStat stat;
};

enum class ZNodeKind { kPersistent, kEphemeral };

/// Matches every version.
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

/// What a session reports about itself. kSuspended: the connection is lost, but the session may
/// live on. kExpired: it has ended for good, and its ephemeral nodes are gone; nothing follows. A
/// client that reaches no server never gets kExpired, however long it takes.
enum class ZSessionEvent { kConnected, kSuspended, kExpired };
using ZSessionListener = std::function<void(ZSessionEvent)>;

/// One session with ZooKeeper: the few calls that weir needs.
///
/// Guarantees that weir relies on. Mutations of all sessions happen one after another, each
/// completely or not at all. Mutations of one session happen in the order of the calls. A session's
/// reads never go back in time, and include all of its own mutations that it has an answer for,
/// refusals too; they may lag behind other sessions' changes. An ephemeral node is removed when its
/// session ends, and not earlier than timeout() after the last request of that session which was
/// answered, counted from before it was sent.
///
/// Outcomes of a mutation:
/// - OK: it has happened.
/// - UNAVAILABLE: unknown. It has happened, never will, or will until this session's next
///   successful call. Read back.
/// - CANCELLED: the session has ended, and it has not happened. Open another session.
/// - ABORTED: the node has another version.
/// - NOT_FOUND: the node, or for create its parent, does not exist.
/// - ALREADY_EXISTS: create: the node exists.
/// - FAILED_PRECONDITION: remove of a node with children; create below an ephemeral node.
/// - PERMISSION_DENIED: the node's ACL, or the authentication failed.
/// - INVALID_ARGUMENT: ZooKeeper does not accept the path.
/// Reads end in OK, UNAVAILABLE (nothing read), CANCELLED, NOT_FOUND, PERMISSION_DENIED or
/// INVALID_ARGUMENT.
///
/// Thread: any, but not from within a callback. The calls block, up to about timeout() if a server
/// does not answer, so they belong on the I/O pool. Callbacks come on any thread, must not block
/// and must not destroy the session; none is running or called when close() or the destructor has
/// returned.
class ZooKeeperSession {
 public:
  /// Closes the session.
  virtual ~ZooKeeperSession() = default;

  virtual int64_t id() const = 0;
  /// The time-out that the servers granted.
  virtual std::chrono::milliseconds timeout() const = 0;

  virtual Status create(const std::string& path, const std::string& data, ZNodeKind kind) = 0;
  virtual StatusOr<ZNode> get(const std::string& path) = 0;
  /// Returns the new version.
  virtual StatusOr<int32_t> set(const std::string& path, const std::string& data,
                                int32_t version) = 0;
  virtual Status remove(const std::string& path, int32_t version) = 0;
  /// Names without the path, in byte order.
  virtual StatusOr<std::vector<std::string>> children(const std::string& path) = 0;
  /// Carries out all of `operations`, in order, or none. A refusal is that of the first one that
  /// failed; `refused`, if given, gets its index, or -1.
  virtual Status multi(const std::vector<ZOperation>& operations, int* refused = nullptr) = 0;

  /// Calls `changed` once when the node is created, gets other bytes or is removed after this call;
  /// never if the session ends before that. The node need not exist. A session has one watch per
  /// path: a later one replaces one that has not been called.
  virtual Status watch(const std::string& path, std::function<void()> changed) = 0;

  /// Ends the session. Its ephemeral nodes go at once if a server is reachable, otherwise after
  /// timeout(). Waits for calls in progress, and then a few seconds at most. Later calls end in
  /// CANCELLED. The listener is not called.
  virtual void close() = 0;
};

/// Thread: any. Outlives its sessions.
class ZooKeeperFactory {
 public:
  virtual ~ZooKeeperFactory() = default;
  /// Blocks until there is a session; `listener` may be called before this returns. UNAVAILABLE: no
  /// server answered within the connection timeout. PERMISSION_DENIED, INVALID_ARGUMENT: the
  /// settings are wrong, and retrying does not help.
  virtual StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) = 0;
};

}  // namespace weir
