#include "ha/zookeeper_client.h"

// The library's header declares its blocking calls only if THREADED is defined.
#define THREADED
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "base/log.h"
#include "base/strings.h"
#include "ha/zookeeper_component.h"

namespace weir {
namespace {

/// A log line of the library: "2024-05-01 12:00:00,123:4711(0x7f…):ZOO_ERROR@function@1234: the
/// message".
void log_from_library(const char* message) {
  std::string_view text = message;
  const size_t mark = text.find(":ZOO_");
  const size_t begin = mark == std::string_view::npos ? mark : text.find(": ", mark);
  if (begin != std::string_view::npos) text.remove_prefix(begin + 2);
  if (log_enabled(LogLevel::kDebug))
    log_line(LogLevel::kDebug, cat("ZooKeeper's library: ", trim(text)));
}

Status to_status(int code, std::string_view what, const std::string& path) {
  const auto message = [&](std::string_view why) {
    return cat(what, " of ", path, " in ZooKeeper: ", why);
  };
  switch (code) {
    case ZOK: return {};
    case ZNONODE: return not_found(message("there is no such node, or its parent is missing"));
    case ZNODEEXISTS: return already_exists(message("the node is there already"));
    case ZBADVERSION:
      return aborted(message("somebody else has changed the node: it has another version"));
    case ZNOTEMPTY: return failed_precondition(message("the node has children: remove them first"));
    case ZNOCHILDRENFOREPHEMERALS:
      return failed_precondition(
          message("its parent is ephemeral, and such nodes have no children"));
    case ZNOAUTH:
      return permission_denied(
          message("its ACL does not allow it: check high-availability.zookeeper.client.acl and "
                  ".authorization"));
    case ZAUTHFAILED:
    case ZINVALIDACL:
    case ZSESSIONCLOSEDREQUIRESASLAUTH:
      return permission_denied(message(cat("the servers refuse this client: ", zerror(code))));
    case ZBADARGUMENTS:
      return invalid_argument(message("ZooKeeper does not take this path or these bytes"));
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE: return cancelled(message("the session has ended"));
    default:
      // Lost connections, time-outs, and unknown codes of a newer library: the outcome is unknown.
      return unavailable(message(cat(zerror(code), "; what was asked may have happened or not")));
  }
}

class ZooKeeperClient : public ZooKeeperSession {
 public:
  ZooKeeperClient(ZSessionListener listener, bool creator_only)
      : listener_(std::move(listener)), creator_only_(creator_only) {}
  ~ZooKeeperClient() override { close(); }

  /// Call it first.
  Status connect(const Clock& clock, const ZooKeeperClientOptions& options) {
    const MonotonicTime end = clock.now() + options.connection_timeout;
    handle_ = zookeeper_init2(
        options.quorum.c_str(), &ZooKeeperClient::on_session,
        static_cast<int>(std::min<int64_t>(options.session_timeout.count(), INT_MAX)), nullptr,
        this, 0, &log_from_library);
    if (handle_ == nullptr) {
      const int error = errno;
      if (error == EINVAL) {
        return invalid_argument(cat("high-availability.zookeeper.quorum: '", options.quorum,
                                    "' is no list of host:port,host:port"));
      }
      return unavailable(cat("no session with ZooKeeper at ", options.quorum, ": ",
                             std::strerror(error), "; are the names right?"));
    }
    if (!options.digest.empty()) {
      zoo_add_auth(handle_, "digest", options.digest.data(),
                   static_cast<int>(options.digest.size()), nullptr, nullptr);
    }
    std::unique_lock lock(state_mutex_);
    while (state_ != ZOO_CONNECTED_STATE) {
      const MonotonicTime left = end - clock.now();
      if (state_ == ZOO_AUTH_FAILED_STATE) {
        return permission_denied(cat("ZooKeeper at ", options.quorum,
                                     " refuses this client; check "
                                     "high-availability.zookeeper.client.authorization"));
      }
      if (left.count() <= 0) {
        return unavailable(
            cat("no session with ZooKeeper at ", options.quorum, " within ",
                options.connection_timeout.count(),
                " ms; does it run, and is high-availability.zookeeper.quorum right?"));
      }
      state_changed_.wait_for(lock, left);
    }
    id_ = zoo_client_id(handle_)->client_id;
    timeout_ = std::chrono::milliseconds(zoo_recv_timeout(handle_));
    return {};
  }

  int64_t id() const override { return id_; }
  std::chrono::milliseconds timeout() const override { return timeout_; }

  Status create(const std::string& path, const std::string& data, ZNodeKind kind) override {
    return call("create", path, [&] {
      return zoo_create(handle_, path.c_str(), data.data(), static_cast<int>(data.size()), acl(),
                        flags_of(kind), nullptr, 0);
    });
  }

  StatusOr<ZNode> get(const std::string& path) override {
    ZNode node;
    std::string buffer(4096, '\0');
    const Status status = call("get", path, [&] {
      while (true) {
        struct Stat stat;
        int length = static_cast<int>(buffer.size());
        const int code = zoo_get(handle_, path.c_str(), 0, buffer.data(), &length, &stat);
        if (code != ZOK) return code;
        if (stat.dataLength > static_cast<int>(buffer.size())) {
          buffer.resize(static_cast<size_t>(stat.dataLength));
          continue;
        }
        buffer.resize(static_cast<size_t>(std::max(length, 0)));
        node.stat = {stat.czxid, stat.mzxid, stat.version, stat.ephemeralOwner};
        return code;
      }
    });
    if (!status.ok()) return status;
    node.data = std::move(buffer);
    return node;
  }

  StatusOr<int32_t> set(const std::string& path, const std::string& data,
                        int32_t version) override {
    struct Stat stat{};
    const Status status = call("set", path, [&] {
      return zoo_set2(handle_, path.c_str(), data.data(), static_cast<int>(data.size()), version,
                      &stat);
    });
    if (!status.ok()) return status;
    return stat.version;
  }

  Status remove(const std::string& path, int32_t version) override {
    return call("remove", path, [&] { return zoo_delete(handle_, path.c_str(), version); });
  }

  StatusOr<std::vector<std::string>> children(const std::string& path) override {
    std::vector<std::string> names;
    const Status status = call("list", path, [&] {
      String_vector found{};
      const int code = zoo_get_children(handle_, path.c_str(), 0, &found);
      if (code == ZOK) {
        names.assign(found.data, found.data + found.count);
        deallocate_String_vector(&found);
      }
      return code;
    });
    if (!status.ok()) return status;
    std::sort(names.begin(), names.end());
    return names;
  }

  Status multi(const std::vector<ZOperation>& operations, int* refused) override {
    if (refused != nullptr) *refused = -1;
    if (operations.empty()) return {};
    std::vector<zoo_op_t> asked(operations.size());
    std::vector<zoo_op_result_t> results(operations.size());
    for (size_t i = 0; i < operations.size(); ++i) {
      const ZOperation& operation = operations[i];
      switch (operation.type) {
        case ZOperation::Type::kCheck:
          zoo_check_op_init(&asked[i], operation.path.c_str(), operation.version);
          break;
        case ZOperation::Type::kCreate:
          zoo_create_op_init(&asked[i], operation.path.c_str(), operation.data.data(),
                             static_cast<int>(operation.data.size()), acl(),
                             flags_of(operation.kind), nullptr, 0);
          break;
        case ZOperation::Type::kSet:
          zoo_set_op_init(&asked[i], operation.path.c_str(), operation.data.data(),
                          static_cast<int>(operation.data.size()), operation.version, nullptr);
          break;
        case ZOperation::Type::kRemove:
          zoo_delete_op_init(&asked[i], operation.path.c_str(), operation.version);
          break;
      }
    }
    size_t first = 0;
    Status status = call("multi", operations[0].path, [&] {
      return zoo_multi(handle_, static_cast<int>(asked.size()), asked.data(), results.data());
    });
    // After a refusal, the failed operation has the reason; all others have ZRUNTIMEINCONSISTENCY
    // or OK.
    const bool definite = !status.ok() && status.code() != StatusCode::kUnavailable &&
                          status.code() != StatusCode::kCancelled;
    if (!definite) return status;
    while (first < results.size() &&
           (results[first].err == ZOK || results[first].err == ZRUNTIMEINCONSISTENCY))
      ++first;
    if (first == results.size()) return status;
    if (refused != nullptr) *refused = static_cast<int>(first);
    return to_status(results[first].err, "multi", operations[first].path);
  }

  Status watch(const std::string& path, std::function<void()> changed) override {
    Watch* watch = nullptr;
    {
      std::lock_guard lock(watches_mutex_);
      watch = &watches_[path];
      watch->changed = std::move(changed);
    }
    struct Stat stat;
    // Always passes the same function and context for a path, because the library keeps only one
    // copy of equal watches.
    return call("watch", path, [&] {
      const int code =
          zoo_wexists(handle_, path.c_str(), &ZooKeeperClient::on_change, watch, &stat);
      return code == ZNONODE ? ZOK : code;
    });
  }

  void close() override {
    std::unique_lock lock(handle_mutex_);
    if (handle_ == nullptr) return;
    zhandle_t* const handle = handle_;
    handle_ = nullptr;
    zookeeper_close(handle);
  }

 private:
  struct Watch {
    std::function<void()> changed;
  };

  /// Runs one call of the library unless the session is closed; close() waits for the call.
  template <class Call>
  Status call(std::string_view what, const std::string& path, Call&& run) {
    std::shared_lock lock(handle_mutex_);
    if (handle_ == nullptr)
      return cancelled(cat(what, " of ", path, " in ZooKeeper: the session is closed"));
    return to_status(run(), what, path);
  }

  const struct ACL_vector* acl() const {
    return creator_only_ ? &ZOO_CREATOR_ALL_ACL : &ZOO_OPEN_ACL_UNSAFE;
  }
  static int flags_of(ZNodeKind kind) {
    return kind == ZNodeKind::kEphemeral ? ZOO_EPHEMERAL : ZOO_PERSISTENT;
  }

  static void on_session(zhandle_t* handle, int type, int state, const char*, void* context) {
    if (type != ZOO_SESSION_EVENT) return;
    auto& self = *static_cast<ZooKeeperClient*>(context);
    {
      std::lock_guard lock(self.state_mutex_);
      self.state_ = state;
    }
    self.state_changed_.notify_all();
    if (!self.listener_) return;
    if (state == ZOO_CONNECTED_STATE) {
      self.listener_(ZSessionEvent::kConnected);
    } else if (state == ZOO_EXPIRED_SESSION_STATE || state == ZOO_AUTH_FAILED_STATE) {
      self.listener_(ZSessionEvent::kExpired);
    } else {
      self.listener_(ZSessionEvent::kSuspended);
    }
  }

  static void on_change(zhandle_t* handle, int type, int, const char*, void* context) {
    if (type == ZOO_SESSION_EVENT) return;
    auto& self = *static_cast<ZooKeeperClient*>(const_cast<void*>(zoo_get_context(handle)));
    std::function<void()> changed;
    {
      std::lock_guard lock(self.watches_mutex_);
      changed = std::exchange(static_cast<Watch*>(context)->changed, nullptr);
    }
    if (changed) changed();
  }

  const ZSessionListener listener_;
  const bool creator_only_;
  // set once by connect()
  int64_t id_ = 0;
  std::chrono::milliseconds timeout_{0};

  std::mutex state_mutex_;
  std::condition_variable state_changed_;
  int state_ = 0;  ///< guarded by state_mutex_; the last state from the library

  std::shared_mutex handle_mutex_;  ///< shared by calls in progress
  zhandle_t* handle_ = nullptr;

  std::mutex watches_mutex_;
  /// Entries are never removed: the library holds pointers to them.
  std::map<std::string, Watch> watches_;
};

}  // namespace

ZooKeeperClientFactory::ZooKeeperClientFactory(const Clock& clock, ZooKeeperClientOptions options)
    : clock_(clock), options_(std::move(options)) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
}

StatusOr<std::shared_ptr<ZooKeeperSession>> ZooKeeperClientFactory::open(
    ZSessionListener listener) {
  auto session = std::make_shared<ZooKeeperClient>(std::move(listener), options_.creator_only);
  const Status status = session->connect(clock_, options_);
  if (!status.ok()) return status;
  return std::shared_ptr<ZooKeeperSession>(std::move(session));
}

}  // namespace weir

weir::MakeZooKeeper* weir_component_zookeeper() {
  return [](const weir::Clock& clock, weir::ZooKeeperClientOptions options) {
    return std::unique_ptr<weir::ZooKeeperFactory>(
        std::make_unique<weir::ZooKeeperClientFactory>(clock, std::move(options)));
  };
}
