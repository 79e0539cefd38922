#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "config/value_text.h"
#include "weir/config.h"

namespace weir {

/// kSecret: a string that messages and the command lines of children never show. Each secret also
/// has a key with the suffix ".file", which names a file that holds it.
enum class ConfigType { kString, kSecret, kBool, kInt, kDouble, kDuration, kSize, kEnum };

/// A key that weir knows. Names, types, units and defaults are Flink's where Flink has the key.
struct ConfigKey {
  std::string_view name;
  ConfigType type = ConfigType::kString;
  std::string_view default_value;  ///< as a user would write it; empty: none
  std::string_view doc;            ///< one line
  std::string_view aliases = "";   ///< older names, comma-separated
  std::string_view choices = "";  ///< kEnum: comma-separated in the order of the enumerators, "a|b"
                                  ///< for two spellings of one
  int64_t min = std::numeric_limits<int64_t>::min();  ///< numbers; kDuration: ms; kSize: bytes
  int64_t max = std::numeric_limits<int64_t>::max();
};

/// A key, and the C++ type of its value.
template <class V>
struct Option : ConfigKey {};

/// Every key, in the order of docs/configuration.md, which is made from it (WEIR_UPDATE_DOCS=1
/// weir_config_test rewrites that page).
std::span<const ConfigKey* const> config_keys();
/// By name or older name; null if there is no such key.
const ConfigKey* find_config_key(std::string_view name);
/// The text of docs/configuration.md.
std::string configuration_page();

enum class RestartStrategyType { kNone, kFixedDelay, kFailureRate, kExponentialDelay };
enum class StateBackendType { kHashMap };
enum class SchedulerType { kAdaptive, kFixed };
enum class ProcessRole { kEmbedded, kCoordinator, kWorker, kChain };
enum class ExecutionTarget { kWeir, kFlink };
enum class HighAvailabilityType { kNone, kZooKeeper };
enum class ZooKeeperAcl { kOpen, kCreator };
enum class RecordsWithoutTimestamp { kFail, kDrop };

namespace options {

inline constexpr Option<Duration> kCheckpointInterval{
    {"execution.checkpointing.interval", ConfigType::kDuration, "",
     "Time between two checkpoints; unset: none by time.", "", "", 1}};
inline constexpr Option<int64_t> kCheckpointEventThreshold{
    {"execution.checkpointing.event-threshold", ConfigType::kInt, "",
     "Start a checkpoint when the sources have emitted this many records since the last one, or "
     "when the interval is over, "
     "whichever is first.",
     "", "", 1}};
inline constexpr Option<CheckpointingMode> kCheckpointMode{
    {"execution.checkpointing.mode", ConfigType::kEnum, "EXACTLY_ONCE",
     "What a restore guarantees about state.", "", "EXACTLY_ONCE,AT_LEAST_ONCE"}};
inline constexpr Option<bool> kUnalignedCheckpoints{
    {"execution.checkpointing.unaligned.enabled", ConfigType::kBool, "false",
     "Flink's with --target flink: under back pressure barriers overtake records, which are kept "
     "in the checkpoint."}};
inline constexpr Option<Duration> kAlignedCheckpointTimeout{
    {"execution.checkpointing.aligned-checkpoint-timeout", ConfigType::kDuration, "0 ms",
     "Flink's with --target flink: a checkpoint begins as an aligned one, and becomes an unaligned "
     "one after this time.",
     "execution.checkpointing.alignment-timeout"}};
inline constexpr Option<Duration> kCheckpointTimeout{
    {"execution.checkpointing.timeout", ConfigType::kDuration, "10 min",
     "A checkpoint that takes longer is aborted.", "", "", 1}};
inline constexpr Option<Duration> kCheckpointMinPause{
    {"execution.checkpointing.min-pause", ConfigType::kDuration, "0 ms",
     "Least time between the end of one checkpoint and the start of the next."}};
inline constexpr Option<int64_t> kMaxConcurrentCheckpoints{
    {"execution.checkpointing.max-concurrent-checkpoints", ConfigType::kInt, "1",
     "How many checkpoints may be under way at once.", "", "", 1, 1000}};
inline constexpr Option<int64_t> kTolerableFailedCheckpoints{
    {"execution.checkpointing.tolerable-failed-checkpoints", ConfigType::kInt, "0",
     "How many checkpoints in a row may fail before the job does.", "", "", 0}};
inline constexpr Option<CheckpointRetention> kCheckpointRetention{
    {"execution.checkpointing.externalized-checkpoint-retention", ConfigType::kEnum,
     "RETAIN_ON_CANCELLATION",
     "What happens to checkpoints when the job is canceled or fails. Flink's default is "
     "NO_EXTERNALIZED_CHECKPOINTS.",
     "", "RETAIN_ON_CANCELLATION,DELETE_ON_CANCELLATION,NO_EXTERNALIZED_CHECKPOINTS"}};
inline constexpr Option<int64_t> kNumRetainedCheckpoints{
    {"execution.checkpointing.num-retained", ConfigType::kInt, "1",
     "How many completed checkpoints are kept.", "state.checkpoints.num-retained", "", 1, 100000}};
inline constexpr Option<std::string> kCheckpointDir{
    {"execution.checkpointing.dir", ConfigType::kString, "",
     "Where checkpoints go: hdfs://host:port/path, file:///path or a plain path. Each job has a "
     "directory of its id below it.",
     "state.checkpoints.dir,state.backend.fs.checkpointdir"}};
inline constexpr Option<int64_t> kDataInlineThreshold{
    {"execution.checkpointing.data-inline-threshold", ConfigType::kSize, "20 kb",
     "State pieces up to this size are written into the metadata file itself.",
     "state.storage.fs.memory-threshold", "", 0, 1 << 20}};

inline constexpr Option<std::string> kStateRecoveryPath{
    {"execution.state-recovery.path", ConfigType::kString, "",
     "The checkpoint to start from: its directory, 'latest' for the newest completed one of this "
     "job, or 'none'.",
     "execution.savepoint.path"}};
inline constexpr Option<bool> kIgnoreUnclaimedState{
    {"execution.state-recovery.ignore-unclaimed-state", ConfigType::kBool, "false",
     "Start although the checkpoint has state that no operator of the job takes; that state is "
     "dropped.",
     "execution.savepoint.ignore-unclaimed-state"}};
inline constexpr Option<bool> kAcceptChangedJob{{"weir.accept-changed-job", ConfigType::kBool,
                                                 "false",
                                                 "Go on from a checkpoint although the program's "
                                                 "own flags had other values when it was taken."}};
inline constexpr Option<bool> kAcceptAbandonedCheckpoint{
    {"weir.accept-abandoned-checkpoint", ConfigType::kBool, "false",
     "Go on from a checkpoint that was abandoned when the job went back to an older one, although "
     "results may be missing then."}};
inline constexpr Option<StateBackendType> kStateBackend{
    {"state.backend.type", ConfigType::kEnum, "hashmap",
     "Where keyed state lives while the job runs.", "state.backend", "hashmap"}};
inline constexpr Option<double> kCopyReserve{
    {"weir.state.copy-reserve", ConfigType::kDouble, "1",
     "While a checkpoint is written, pages of keyed state are copied before they are changed. "
     "Memory for the copies is kept ready, "
     "as much as the rate of records and then the last checkpoint suggest, but at most this part "
     "of the state's size; 0: none. "
     "Nothing is kept for states below 64 mb, and without checkpoints.",
     "", "", 0, 1}};
inline constexpr Option<int64_t> kLargeValueThreshold{
    {"weir.state.large-value-threshold", ConfigType::kSize, "64 mb",
     "A value of one key that takes at least this much in a checkpoint is said in the log; with "
     "one above 2 gb checkpoints fail.",
     "", "", 1}};

inline constexpr Option<RestartStrategyType> kRestartStrategy{
    {"restart-strategy.type", ConfigType::kEnum, "",
     "What is done when the job fails; unset: exponential-delay with checkpoints, none without.",
     "restart-strategy",
     "none|off|disable,fixed-delay|fixeddelay,failure-rate|failurerate,exponential-delay|"
     "exponentialdelay"}};
inline constexpr Option<int64_t> kFixedDelayAttempts{
    {"restart-strategy.fixed-delay.attempts", ConfigType::kInt, "1",
     "How often the job is restarted before it fails for good.", "", "", 0}};
inline constexpr Option<Duration> kFixedDelayDelay{{"restart-strategy.fixed-delay.delay",
                                                    ConfigType::kDuration, "1 s",
                                                    "Time between a failure and the restart."}};
inline constexpr Option<int64_t> kFailureRateMaxFailures{
    {"restart-strategy.failure-rate.max-failures-per-interval", ConfigType::kInt, "1",
     "Failures within the interval that are still answered with a restart.", "", "", 0}};
inline constexpr Option<Duration> kFailureRateInterval{
    {"restart-strategy.failure-rate.failure-rate-interval", ConfigType::kDuration, "1 min",
     "The interval in which failures are counted.", "", "", 1}};
inline constexpr Option<Duration> kFailureRateDelay{{"restart-strategy.failure-rate.delay",
                                                     ConfigType::kDuration, "1 s",
                                                     "Time between a failure and the restart."}};
inline constexpr Option<Duration> kExponentialDelayInitialBackoff{
    {"restart-strategy.exponential-delay.initial-backoff", ConfigType::kDuration, "100 ms",
     "Time between the first failure and the restart. Flink's default is 1 s; weir itself restarts "
     "in some ten milliseconds.",
     "", "", 1}};
inline constexpr Option<Duration> kExponentialDelayMaxBackoff{
    {"restart-strategy.exponential-delay.max-backoff", ConfigType::kDuration, "1 min",
     "Longest time between a failure and the restart.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayMultiplier{
    {"restart-strategy.exponential-delay.backoff-multiplier", ConfigType::kDouble, "1.5",
     "Each further failure waits this many times as long.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayJitter{
    {"restart-strategy.exponential-delay.jitter-factor", ConfigType::kDouble, "0.1",
     "The wait varies at random by this part of it.", "", "", 0, 1}};
inline constexpr Option<Duration> kExponentialDelayResetThreshold{
    {"restart-strategy.exponential-delay.reset-backoff-threshold", ConfigType::kDuration, "1 h",
     "After running this long without a failure the wait starts from the initial backoff again.",
     "", "", 1}};
inline constexpr Option<int64_t> kExponentialDelayAttempts{
    {"restart-strategy.exponential-delay.attempts-before-reset-backoff", ConfigType::kInt, "",
     "How often the job is restarted, between two resets, before it fails for good; unset: without "
     "limit.",
     "", "", 1}};

inline constexpr Option<int64_t> kParallelism{{"parallelism.default", ConfigType::kInt, "1",
                                               "Subtasks of every operator that says nothing else.",
                                               "", "", 1, 32768}};
inline constexpr Option<int64_t> kMaxParallelism{
    {"pipeline.max-parallelism", ConfigType::kInt, "-1",
     "Key groups of every operator that says nothing else: the most it can ever "
     "be scaled to, fixed for the life of its state. -1: 128, or the "
     "next power of two from 1.5 times the parallelism if that is more.",
     "", "", -1, 32768}};
inline constexpr Option<std::string> kPipelineName{
    {"pipeline.name", ConfigType::kString, "",
     "The job's name; unset: the one that the program gives to execute()."}};
inline constexpr Option<std::string> kJobId{
    {"weir.job-id", ConfigType::kString, "",
     "The job's id, 32 hexadecimal digits; unset: made from its name, so that each run finds the "
     "checkpoints of the last."}};
inline constexpr Option<bool> kAutoGenerateUids{{"pipeline.auto-generate-uids", ConfigType::kBool,
                                                 "true",
                                                 "false: every operator must be given a uid()."}};
inline constexpr Option<bool> kOperatorChaining{
    {"pipeline.operator-chaining.enabled", ConfigType::kBool, "true",
     "false: every operator is a task of its own.", "pipeline.operator-chaining"}};
inline constexpr Option<Duration> kAutoWatermarkInterval{
    {"pipeline.auto-watermark-interval", ConfigType::kDuration, "200 ms",
     "How often a source emits its watermark; 0: after every batch."}};
inline constexpr Option<RecordsWithoutTimestamp> kRecordsWithoutTimestamp{
    {"weir.event-time.records-without-timestamp", ConfigType::kEnum, "FAIL",
     "What a window over event time does with a record that has no timestamp: FAIL fails the job, "
     "DROP drops the record and counts it in the "
     "metric numRecordsWithoutTimestampDropped.",
     "", "FAIL,DROP"}};
inline constexpr Option<Duration> kBufferTimeout{
    {"execution.buffer-timeout.interval", ConfigType::kDuration, "100 ms",
     "A batch that is not full is sent on after this time.", "execution.buffer-timeout"}};

inline constexpr Option<HighAvailabilityType> kHaType{
    {"high-availability.type", ConfigType::kEnum, "NONE",
     "zookeeper: several coordinators, one of which leads; when it dies another carries on from "
     "the last completed checkpoint.",
     "high-availability", "NONE,zookeeper"}};
inline constexpr Option<std::string> kHaClusterId{
    {"high-availability.cluster-id", ConfigType::kString, "",
     "Coordinators and workers with the same one belong together; unset: the job's id. Flink's "
     "default is /default, which "
     "two jobs would share.",
     "high-availability.zookeeper.path.namespace"}};
inline constexpr Option<std::string> kHaStorageDir{
    {"high-availability.storageDir", ConfigType::kString, "",
     "Where Flink keeps what is too large for ZooKeeper. Accepted and not used: what is kept in "
     "ZooKeeper is small.",
     "high-availability.zookeeper.storageDir"}};
inline constexpr Option<std::string> kZooKeeperQuorum{
    {"high-availability.zookeeper.quorum", ConfigType::kString, "",
     "The ZooKeeper servers: host:port,host:port."}};
inline constexpr Option<std::string> kZooKeeperRoot{
    {"high-availability.zookeeper.path.root", ConfigType::kString, "/weir",
     "The node below which each cluster has its own. Flink's default is /flink."}};
inline constexpr Option<Duration> kZooKeeperSessionTimeout{
    {"high-availability.zookeeper.client.session-timeout", ConfigType::kDuration, "10 s",
     "A coordinator that dies is replaced after this time at the latest; one that does not reach "
     "ZooKeeper for five sixths of it "
     "leads no longer. Flink's default, 60 s, is above what ZooKeeper servers grant unless they "
     "are configured to.",
     "", "", 100, 3'600'000}};
inline constexpr Option<Duration> kZooKeeperConnectionTimeout{
    {"high-availability.zookeeper.client.connection-timeout", ConfigType::kDuration, "15 s",
     "An attempt to get a session with ZooKeeper fails after this time, and is repeated.", "", "",
     1, 3'600'000}};
inline constexpr Option<ZooKeeperAcl> kZooKeeperAcl{
    {"high-availability.zookeeper.client.acl", ConfigType::kEnum, "open",
     "Who may read and change what weir keeps in ZooKeeper: open: everybody; creator: only who has "
     "the same authorization.",
     "", "open,creator"}};
inline constexpr Option<std::string> kZooKeeperAuthorization{
    {"high-availability.zookeeper.client.authorization", ConfigType::kSecret, "",
     "Who this is to ZooKeeper: digest:USER:PASSWORD."}};
inline constexpr Option<std::string> kZooKeeperAuthorizationFile{
    {"high-availability.zookeeper.client.authorization.file", ConfigType::kString, "",
     "A file that holds it, readable by its owner only."}};

inline constexpr Option<std::string> kHdfsHttpAddress{
    {"fs.hdfs.http-address", ConfigType::kString, "",
     "host:port of the NameNode's WebHDFS; unset: the host of the hdfs:// address, port 9870."}};
inline constexpr Option<bool> kHdfsSyncOnClose{
    {"fs.hdfs.sync-on-close", ConfigType::kBool, "true",
     "Files on HDFS are forced to the DataNodes' disks when they are closed, so that they survive "
     "a loss of power."}};
inline constexpr Option<int64_t> kHdfsRetryAttempts{
    {"fs.hdfs.retry.attempts", ConfigType::kInt, "10",
     "How often a call on HDFS is tried; while no NameNode ever answered, at most 3 times.", "", "",
     1, 1000}};
inline constexpr Option<Duration> kHdfsSilenceTimeout{
    {"fs.hdfs.silence-timeout", ConfigType::kDuration, "1 min",
     "An exchange with HDFS in which no byte comes or goes for so long has failed.", "", "", 1000}};
inline constexpr Option<Duration> kHdfsCallTimeout{
    {"fs.hdfs.call-timeout", ConfigType::kDuration, "5 min",
     "After so long a call on HDFS is not tried again, however many attempts are left.", "", "",
     1}};
inline constexpr Option<std::string> kTmpDirs{
    {"io.tmp.dirs", ConfigType::kString, "", "Directory for temporary files; unset: the system's.",
     "taskmanager.tmp.dirs"}};
inline constexpr Option<int64_t> kTaskSlots{
    {"taskmanager.numberOfTaskSlots", ConfigType::kInt, "1",
     "Slots, that is threads that run subtasks, of a worker process.", "", "", 1, 32768}};
inline constexpr Option<bool> kLocalBackup{{"execution.checkpointing.local-backup.enabled",
                                            ConfigType::kBool, "false",
                                            "A worker keeps a copy of the state that it has "
                                            "written for the last checkpoint in io.tmp.dirs."}};
inline constexpr Option<bool> kFromLocal{{"execution.state-recovery.from-local", ConfigType::kBool,
                                          "false",
                                          "After a failure that it survives a worker reads its "
                                          "state from its copy. Turns the copies on, too.",
                                          "state.backend.local-recovery"}};
inline constexpr Option<ProcessRole> kRole{
    {"weir.role", ConfigType::kEnum, "embedded",
     "What this process is: the whole cluster, or a coordinator or a worker of one (--role). "
     "chain: set by Flink's TaskManagers.",
     "", "embedded,coordinator,worker,chain"}};
inline constexpr Option<ExecutionTarget> kTarget{
    {"weir.target", ConfigType::kEnum, "weir",
     "What runs the job: weir itself, or a cluster of Flink (--target).", "", "weir,flink"}};
inline constexpr Option<std::string> kFlinkRest{
    {"weir.flink.rest", ConfigType::kString, "",
     "The REST address of the Flink cluster that is to run the job: http://HOST:PORT (--rest)."}};
inline constexpr Option<std::string> kFlinkJarOut{
    {"weir.flink.jar-out", ConfigType::kString, "",
     "Write the job's jar for Flink to this file and submit nothing (--jar-out)."}};
inline constexpr Option<bool> kFlinkDetached{
    {"weir.flink.detached", ConfigType::kBool, "false",
     "Return when the Flink cluster has accepted the job, not when it has ended (--detached)."}};
inline constexpr Option<std::string> kFlinkBridge{
    {"weir.flink.bridge-jar", ConfigType::kString, "",
     "The bridge's jar; unset: share/weir/weir-flink.jar beside the folder of the executable."}};
inline constexpr Option<std::string> kFlinkFrom{
    {"weir.flink.from", ConfigType::kString, "",
     "A chain in Flink: the snapshot of weir's that the job began with. Set by --from."}};
inline constexpr Option<int64_t> kWorkers{
    {"weir.workers", ConfigType::kInt, "0",
     "Worker processes on this host that the coordinator starts and, when they die, starts again "
     "(--workers). 0: none.",
     "", "", 0, 4096}};
inline constexpr Option<std::string> kCoordinatorAddress{
    {"jobmanager.rpc.address", ConfigType::kString, "",
     "Where workers find the coordinator: its host (--coordinator HOST:PORT). With "
     "high-availability.type zookeeper it is what the "
     "coordinator tells them there."}};
inline constexpr Option<int64_t> kCoordinatorPort{{"jobmanager.rpc.port", ConfigType::kInt, "6123",
                                                   "The coordinator's port; 0: any free one.", "",
                                                   "", 0, 65535}};
inline constexpr Option<std::string> kCoordinatorBindHost{
    {"jobmanager.bind-host", ConfigType::kString, "127.0.0.1",
     "The address that the coordinator listens on (--listen HOST:PORT). Beyond loopback only with "
     "security.shared-secret.file or "
     "security.ssl.internal.enabled. Flink listens everywhere."}};
inline constexpr Option<std::string> kWorkerHost{
    {"taskmanager.host", ConfigType::kString, "",
     "What other workers call this worker's host; unset: taskmanager.bind-host."}};
inline constexpr Option<std::string> kWorkerBindHost{
    {"taskmanager.bind-host", ConfigType::kString, "127.0.0.1",
     "The address that a worker listens on for other workers' records. Beyond loopback as for "
     "jobmanager.bind-host."}};
inline constexpr Option<int64_t> kDataPort{{"taskmanager.data.port", ConfigType::kInt, "0",
                                            "The port for other workers' records; 0: any free one.",
                                            "", "", 0, 65535}};
inline constexpr Option<Duration> kRegistrationTimeout{
    {"taskmanager.registration.timeout", ConfigType::kDuration, "5 min",
     "A worker that no coordinator has taken for this time ends.", "", "", 1}};
inline constexpr Option<Duration> kHeartbeatInterval{{"heartbeat.interval", ConfigType::kDuration,
                                                      "10 s", "Time between two signs of life.", "",
                                                      "", 1}};
inline constexpr Option<Duration> kHeartbeatTimeout{
    {"heartbeat.timeout", ConfigType::kDuration, "50 s",
     "Who is silent for this time is given up. A process that dies is noticed at once, by its "
     "connection.",
     "", "", 1}};
inline constexpr Option<Duration> kCancellationTimeout{
    {"task.cancellation.timeout", ConfigType::kDuration, "180 s",
     "A worker whose tasks have not ended this time after they were told to is given up.", "", "",
     1}};
inline constexpr Option<SchedulerType> kScheduler{
    {"jobmanager.scheduler", ConfigType::kEnum, "adaptive",
     "adaptive: the job runs on what slots there are, narrower if some are lost and wider, from "
     "the next checkpoint on, if some are "
     "won; fixed: it keeps its width and waits for slots.",
     "", "adaptive,fixed|default"}};
inline constexpr Option<Duration> kFirstSlotWait{
    {"jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout",
     ConfigType::kDuration, "10 s",
     "How long the job waits for all slots that it wants before it begins on fewer."}};
inline constexpr Option<Duration> kRestartSlotWait{
    {"weir.restart.slot-wait", ConfigType::kDuration, "2 s",
     "How long a restart waits for lost slots to come back before the job goes on with fewer."}};
inline constexpr Option<std::string> kSharedSecretFile{
    {"security.shared-secret.file", ConfigType::kString, "",
     "A file whose bytes coordinators and workers prove to each other that they know. Readable by "
     "its owner only. Unset with --workers: "
     "a secret is drawn for the workers of this run."}};
inline constexpr Option<bool> kInternalTls{
    {"security.ssl.internal.enabled", ConfigType::kBool, "false",
     "Coordinators and workers talk over TLS and prove themselves with certificates."}};
inline constexpr Option<std::string> kInternalKeystore{
    {"security.ssl.internal.keystore", ConfigType::kString, "",
     "The certificate and key of this process: a PKCS #12 or PEM file."}};
inline constexpr Option<std::string> kInternalKeystorePassword{
    {"security.ssl.internal.keystore-password", ConfigType::kSecret, "", "Its password."}};
inline constexpr Option<std::string> kInternalKeystorePasswordFile{
    {"security.ssl.internal.keystore-password.file", ConfigType::kString, "",
     "A file that holds it, readable by its owner only."}};
inline constexpr Option<std::string> kInternalKeyPassword{
    {"security.ssl.internal.key-password", ConfigType::kSecret, "",
     "The password of the key in a keystore that is a PEM file."}};
inline constexpr Option<std::string> kInternalKeyPasswordFile{
    {"security.ssl.internal.key-password.file", ConfigType::kString, "",
     "A file that holds it, readable by its owner only."}};
inline constexpr Option<std::string> kInternalTruststore{
    {"security.ssl.internal.truststore", ConfigType::kString, "",
     "The certificates that peers' must be signed by: a PKCS #12 or PEM file."}};
inline constexpr Option<std::string> kInternalTruststorePassword{
    {"security.ssl.internal.truststore-password", ConfigType::kSecret, "", "Its password."}};
inline constexpr Option<std::string> kInternalTruststorePasswordFile{
    {"security.ssl.internal.truststore-password.file", ConfigType::kString, "",
     "A file that holds it, readable by its owner only."}};
inline constexpr Option<int64_t> kBatchSize{{"weir.batch-size", ConfigType::kInt, "512",
                                             "Records that travel together at most.", "", "", 1,
                                             1 << 20}};
inline constexpr Option<int64_t> kBatchBytes{
    {"weir.batch-bytes", ConfigType::kSize, "256 kb",
     "What they take at most, about; a larger record travels alone."}};
inline constexpr Option<int64_t> kChannelCapacity{{"weir.channel-capacity", ConfigType::kInt, "16",
                                                   "Batches that may wait between two subtasks.",
                                                   "", "", 2, 65536}};
inline constexpr Option<bool> kProgress{
    {"weir.progress", ConfigType::kBool, "true",
     "Write a line to standard error each second: records, rate, watermark, last checkpoint."}};
inline constexpr Option<int64_t> kIoThreads{
    {"weir.io-threads", ConfigType::kInt, "4",
     "Threads for each kind of blocking work of a process: the files and commits of each operator, "
     "the writing of snapshots, restores, the "
     "coordinator's files, and ZooKeeper. A kind that hangs leaves the others theirs.",
     "", "", 1, 1024}};

}  // namespace options
}  // namespace weir
