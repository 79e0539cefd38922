#include "sim_zookeeper.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "sim_network.h"
#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

constexpr size_t kHistory = 32;
/// A session expires late by up to this fraction of its time-out, because servers check it in
/// ticks.
constexpr int kExpiryLateness = 4;

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status check_path(const std::string& path) {
  const bool bad = path.empty() || path[0] != '/' || (path.size() > 1 && path.back() == '/') ||
                   path.find("//") != std::string::npos;
  if (bad) return invalid_argument(cat(path, ": ZooKeeper does not take this path (simulated)"));
  return {};
}

bool has_children(const std::map<std::string, ZNode>& tree, const std::string& path) {
  const std::string prefix = path == "/" ? path : path + "/";
  const auto next = tree.upper_bound(prefix);
  return next != tree.end() && next->first.starts_with(prefix);
}

}  // namespace

struct SimZooKeeper::Session {
  int64_t id = 0;
  std::shared_ptr<Life> life;
  MonotonicTime timeout{0};
  ZSessionListener listener;

  // State of the servers.
  bool ended = false;
  MonotonicTime last_heard{0};
  int64_t seen_zxid = 0;
  std::vector<std::vector<ZOperation>> late;  ///< received, not yet applied
  // State of the client.
  int calls = 0;       ///< number in flight
  bool ghost = false;  ///< the reply that opened the session was lost
  bool closed = false;
  bool connected = true;
  bool knows_of_end = false;
  MonotonicTime suspended_until{0};
  std::map<std::string, std::function<void()>> watches;
  std::vector<std::function<void()>> fired;  ///< fired, not yet delivered
};

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

SimZooKeeper::SimZooKeeper(SimWorld& world, std::string host)
    : world_(world),
      host_(std::move(host)),
      random_(world.random().split()),
      tree_(std::make_shared<Tree>(Tree{{"/", ZNode{}}})) {
  history_.emplace_back(0, tree_);
}

SimZooKeeper::~SimZooKeeper() = default;

void SimZooKeeper::stop_faults() {
  faults_ = ZooKeeperFaults{};
  outage_until_ = world_.now();
  for (auto& [id, session] : sessions_) session->suspended_until = world_.now();
}

void SimZooKeeper::outage(MonotonicTime duration) {
  world_.note("zookeeper outage", host_, static_cast<uint64_t>(duration.count()));
  outage_until_ = std::max(outage_until_, world_.now() + duration);
}

bool SimZooKeeper::expire(int64_t session_id) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return false;
  const std::shared_ptr<Session> session = found->second;
  end_session(*session);
  return true;
}

std::optional<ZNode> SimZooKeeper::peek(const std::string& path) const {
  const auto found = tree_->find(path);
  if (found == tree_->end()) return std::nullopt;
  return found->second;
}

std::shared_ptr<SimZooKeeper::Session> SimZooKeeper::new_session(std::shared_ptr<Life> life,
                                                                 MonotonicTime timeout,
                                                                 ZSessionListener listener) {
  auto session = std::make_shared<Session>();
  session->id = next_session_++;
  session->life = std::move(life);
  session->timeout = timeout;
  session->listener = std::move(listener);
  session->last_heard = world_.now();
  // The session's server may lag.
  session->seen_zxid = history_.front().first;
  sessions_[session->id] = session;
  ++zxid_;
  world_.note("session", session->life->name, static_cast<uint64_t>(session->id));
  tick(session);
  return session;
}

bool SimZooKeeper::reaches(const Session& session) const {
  const Life& life = *session.life;
  const MonotonicTime now = world_.now();
  return life.alive && life.paused_until <= now && !session.ghost &&
         session.suspended_until <= now && outage_until_ <= now &&
         world_.network().reaches(life.host, host_) && world_.network().reaches(host_, life.host);
}

/// Repeats itself while there is a client to notify or a session to expire.
void SimZooKeeper::tick(const std::shared_ptr<Session>& session) {
  const MonotonicTime now = world_.now();
  if (session->ended &&
      (session->closed || session->ghost || session->knows_of_end || !session->life->alive))
    return;
  if (outage_until_ > now) session->last_heard = outage_until_;
  if (reaches(*session) && !session->closed) {
    contact(session);
  } else {
    suspend(session);
  }
  if (session->ended && session->knows_of_end) return;
  const MonotonicTime next = now + session->timeout / 6 + random_.delay(session->timeout / 6);
  const MonotonicTime expiry =
      session->last_heard + session->timeout + random_.delay(session->timeout / kExpiryLateness);
  if (!session->ended && session->last_heard + session->timeout <= now) {
    world_.note("session expires", session->life->name, static_cast<uint64_t>(session->id));
    end_session(*session);
  }
  world_.at(session->ended ? next : std::min(next, std::max(expiry, now + MonotonicTime(1))),
            nullptr, [this, session] { tick(session); });
}

/// The client and the servers exchange a heartbeat.
void SimZooKeeper::contact(const std::shared_ptr<Session>& session) {
  if (session->ended) {
    if (!std::exchange(session->knows_of_end, true)) tell(session, ZSessionEvent::kExpired);
    session->watches.clear();
    session->fired.clear();
    return;
  }
  session->last_heard = world_.now();
  if (!std::exchange(session->connected, true)) tell(session, ZSessionEvent::kConnected);
  for (auto& changed : std::exchange(session->fired, {})) {
    world_.at(world_.now() + world_.random().delay(world_.options().message_max), session->life,
              [session, changed = std::move(changed)] {
                if (!session->closed) changed();
              });
  }
}

void SimZooKeeper::suspend(const std::shared_ptr<Session>& session) {
  if (session->closed || session->ghost || !std::exchange(session->connected, false)) return;
  tell(session, ZSessionEvent::kSuspended);
}

void SimZooKeeper::tell(const std::shared_ptr<Session>& session, ZSessionEvent event) {
  world_.at(world_.now() + world_.random().delay(world_.options().message_max), session->life,
            [session, event] {
              if (!session->closed && session->listener) session->listener(event);
            });
}

void SimZooKeeper::end_session(Session& session) {
  session.ended = true;
  session.late.clear();
  Tree tree = *tree_;
  std::erase_if(tree,
                [&](const auto& entry) { return entry.second.stat.ephemeral_owner == session.id; });
  sessions_.erase(session.id);
  commit(std::move(tree));
}

Status SimZooKeeper::begin_call(const std::shared_ptr<Session>& session, std::string_view what,
                                const std::string& path, Operation operation) {
  Life& life = *session->life;
  world_.at_operation(life, operation);
  const auto unknown = [&](std::string_view why) {
    return unavailable(cat(what, " of ", path, " in ZooKeeper: ", why, " (simulated)"));
  };
  if (!life.alive) return unknown("the process is dead");
  world_.note("zookeeper", cat(life.name, ' ', what, ' ', path),
              static_cast<uint64_t>(session->id));
  const bool served = faults_.serve_ended && session->ended &&
                      operation == Operation::kZooKeeperChange && reaches(*session);
  if (served) return {};
  if (session->closed || session->knows_of_end)
    return cancelled(cat(what, " of ", path, " in ZooKeeper: the session has ended (simulated)"));
  if (random_.chance(faults_.kill_at_call)) {
    world_.kill(life, cat("before ", what, " of ", path));
    return unknown("the process died");
  }
  if (random_.chance(faults_.suspend)) {
    session->suspended_until = world_.now() + random_.delay(faults_.suspend_max);
    suspend(session);
  }
  if (!reaches(*session)) return unknown("no server answers");
  if (session->ended) {
    contact(session);
    return cancelled(cat(what, " of ", path, " in ZooKeeper: the session has expired (simulated)"));
  }
  if (random_.chance(faults_.fail_before)) return unknown("the request was lost");
  contact(session);
  do_late(*session);
  return {};
}

Status SimZooKeeper::end_call(const std::shared_ptr<Session>& session, std::string_view what,
                              const std::string& path, Operation operation) {
  world_.at_operation(*session->life, operation);
  if (reaches(*session)) return {};
  return unavailable(
      cat(what, " of ", path, " in ZooKeeper: the reply did not come through (simulated)"));
}

Status SimZooKeeper::mutate(const std::shared_ptr<Session>& session, std::string_view what,
                            const std::vector<ZOperation>& operations, int* refused,
                            int32_t* version) {
  const std::string& path = operations.back().path;
  WEIR_RETURN_IF_ERROR(begin_call(session, what, path, Operation::kZooKeeperChange));
  for (const ZOperation& operation : operations) WEIR_RETURN_IF_ERROR(check_path(operation.path));
  if (random_.chance(faults_.late)) {
    session->late.push_back(operations);
    world_.at(world_.now() + random_.delay(session->timeout), nullptr, [this, session] {
      if (!session->ended) do_late(*session);
    });
    return unavailable(cat(what, " of ", path, " in ZooKeeper: no reply (simulated)"));
  }
  const Status status = apply(*session, operations, refused, version);
  if (random_.chance(faults_.kill_at_call)) {
    world_.kill(*session->life, cat("after ", what, " of ", path));
    return unavailable("the process died (simulated)");
  }
  if (random_.chance(faults_.fail_after)) {
    if (refused != nullptr) *refused = -1;
    return unavailable(cat(what, " of ", path, " in ZooKeeper: the reply was lost (simulated)"));
  }
  const int64_t happened = zxid_;
  if (const Status back = end_call(session, what, path, Operation::kZooKeeperChange); !back.ok()) {
    if (refused != nullptr) *refused = -1;
    return back;
  }
  session->seen_zxid = std::max(session->seen_zxid, happened);
  return status;
}

void SimZooKeeper::do_late(Session& session) {
  for (const auto& operations : std::exchange(session.late, {})) {
    world_.note("late", session.life->name, static_cast<uint64_t>(session.id));
    (void)apply(session, operations, nullptr, nullptr);
  }
}

Status SimZooKeeper::apply(Session& session, const std::vector<ZOperation>& operations,
                           int* refused, int32_t* version) {
  Tree tree = *tree_;
  for (size_t i = 0; i < operations.size(); ++i) {
    const Status status = apply_one(tree, operations[i], zxid_ + 1, session.id);
    if (status.ok()) continue;
    if (refused != nullptr) *refused = static_cast<int>(i);
    ++zxid_;
    return status;
  }
  if (version != nullptr) *version = tree.at(operations.back().path).stat.version;
  commit(std::move(tree));
  return {};
}

Status SimZooKeeper::apply_one(Tree& tree, const ZOperation& operation, int64_t zxid,
                               int64_t session_id) const {
  const auto refuse = [&](std::string_view why) {
    return cat(operation.path, " in ZooKeeper: ", why, " (simulated)");
  };
  const auto found = tree.find(operation.path);
  if (operation.type == ZOperation::Type::kCreate) {
    if (found != tree.end()) return already_exists(refuse("the node is there already"));
    const auto parent = tree.find(parent_of(operation.path));
    if (parent == tree.end()) return not_found(refuse("its parent is missing"));
    if (parent->second.stat.ephemeral_owner != 0)
      return failed_precondition(refuse("its parent is ephemeral"));
    if (operation.kind == ZNodeKind::kEphemeral && !sessions_.contains(session_id))
      return cancelled(refuse("the session has ended"));
    ZNode node{operation.data,
               {zxid, zxid, 0, operation.kind == ZNodeKind::kEphemeral ? session_id : 0}};
    tree.emplace(operation.path, std::move(node));
    return {};
  }
  if (found == tree.end()) return not_found(refuse("there is no such node"));
  ZNodeStat& stat = found->second.stat;
  if (operation.version != kAnyVersion && operation.version != stat.version) {
    return aborted(refuse(cat("its version is ", stat.version, ", not ", operation.version)));
  }
  if (operation.type == ZOperation::Type::kSet) {
    found->second.data = operation.data;
    stat.modified_zxid = zxid;
    ++stat.version;
  } else if (operation.type == ZOperation::Type::kRemove) {
    if (has_children(tree, operation.path))
      return failed_precondition(refuse("the node has children"));
    tree.erase(found);
  }
  return {};
}

/// Makes `tree` the next state of the store, and fires the watches of changed nodes.
void SimZooKeeper::commit(Tree tree) {
  ++zxid_;
  const std::shared_ptr<const Tree> before = tree_;
  tree_ = std::make_shared<const Tree>(std::move(tree));
  history_.emplace_back(zxid_, tree_);
  if (history_.size() > kHistory) history_.pop_front();
  for (auto& [id, session] : sessions_) {
    for (auto watch = session->watches.begin(); watch != session->watches.end();) {
      if (same_node(*before, *tree_, watch->first)) {
        ++watch;
        continue;
      }
      fire(session, std::move(watch->second));
      watch = session->watches.erase(watch);
    }
  }
}

bool SimZooKeeper::same_node(const Tree& before, const Tree& after, const std::string& path) {
  const auto a = before.find(path);
  const auto b = after.find(path);
  return a == before.end() ? b == after.end()
                           : b != after.end() && a->second.stat == b->second.stat;
}

/// Fires a watch: soon if the client is then reachable, otherwise when it is reachable again.
void SimZooKeeper::fire(const std::shared_ptr<Session>& session, std::function<void()> changed) {
  session->fired.push_back(std::move(changed));
  world_.at(
      world_.now() + world_.random().delay(world_.options().message_max), nullptr, [this, session] {
        if (!session->ended && !session->closed && !session->fired.empty() && reaches(*session))
          contact(session);
      });
}

/// Returns the state that the session's server shows. It is never older than a state that the
/// session has seen.
const SimZooKeeper::Tree& SimZooKeeper::view_of(Session& session) {
  if (!random_.chance(faults_.stale_read)) {
    session.seen_zxid = zxid_;
    return *tree_;
  }
  size_t oldest = history_.size() - 1;
  while (oldest > 0 && history_[oldest].first > session.seen_zxid) --oldest;
  const auto& [zxid, tree] = history_[oldest + random_.below(history_.size() - oldest)];
  session.seen_zxid = std::max(session.seen_zxid, zxid);
  return *tree;
}

}  // namespace weir::sim
