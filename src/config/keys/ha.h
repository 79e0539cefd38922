#pragma once

#include "config/config_key.h"

namespace weir {

enum class HighAvailabilityType { kNone, kZooKeeper };
enum class ZooKeeperAcl { kOpen, kCreator };

namespace options {

inline constexpr Option<HighAvailabilityType> kHaType{
    {"high-availability.type", ConfigType::kEnum, "NONE",
     "zookeeper: several coordinators, one of which leads; if it dies, another continues from the "
     "last completed checkpoint.",
     "high-availability", "NONE,zookeeper"}};
inline constexpr Option<std::string> kHaClusterId{
    {"high-availability.cluster-id", ConfigType::kString, "",
     "Coordinators and workers with the same id form a cluster; unset: the job's id. Flink's "
     "default is /default, which two jobs would share.",
     "high-availability.zookeeper.path.namespace"}};
inline constexpr Option<std::string> kHaStorageDir{
    {"high-availability.storageDir", ConfigType::kString, "",
     "Flink's storage for records that are too large for ZooKeeper. Accepted and not used: weir's "
     "records are small.",
     "high-availability.zookeeper.storageDir"}};
inline constexpr Option<std::string> kZooKeeperQuorum{
    {"high-availability.zookeeper.quorum", ConfigType::kString, "",
     "The ZooKeeper servers: host:port,host:port."}};
inline constexpr Option<std::string> kZooKeeperRoot{
    {"high-availability.zookeeper.path.root", ConfigType::kString, "/weir",
     "The parent node of all clusters. Flink's default is /flink."}};
inline constexpr Option<Duration> kZooKeeperSessionTimeout{
    {"high-availability.zookeeper.client.session-timeout", ConfigType::kDuration, "10 s",
     "A dead coordinator is replaced after this time at the latest. A coordinator that cannot "
     "reach ZooKeeper for five sixths of it stops leading. Flink's default, 60 s, is more than "
     "ZooKeeper servers grant by default.",
     "", "", 100, 3'600'000}};
inline constexpr Option<Duration> kZooKeeperConnectionTimeout{
    {"high-availability.zookeeper.client.connection-timeout", ConfigType::kDuration, "15 s",
     "An attempt to open a ZooKeeper session fails after this time, and is repeated.", "", "", 1,
     3'600'000}};
inline constexpr Option<ZooKeeperAcl> kZooKeeperAcl{
    {"high-availability.zookeeper.client.acl", ConfigType::kEnum, "open",
     "Access to weir's ZooKeeper nodes: open: everybody; creator: only clients with the same "
     "authorization.",
     "", "open,creator"}};
inline constexpr Option<std::string> kZooKeeperAuthorization{
    {"high-availability.zookeeper.client.authorization", ConfigType::kSecret, "",
     "The identity of this process in ZooKeeper: digest:USER:PASSWORD."}};
inline constexpr Option<std::string> kZooKeeperAuthorizationFile{
    {"high-availability.zookeeper.client.authorization.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};

}  // namespace options

/// Coordinators that are elected.
inline constexpr const ConfigKey* kHighAvailabilityKeys[] = {
    &options::kHaType,
    &options::kHaClusterId,
    &options::kHaStorageDir,
    &options::kZooKeeperQuorum,
    &options::kZooKeeperRoot,
    &options::kZooKeeperSessionTimeout,
    &options::kZooKeeperConnectionTimeout,
    &options::kZooKeeperAcl,
    &options::kZooKeeperAuthorization,
    &options::kZooKeeperAuthorizationFile,
};

}  // namespace weir
