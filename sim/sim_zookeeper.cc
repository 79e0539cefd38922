#include "sim_zookeeper.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "sim_network.h"
#include "sim_zookeeper_session.h"
#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

constexpr size_t kHistory = 32;
/// A session expires late by up to this fraction of its time-out, because servers check it in
/// ticks.
constexpr int kExpiryLateness = 4;

bool has_children(const std::map<std::string, ZNode>& tree, const std::string& path) {
  const std::string prefix = path == "/" ? path : path + "/";
  const auto next = tree.upper_bound(prefix);
  return next != tree.end() && next->first.starts_with(prefix);
}

}  // namespace

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
