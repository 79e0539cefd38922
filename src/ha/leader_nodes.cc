#include "ha/leader_nodes.h"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

/// Attempts are numbered by the epoch and a counter, 32 bits each (docs/formats/zookeeper.md).
constexpr int64_t kMaxEpoch = std::numeric_limits<int32_t>::max();
/// Rounds of one contest. Two suffice unless others contend at the same time or replies are lost.
constexpr int kRounds = 4;

struct EpochNode {
  int64_t epoch = 0;
  int32_t version = 0;
};

StatusOr<EpochNode> get_epoch(ZooKeeperSession& session, const HaPaths& paths) {
  WEIR_ASSIGN_OR_RETURN(const ZNode node, session.get(paths.epoch()));
  EpochNode found{0, node.stat.version};
  const char* const end = node.data.data() + node.data.size();
  const auto [stopped, error] = std::from_chars(node.data.data(), end, found.epoch);
  if (error != std::errc() || stopped != end || found.epoch < 0 || found.epoch > kMaxEpoch) {
    return data_loss(cat(paths.epoch(), " in ZooKeeper holds '", node.data.substr(0, 40),
                         "', which is no epoch: is another program using this path? Choose another "
                         "high-availability.cluster-id"));
  }
  return found;
}

}  // namespace

std::string encode(const LeaderRecord& record) {
  return nlohmann::json{
      {"address", record.address}, {"epoch", record.epoch}, {"contender", record.contender}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

StatusOr<LeaderRecord> decode_leader_record(std::string_view bytes, const std::string& path) {
  const auto json = nlohmann::json::parse(bytes, nullptr, false);
  const auto is = [&](const char* key, auto matches) {
    return json.contains(key) && matches(json[key]);
  };
  const auto text = [](const nlohmann::json& value) { return value.is_string(); };
  const auto number = [](const nlohmann::json& value) { return value.is_number_integer(); };
  if (!json.is_object() || !is("address", text) || !is("epoch", number) || !is("contender", text)) {
    return data_loss(cat(path, " in ZooKeeper holds '", bytes.substr(0, 80),
                         "', which no leader of this program has written: is another program using "
                         "this path? Choose another "
                         "high-availability.cluster-id"));
  }
  return LeaderRecord{json["address"].get<std::string>(), json["epoch"].get<int64_t>(),
                      json["contender"].get<std::string>()};
}

StatusOr<Contest> look_for_leader(ZooKeeperSession& session, const HaPaths& paths,
                                  const std::string& contender) {
  auto node = session.get(paths.leader());
  if (node.status().code() == StatusCode::kNotFound) return Contest{};
  if (!node.ok()) return node.status();
  Contest contest;
  WEIR_ASSIGN_OR_RETURN(contest.leader, decode_leader_record(node->data, paths.leader()));
  contest.mine =
      node->stat.ephemeral_owner == session.id() && contest.leader->contender == contender;
  if (contest.mine) {
    WEIR_ASSIGN_OR_RETURN(const EpochNode epoch, get_epoch(session, paths));
    if (epoch.epoch != contest.leader->epoch) {
      // Only a new leader changes the epoch: this session is ending, and the server that answers
      // lags behind.
      return unavailable(cat(paths.epoch(), " in ZooKeeper says ", epoch.epoch,
                             " though the leader's node is of epoch ", contest.leader->epoch));
    }
    contest.epoch_version = epoch.version;
  }
  return contest;
}

StatusOr<Contest> contend(ZooKeeperSession& session, const HaPaths& paths,
                          const std::string& address, const std::string& contender) {
  Status last = unavailable("nothing was tried");
  for (int round = 0; round < kRounds; ++round) {
    auto contest = look_for_leader(session, paths, contender);
    if (contest.ok() && contest->leader) return contest;
    if (!contest.ok()) {
      last = contest.status();
      if (last.code() != StatusCode::kUnavailable) return last;
      continue;
    }
    auto epoch = get_epoch(session, paths);
    if (epoch.status().code() == StatusCode::kNotFound) {
      WEIR_RETURN_IF_ERROR(create_parents(session, paths.epoch()));
      last = session.create(paths.epoch(), "0", ZNodeKind::kPersistent);
      if (!last.ok() && last.code() != StatusCode::kAlreadyExists &&
          last.code() != StatusCode::kUnavailable)
        return last;
      epoch = get_epoch(session, paths);
    }
    if (!epoch.ok()) {
      last = epoch.status();
      if (last.code() != StatusCode::kUnavailable) return last;
      continue;
    }
    if (epoch->epoch >= kMaxEpoch)
      return failed_precondition(
          cat(paths.epoch(), " in ZooKeeper has come to its end; use another cluster id"));
    const LeaderRecord record{address, epoch->epoch + 1, contender};
    last = session.multi({set_operation(paths.epoch(), cat(record.epoch), epoch->version),
                          create_operation(paths.leader(), encode(record), ZNodeKind::kEphemeral)});
    if (last.ok()) return Contest{record, true, epoch->version + 1};
    // Unknown, or another contender was faster: the next look decides.
    if (last.code() != StatusCode::kUnavailable && last.code() != StatusCode::kAborted &&
        last.code() != StatusCode::kAlreadyExists) {
      return last;
    }
  }
  return unavailable(
      cat("it is not known who leads at ", paths.base, " in ZooKeeper: ", last.message()));
}

StatusOr<int64_t> read_epoch(ZooKeeperSession& session, const HaPaths& paths) {
  WEIR_ASSIGN_OR_RETURN(const EpochNode node, get_epoch(session, paths));
  return node.epoch;
}

Status create_parents(ZooKeeperSession& session, const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const Status status = session.create(path.substr(0, slash), "", ZNodeKind::kPersistent);
    // A user may have the right to write below a node but not to create it.
    if (status.code() == StatusCode::kPermissionDenied && session.get(path.substr(0, slash)).ok())
      continue;
    if (!status.ok() && status.code() != StatusCode::kAlreadyExists) return status;
  }
  return {};
}

}  // namespace weir
