#pragma once

#include "config/config_key.h"

namespace weir {

enum class SchedulerType { kAdaptive, kFixed };
enum class ProcessRole { kEmbedded, kCoordinator, kWorker, kChain };

namespace options {

inline constexpr Option<int64_t> kTaskSlots{
    {"taskmanager.numberOfTaskSlots", ConfigType::kInt, "1",
     "Number of slots of a worker process. A slot is a thread that runs subtasks.", "", "", 1,
     32768}};
inline constexpr Option<ProcessRole> kRole{
    {"weir.role", ConfigType::kEnum, "embedded",
     "Role of this process: the whole cluster, a coordinator, or a worker (--role). chain: set by "
     "Flink's TaskManagers.",
     "", "embedded,coordinator,worker,chain"}};
inline constexpr Option<int64_t> kWorkers{
    {"weir.workers", ConfigType::kInt, "0",
     "Number of worker processes on this host that the coordinator starts, and restarts when they "
     "die (--workers).",
     "", "", 0, 4096}};
inline constexpr Option<std::string> kCoordinatorAddress{
    {"jobmanager.rpc.address", ConfigType::kString, "",
     "Host of the coordinator (--coordinator HOST:PORT). With high-availability.type zookeeper: "
     "the host that the coordinator announces in ZooKeeper."}};
inline constexpr Option<int64_t> kCoordinatorPort{{"jobmanager.rpc.port", ConfigType::kInt, "6123",
                                                   "Port of the coordinator; 0: any free one.", "",
                                                   "", 0, 65535}};
inline constexpr Option<std::string> kCoordinatorBindHost{
    {"jobmanager.bind-host", ConfigType::kString, "127.0.0.1",
     "Address on which the coordinator listens (--listen HOST:PORT). Beyond loopback it needs "
     "security.shared-secret.file or security.ssl.internal.enabled. Flink listens on all "
     "addresses."}};
inline constexpr Option<std::string> kWorkerHost{
    {"taskmanager.host", ConfigType::kString, "",
     "Host of this worker as other workers reach it; unset: taskmanager.bind-host."}};
inline constexpr Option<std::string> kWorkerBindHost{
    {"taskmanager.bind-host", ConfigType::kString, "127.0.0.1",
     "Address on which a worker listens for records of other workers. Beyond loopback it has the "
     "same requirements as jobmanager.bind-host."}};
inline constexpr Option<int64_t> kDataPort{{"taskmanager.data.port", ConfigType::kInt, "0",
                                            "Port for records of other workers; 0: any free one.",
                                            "", "", 0, 65535}};
inline constexpr Option<Duration> kRegistrationTimeout{
    {"taskmanager.registration.timeout", ConfigType::kDuration, "5 min",
     "A worker that no coordinator has accepted for this time ends.", "", "", 1}};
inline constexpr Option<Duration> kHeartbeatInterval{{"heartbeat.interval", ConfigType::kDuration,
                                                      "10 s", "Time between two heartbeats.", "",
                                                      "", 1}};
inline constexpr Option<Duration> kHeartbeatTimeout{
    {"heartbeat.timeout", ConfigType::kDuration, "50 s",
     "A peer that is silent for this time is considered lost. A process that dies is detected at "
     "once, because its connection breaks.",
     "", "", 1}};
inline constexpr Option<Duration> kCancellationTimeout{
    {"task.cancellation.timeout", ConfigType::kDuration, "180 s",
     "A worker is considered lost if its tasks have not ended this long after a cancellation.", "",
     "", 1}};
inline constexpr Option<SchedulerType> kScheduler{
    {"jobmanager.scheduler", ConfigType::kEnum, "adaptive",
     "adaptive: the job runs on the available slots: on fewer if some are lost, on more from the "
     "next checkpoint on if some are added; fixed: it keeps its width and waits for slots.",
     "", "adaptive,fixed|default"}};
inline constexpr Option<Duration> kFirstSlotWait{
    {"jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout",
     ConfigType::kDuration, "10 s", "Time to wait for all slots before the job starts on fewer."}};

}  // namespace options

/// The roles of processes, their addresses, and how they notice each other's end.
inline constexpr const ConfigKey* kClusterKeys[] = {
    &options::kTaskSlots,
    &options::kRole,
    &options::kWorkers,
    &options::kCoordinatorAddress,
    &options::kCoordinatorPort,
    &options::kCoordinatorBindHost,
    &options::kWorkerHost,
    &options::kWorkerBindHost,
    &options::kDataPort,
    &options::kRegistrationTimeout,
    &options::kHeartbeatInterval,
    &options::kHeartbeatTimeout,
    &options::kCancellationTimeout,
    &options::kScheduler,
    &options::kFirstSlotWait,
};

}  // namespace weir
