#include "ha/ha_options.h"

#include "base/component.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "ha/zookeeper_component.h"

namespace weir {
namespace {

/// "/a/b" for "a/b/", "/a/b" or "//a//b".
StatusOr<std::string> node_path(const ConfigKey& key, const std::string& text) {
  std::string path;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty()) continue;
    if (part == "." || part == "..")
      return invalid_argument(
          cat(key.name, ": '", text, "' has a part that ZooKeeper does not take: ", part));
    for (const char c : part) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        return invalid_argument(cat(key.name, " has a character that ZooKeeper does not take"));
    }
    path += cat('/', part);
  }
  return path;
}

}  // namespace

StatusOr<std::optional<HaOptions>> ha_options(const Configuration& configuration,
                                              const JobId& job) {
  if (configuration.get(options::kHaType) == HighAvailabilityType::kNone)
    return std::optional<HaOptions>();
  if (&weir_component_zookeeper == nullptr)
    return component_missing(configuration.describe(options::kHaType), "zookeeper");
  HaOptions result;
  result.client.quorum = configuration.get_optional(options::kZooKeeperQuorum).value_or("");
  if (trim(result.client.quorum).empty()) {
    return failed_precondition(
        "high-availability.type is zookeeper, but high-availability.zookeeper.quorum is not set: "
        "give it the "
        "servers as host:port,host:port");
  }
  WEIR_ASSIGN_OR_RETURN(
      const std::string root,
      node_path(options::kZooKeeperRoot, configuration.get(options::kZooKeeperRoot)));
  WEIR_ASSIGN_OR_RETURN(
      const std::string cluster,
      node_path(options::kHaClusterId,
                configuration.get_optional(options::kHaClusterId).value_or(job.to_hex())));
  if (cluster.empty())
    return invalid_argument(
        "high-availability.cluster-id is empty: give it a name, or leave it out");
  result.paths.base = root + cluster;
  result.client.session_timeout = configuration.get(options::kZooKeeperSessionTimeout);
  result.client.connection_timeout = configuration.get(options::kZooKeeperConnectionTimeout);
  result.client.creator_only = configuration.get(options::kZooKeeperAcl) == ZooKeeperAcl::kCreator;
  const std::string authorization =
      configuration.get_optional(options::kZooKeeperAuthorization).value_or("");
  if (!authorization.empty()) {
    constexpr std::string_view kScheme = "digest:";
    if (!authorization.starts_with(kScheme) ||
        authorization.find(':', kScheme.size()) == std::string::npos) {
      return invalid_argument(
          "high-availability.zookeeper.client.authorization must be digest:USER:PASSWORD");
    }
    result.client.digest = authorization.substr(kScheme.size());
  }
  if (result.client.creator_only && result.client.digest.empty()) {
    return failed_precondition(
        "high-availability.zookeeper.client.acl is creator, but "
        "high-availability.zookeeper.client.authorization "
        "does not say who that is: set it to digest:USER:PASSWORD");
  }
  return std::optional<HaOptions>(std::move(result));
}

}  // namespace weir
