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
     "Time between two checkpoints; unset: no periodic checkpoints.", "", "", 1}};
inline constexpr Option<int64_t> kCheckpointEventThreshold{
    {"execution.checkpointing.event-threshold", ConfigType::kInt, "",
     "Start a checkpoint when the sources have emitted this many records since the last one, or "
     "when the interval has passed, whichever is first.",
     "", "", 1}};
inline constexpr Option<CheckpointingMode> kCheckpointMode{
    {"execution.checkpointing.mode", ConfigType::kEnum, "EXACTLY_ONCE",
     "Guarantee for state after a restore.", "", "EXACTLY_ONCE,AT_LEAST_ONCE"}};
inline constexpr Option<bool> kUnalignedCheckpoints{
    {"execution.checkpointing.unaligned.enabled", ConfigType::kBool, "false",
     "Only with --target flink: under back pressure barriers overtake records, and the checkpoint "
     "contains these records."}};
inline constexpr Option<Duration> kAlignedCheckpointTimeout{
    {"execution.checkpointing.aligned-checkpoint-timeout", ConfigType::kDuration, "0 ms",
     "Only with --target flink: a checkpoint starts aligned, and becomes unaligned after this "
     "time.",
     "execution.checkpointing.alignment-timeout"}};
inline constexpr Option<Duration> kCheckpointTimeout{
    {"execution.checkpointing.timeout", ConfigType::kDuration, "10 min",
     "A checkpoint that takes longer is aborted.", "", "", 1}};
inline constexpr Option<Duration> kCheckpointMinPause{
    {"execution.checkpointing.min-pause", ConfigType::kDuration, "0 ms",
     "Minimum time between the end of one checkpoint and the start of the next."}};
inline constexpr Option<int64_t> kMaxConcurrentCheckpoints{
    {"execution.checkpointing.max-concurrent-checkpoints", ConfigType::kInt, "1",
     "Maximum number of checkpoints in progress.", "", "", 1, 1000}};
inline constexpr Option<int64_t> kTolerableFailedCheckpoints{
    {"execution.checkpointing.tolerable-failed-checkpoints", ConfigType::kInt, "0",
     "Maximum number of consecutive checkpoint failures before the attempt fails.", "", "", 0}};
inline constexpr Option<CheckpointRetention> kCheckpointRetention{
    {"execution.checkpointing.externalized-checkpoint-retention", ConfigType::kEnum,
     "RETAIN_ON_CANCELLATION",
     "Whether a canceled job keeps its checkpoints: only with RETAIN_ON_CANCELLATION. A job that "
     "finishes or fails always keeps them. Flink's default is NO_EXTERNALIZED_CHECKPOINTS.",
     "", "RETAIN_ON_CANCELLATION,DELETE_ON_CANCELLATION,NO_EXTERNALIZED_CHECKPOINTS"}};
inline constexpr Option<int64_t> kNumRetainedCheckpoints{
    {"execution.checkpointing.num-retained", ConfigType::kInt, "1",
     "Number of completed checkpoints to keep.", "state.checkpoints.num-retained", "", 1, 100000}};
inline constexpr Option<std::string> kCheckpointDir{
    {"execution.checkpointing.dir", ConfigType::kString, "",
     "Checkpoint directory: hdfs://host:port/path, file:///path or a plain path. Each job has a "
     "subdirectory with its id.",
     "state.checkpoints.dir,state.backend.fs.checkpointdir"}};
inline constexpr Option<int64_t> kDataInlineThreshold{
    {"execution.checkpointing.data-inline-threshold", ConfigType::kSize, "20 kb",
     "State pieces up to this size are stored in the metadata file itself.",
     "state.storage.fs.memory-threshold", "", 0, 1 << 20}};

inline constexpr Option<std::string> kStateRecoveryPath{
    {"execution.state-recovery.path", ConfigType::kString, "",
     "The checkpoint to start from: its directory, 'latest' for the newest completed one of this "
     "job, or 'none'.",
     "execution.savepoint.path"}};
inline constexpr Option<bool> kIgnoreUnclaimedState{
    {"execution.state-recovery.ignore-unclaimed-state", ConfigType::kBool, "false",
     "Start even if the checkpoint has state that no operator of the job claims; that state is "
     "dropped.",
     "execution.savepoint.ignore-unclaimed-state"}};
inline constexpr Option<bool> kAcceptChangedJob{{"weir.accept-changed-job", ConfigType::kBool,
                                                 "false",
                                                 "Continue from a checkpoint even if it was taken "
                                                 "with other values of the program's own flags."}};
inline constexpr Option<bool> kAcceptAbandonedCheckpoint{
    {"weir.accept-abandoned-checkpoint", ConfigType::kBool, "false",
     "Continue from a checkpoint that was abandoned when the job went back to an older one. "
     "Results may be missing then."}};
inline constexpr Option<StateBackendType> kStateBackend{
    {"state.backend.type", ConfigType::kEnum, "hashmap",
     "Storage of keyed state while the job runs.", "state.backend", "hashmap"}};
inline constexpr Option<double> kCopyReserve{
    {"weir.state.copy-reserve", ConfigType::kDouble, "1",
     "While a checkpoint is written, pages of keyed state are copied before they are changed. "
     "Memory for the copies is prepared in advance: as much as the record rate and then the last "
     "checkpoint suggest, but at most this fraction of the state's size; 0: none. Nothing is "
     "prepared for states below 64 mb, or without checkpoints.",
     "", "", 0, 1}};
inline constexpr Option<int64_t> kLargeValueThreshold{
    {"weir.state.large-value-threshold", ConfigType::kSize, "64 mb",
     "A value of one key that takes at least this much in a checkpoint causes a log line. Above 2 "
     "gb the checkpoint fails.",
     "", "", 1}};

inline constexpr Option<RestartStrategyType> kRestartStrategy{
    {"restart-strategy.type", ConfigType::kEnum, "",
     "When and how often a failed job is restarted; unset: exponential-delay with checkpoints, "
     "none without.",
     "restart-strategy",
     "none|off|disable,fixed-delay|fixeddelay,failure-rate|failurerate,exponential-delay|"
     "exponentialdelay"}};
inline constexpr Option<int64_t> kFixedDelayAttempts{
    {"restart-strategy.fixed-delay.attempts", ConfigType::kInt, "1",
     "Maximum number of restarts before the job fails.", "", "", 0}};
inline constexpr Option<Duration> kFixedDelayDelay{{"restart-strategy.fixed-delay.delay",
                                                    ConfigType::kDuration, "1 s",
                                                    "Time between a failure and the restart."}};
inline constexpr Option<int64_t> kFailureRateMaxFailures{
    {"restart-strategy.failure-rate.max-failures-per-interval", ConfigType::kInt, "1",
     "Maximum number of failures within the interval that cause a restart.", "", "", 0}};
inline constexpr Option<Duration> kFailureRateInterval{
    {"restart-strategy.failure-rate.failure-rate-interval", ConfigType::kDuration, "1 min",
     "The interval in which failures are counted.", "", "", 1}};
inline constexpr Option<Duration> kFailureRateDelay{{"restart-strategy.failure-rate.delay",
                                                     ConfigType::kDuration, "1 s",
                                                     "Time between a failure and the restart."}};
inline constexpr Option<Duration> kExponentialDelayInitialBackoff{
    {"restart-strategy.exponential-delay.initial-backoff", ConfigType::kDuration, "100 ms",
     "Time between the first failure and the restart. Flink's default is 1 s; a restart in weir "
     "takes some ten milliseconds.",
     "", "", 1}};
inline constexpr Option<Duration> kExponentialDelayMaxBackoff{
    {"restart-strategy.exponential-delay.max-backoff", ConfigType::kDuration, "1 min",
     "Maximum time between a failure and the restart.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayMultiplier{
    {"restart-strategy.exponential-delay.backoff-multiplier", ConfigType::kDouble, "1.5",
     "Each further failure multiplies the backoff by this factor.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayJitter{
    {"restart-strategy.exponential-delay.jitter-factor", ConfigType::kDouble, "0.1",
     "The backoff varies at random by this fraction.", "", "", 0, 1}};
inline constexpr Option<Duration> kExponentialDelayResetThreshold{
    {"restart-strategy.exponential-delay.reset-backoff-threshold", ConfigType::kDuration, "1 h",
     "After this time without a failure the backoff starts from its initial value again.", "", "",
     1}};
inline constexpr Option<int64_t> kExponentialDelayAttempts{
    {"restart-strategy.exponential-delay.attempts-before-reset-backoff", ConfigType::kInt, "",
     "Maximum number of restarts between two resets before the job fails; unset: unlimited.", "",
     "", 1}};

inline constexpr Option<int64_t> kParallelism{
    {"parallelism.default", ConfigType::kInt, "1",
     "Number of subtasks of every operator that sets none.", "", "", 1, 32768}};
inline constexpr Option<int64_t> kMaxParallelism{
    {"pipeline.max-parallelism", ConfigType::kInt, "-1",
     "Number of key groups of every operator that sets none. It is the maximum parallelism that "
     "the operator can ever have, and is fixed for the life of its state. -1: 128, or the next "
     "power of two from 1.5 times the parallelism if that is more.",
     "", "", -1, 32768}};
inline constexpr Option<std::string> kPipelineName{
    {"pipeline.name", ConfigType::kString, "",
     "The job's name; unset: the name that the program passes to execute()."}};
inline constexpr Option<std::string> kJobId{
    {"weir.job-id", ConfigType::kString, "",
     "The job's id, 32 hexadecimal digits; unset: derived from its name, so that each run finds "
     "the checkpoints of the last."}};
inline constexpr Option<bool> kAutoGenerateUids{{"pipeline.auto-generate-uids", ConfigType::kBool,
                                                 "true",
                                                 "false: every operator must have a uid()."}};
inline constexpr Option<bool> kOperatorChaining{
    {"pipeline.operator-chaining.enabled", ConfigType::kBool, "true",
     "false: every operator is a separate task.", "pipeline.operator-chaining"}};
inline constexpr Option<Duration> kAutoWatermarkInterval{
    {"pipeline.auto-watermark-interval", ConfigType::kDuration, "200 ms",
     "Time between two watermarks of a source; 0: after every batch."}};
inline constexpr Option<RecordsWithoutTimestamp> kRecordsWithoutTimestamp{
    {"weir.event-time.records-without-timestamp", ConfigType::kEnum, "FAIL",
     "Reaction of an event-time window to a record without a timestamp: FAIL fails the job, DROP "
     "drops the record and counts it in the metric numRecordsWithoutTimestampDropped.",
     "", "FAIL,DROP"}};
inline constexpr Option<Duration> kBufferTimeout{
    {"execution.buffer-timeout.interval", ConfigType::kDuration, "100 ms",
     "A batch that is not full is sent after this time.", "execution.buffer-timeout"}};

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

inline constexpr Option<std::string> kHdfsHttpAddress{
    {"fs.hdfs.http-address", ConfigType::kString, "",
     "host:port of the NameNode's WebHDFS; unset: taken from the Hadoop configuration, else the "
     "host of the hdfs:// address and port 9870."}};
inline constexpr Option<std::string> kHadoopConfDir{
    {"env.hadoop.conf.dir", ConfigType::kString, "",
     "Directory of core-site.xml and hdfs-site.xml; unset: $HADOOP_CONF_DIR, else "
     "$HADOOP_HOME/etc/hadoop."}};
inline constexpr Option<bool> kHdfsSyncOnClose{
    {"fs.hdfs.sync-on-close", ConfigType::kBool, "true",
     "DataNodes sync the files of weir to disk before a close succeeds, so that the files survive "
     "a loss of power."}};
inline constexpr Option<int64_t> kHdfsRetryAttempts{
    {"fs.hdfs.retry.attempts", ConfigType::kInt, "10",
     "Maximum number of tries of a call on HDFS; at most 3 as long as no NameNode has ever "
     "answered.",
     "", "", 1, 1000}};
inline constexpr Option<Duration> kHdfsSilenceTimeout{
    {"fs.hdfs.silence-timeout", ConfigType::kDuration, "1 min",
     "A transfer from or to HDFS fails when no byte moves for this time.", "", "", 1000}};
inline constexpr Option<Duration> kHdfsCallTimeout{
    {"fs.hdfs.call-timeout", ConfigType::kDuration, "5 min",
     "A call on HDFS is not retried after this time, even if attempts are left.", "", "", 1}};
inline constexpr Option<std::string> kTmpDirs{
    {"io.tmp.dirs", ConfigType::kString, "", "Directory for temporary files; unset: the system's.",
     "taskmanager.tmp.dirs"}};
inline constexpr Option<int64_t> kTaskSlots{
    {"taskmanager.numberOfTaskSlots", ConfigType::kInt, "1",
     "Number of slots of a worker process. A slot is a thread that runs subtasks.", "", "", 1,
     32768}};
inline constexpr Option<bool> kLocalBackup{
    {"execution.checkpointing.local-backup.enabled", ConfigType::kBool, "false",
     "A worker keeps a copy of its state of the last checkpoint in io.tmp.dirs."}};
inline constexpr Option<bool> kFromLocal{
    {"execution.state-recovery.from-local", ConfigType::kBool, "false",
     "After a failure, surviving workers restore from their local copies. Implies "
     "execution.checkpointing.local-backup.enabled.",
     "state.backend.local-recovery"}};
inline constexpr Option<ProcessRole> kRole{
    {"weir.role", ConfigType::kEnum, "embedded",
     "Role of this process: the whole cluster, a coordinator, or a worker (--role). chain: set by "
     "Flink's TaskManagers.",
     "", "embedded,coordinator,worker,chain"}};
inline constexpr Option<ExecutionTarget> kTarget{
    {"weir.target", ConfigType::kEnum, "weir",
     "The engine that runs the job: weir itself, or a Flink cluster (--target).", "",
     "weir,flink"}};
inline constexpr Option<std::string> kFlinkRest{
    {"weir.flink.rest", ConfigType::kString, "",
     "REST address of the Flink cluster that runs the job: http://HOST:PORT (--rest)."}};
inline constexpr Option<std::string> kFlinkJarOut{
    {"weir.flink.jar-out", ConfigType::kString, "",
     "Write the job's jar for Flink to this file and submit nothing (--jar-out)."}};
inline constexpr Option<bool> kFlinkDetached{
    {"weir.flink.detached", ConfigType::kBool, "false",
     "Return when the Flink cluster has accepted the job, not when it has ended (--detached)."}};
inline constexpr Option<std::string> kFlinkBridge{
    {"weir.flink.bridge-jar", ConfigType::kString, "",
     "The bridge's jar; unset: ../share/weir/weir-flink.jar, relative to the executable's "
     "folder."}};
inline constexpr Option<std::string> kFlinkFrom{
    {"weir.flink.from", ConfigType::kString, "",
     "For a chain in Flink: the weir snapshot that the job started from. Set by --from."}};
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
inline constexpr Option<Duration> kRestartSlotWait{
    {"weir.restart.slot-wait", ConfigType::kDuration, "2 s",
     "Time for which a restart waits for lost slots before the job continues on fewer."}};
inline constexpr Option<std::string> kSharedSecretFile{
    {"security.shared-secret.file", ConfigType::kString, "",
     "A file with the shared secret of coordinators and workers, readable by its owner only. Unset "
     "with --workers: a secret is generated for the workers of this run."}};
inline constexpr Option<bool> kInternalTls{
    {"security.ssl.internal.enabled", ConfigType::kBool, "false",
     "Coordinators and workers use TLS and authenticate with certificates."}};
inline constexpr Option<std::string> kInternalKeystore{
    {"security.ssl.internal.keystore", ConfigType::kString, "",
     "Certificate and key of this process: a PKCS #12 or PEM file."}};
inline constexpr Option<std::string> kInternalKeystorePassword{
    {"security.ssl.internal.keystore-password", ConfigType::kSecret, "",
     "Password of the keystore."}};
inline constexpr Option<std::string> kInternalKeystorePasswordFile{
    {"security.ssl.internal.keystore-password.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};
inline constexpr Option<std::string> kInternalKeyPassword{
    {"security.ssl.internal.key-password", ConfigType::kSecret, "",
     "Password of the key in a keystore that is a PEM file."}};
inline constexpr Option<std::string> kInternalKeyPasswordFile{
    {"security.ssl.internal.key-password.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};
inline constexpr Option<std::string> kInternalTruststore{
    {"security.ssl.internal.truststore", ConfigType::kString, "",
     "The certificates that sign those of the peers: a PKCS #12 or PEM file."}};
inline constexpr Option<std::string> kInternalTruststorePassword{
    {"security.ssl.internal.truststore-password", ConfigType::kSecret, "",
     "Password of the truststore."}};
inline constexpr Option<std::string> kInternalTruststorePasswordFile{
    {"security.ssl.internal.truststore-password.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};
inline constexpr Option<int64_t> kBatchSize{{"weir.batch-size", ConfigType::kInt, "512",
                                             "Maximum number of records in a batch.", "", "", 1,
                                             1 << 20}};
inline constexpr Option<int64_t> kBatchBytes{
    {"weir.batch-bytes", ConfigType::kSize, "256 kb",
     "Approximate maximum size of a batch; a larger record travels alone."}};
inline constexpr Option<int64_t> kChannelCapacity{
    {"weir.channel-capacity", ConfigType::kInt, "16",
     "Maximum number of batches that wait between two subtasks.", "", "", 2, 65536}};
inline constexpr Option<bool> kProgress{
    {"weir.progress", ConfigType::kBool, "true",
     "Write a line to standard error each second: records, rate, watermark, last checkpoint."}};
inline constexpr Option<int64_t> kIoThreads{
    {"weir.io-threads", ConfigType::kInt, "4",
     "Threads for each kind of blocking work of a process: files and commits of each operator, "
     "snapshot writers, restores, the coordinator's files, ZooKeeper. A kind that hangs does not "
     "block the others.",
     "", "", 1, 1024}};

}  // namespace options
}  // namespace weir
