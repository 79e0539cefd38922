// The client's side of a session: calls, and their replies.

#include "sim_zookeeper_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir::sim {

class SimZooKeeperSession : public ZooKeeperSession {
 public:
  SimZooKeeperSession(SimZooKeeper& zookeeper, std::shared_ptr<SimZooKeeper::Session> session)
      : zookeeper_(zookeeper), session_(std::move(session)) {}
  ~SimZooKeeperSession() override {
    WEIR_CHECK(session_->calls == 0);
    close();
  }

  int64_t id() const override { return session_->id; }
  std::chrono::milliseconds timeout() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(session_->timeout);
  }

  Status create(const std::string& path, const std::string& data, ZNodeKind kind) override {
    const Call call(*session_);
    return zookeeper_.mutate(session_, "create", {create_operation(path, data, kind)}, nullptr,
                             nullptr);
  }
  StatusOr<ZNode> get(const std::string& path) override {
    const Call call(*session_);
    WEIR_RETURN_IF_ERROR(zookeeper_.begin_call(session_, "get", path));
    WEIR_RETURN_IF_ERROR(check_path(path));
    const auto& tree = zookeeper_.view_of(*session_);
    const auto found = tree.find(path);
    const auto node = found == tree.end() ? std::nullopt : std::optional(found->second);
    WEIR_RETURN_IF_ERROR(reply("get", path));
    if (!node) return not_found(cat("get of ", path, ": there is no such node (simulated)"));
    return *node;
  }
  StatusOr<int32_t> set(const std::string& path, const std::string& data,
                        int32_t version) override {
    const Call call(*session_);
    int32_t new_version = 0;
    WEIR_RETURN_IF_ERROR(zookeeper_.mutate(session_, "set", {set_operation(path, data, version)},
                                           nullptr, &new_version));
    return new_version;
  }
  Status remove(const std::string& path, int32_t version) override {
    const Call call(*session_);
    return zookeeper_.mutate(session_, "remove", {remove_operation(path, version)}, nullptr,
                             nullptr);
  }
  StatusOr<std::vector<std::string>> children(const std::string& path) override {
    const Call call(*session_);
    WEIR_RETURN_IF_ERROR(zookeeper_.begin_call(session_, "list", path));
    WEIR_RETURN_IF_ERROR(check_path(path));
    const auto& tree = zookeeper_.view_of(*session_);
    const bool found = tree.contains(path);
    std::vector<std::string> names;
    for (const auto& [name, node] : tree) {
      if (name != "/" && parent_of(name) == path)
        names.push_back(name.substr(path == "/" ? 1 : path.size() + 1));
    }
    WEIR_RETURN_IF_ERROR(reply("list", path));
    if (!found) return not_found(cat("list of ", path, ": there is no such node (simulated)"));
    std::sort(names.begin(), names.end());
    return names;
  }
  Status multi(const std::vector<ZOperation>& operations, int* refused) override {
    const Call call(*session_);
    if (refused != nullptr) *refused = -1;
    if (operations.empty()) return {};
    return zookeeper_.mutate(session_, "multi", operations, refused, nullptr);
  }
  Status watch(const std::string& path, std::function<void()> changed) override {
    const Call call(*session_);
    WEIR_RETURN_IF_ERROR(zookeeper_.begin_call(session_, "watch", path));
    WEIR_RETURN_IF_ERROR(check_path(path));
    const SimZooKeeper::Tree& view = zookeeper_.view_of(*session_);
    session_->watches.erase(path);
    if (SimZooKeeper::same_node(view, *zookeeper_.tree_, path)) {
      session_->watches[path] = std::move(changed);
    } else {
      // A lagging server fires the watch when it learns of the change.
      zookeeper_.fire(session_, std::move(changed));
    }
    return reply("watch", path);
  }

  void close() override {
    if (session_->closed) return;
    session_->closed = true;
    session_->listener = nullptr;
    session_->watches.clear();
    session_->fired.clear();
    if (!session_->life->alive || session_->ended || !zookeeper_.reaches(*session_)) return;
    if (zookeeper_.random_.chance(zookeeper_.faults_.fail_before)) return;
    zookeeper_.do_late(*session_);
    zookeeper_.end_session(*session_);
  }

 private:
  /// Keeps the session from being destroyed during a call.
  class Call {
   public:
    explicit Call(SimZooKeeper::Session& session) : session_(session) { ++session_.calls; }
    ~Call() { --session_.calls; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    SimZooKeeper::Session& session_;
  };

  /// Delivers the reply of a call that changes nothing.
  Status reply(std::string_view what, const std::string& path) {
    if (!zookeeper_.random_.chance(zookeeper_.faults_.fail_after))
      return zookeeper_.end_call(session_, what, path, Operation::kZooKeeper);
    return unavailable(cat(what, " of ", path, " in ZooKeeper: the reply was lost (simulated)"));
  }

  SimZooKeeper& zookeeper_;
  const std::shared_ptr<SimZooKeeper::Session> session_;
};

class SimZooKeeperFactory : public ZooKeeperFactory {
 public:
  SimZooKeeperFactory(SimZooKeeper& zookeeper, std::shared_ptr<Life> life, MonotonicTime timeout)
      : zookeeper_(zookeeper), life_(std::move(life)), timeout_(timeout) {}

  StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) override {
    const Status away = unavailable("no session with ZooKeeper (simulated)");
    zookeeper_.world_.at_operation(*life_, Operation::kZooKeeper);
    SimZooKeeper::Session nobody;
    nobody.life = life_;
    if (!life_->alive || !zookeeper_.reaches(nobody) ||
        zookeeper_.random_.chance(zookeeper_.faults_.fail_before))
      return away;
    auto session = zookeeper_.new_session(life_, timeout_, std::move(listener));
    if (zookeeper_.random_.chance(zookeeper_.faults_.fail_after)) {
      session->ghost = true;
      session->listener = nullptr;
      return away;
    }
    zookeeper_.tell(session, ZSessionEvent::kConnected);
    auto opened = std::make_shared<SimZooKeeperSession>(zookeeper_, session);
    zookeeper_.world_.at_operation(*life_, Operation::kZooKeeper);
    return std::shared_ptr<ZooKeeperSession>(std::move(opened));
  }

 private:
  SimZooKeeper& zookeeper_;
  const std::shared_ptr<Life> life_;
  const MonotonicTime timeout_;
};

std::unique_ptr<ZooKeeperFactory> zookeeper_for(SimZooKeeper& zookeeper, std::shared_ptr<Life> life,
                                                MonotonicTime session_timeout) {
  return std::make_unique<SimZooKeeperFactory>(zookeeper, std::move(life), session_timeout);
}

}  // namespace weir::sim
