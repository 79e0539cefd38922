#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "config/value_text.h"
#include "weir/config.h"

namespace weir {

enum class ConfigType { kString, kBool, kInt, kDouble, kDuration, kSize, kEnum };

/// One key that weir knows. Names, types, units and defaults are Flink's where Flink has the key.
struct ConfigKey {
  std::string_view name;
  ConfigType type = ConfigType::kString;
  std::string_view default_value;  ///< as one would write it; empty: none
  std::string_view doc;            ///< one line
  std::string_view aliases = "";   ///< older names, comma-separated
  std::string_view choices = "";   ///< kEnum: comma-separated in the order of the enumerators, "a|b" for two spellings of one
  int64_t min = std::numeric_limits<int64_t>::min();  ///< numbers; kDuration: ms; kSize: bytes
  int64_t max = std::numeric_limits<int64_t>::max();
};

/// A key, and the C++ type of its value.
template <class V>
struct Option : ConfigKey {};

/// Every key, in the order of docs/configuration.md, which is made from it (WEIR_UPDATE_DOCS=1 weir_config_test rewrites that
/// page).
std::span<const ConfigKey* const> config_keys();
/// By name or older name; null if there is no such key.
const ConfigKey* find_config_key(std::string_view name);
/// The text of docs/configuration.md.
std::string configuration_page();

enum class RestartStrategyType { kNone, kFixedDelay, kFailureRate, kExponentialDelay };
enum class StateBackendType { kHashMap };

namespace options {

inline constexpr Option<Duration> kCheckpointInterval{{"execution.checkpointing.interval", ConfigType::kDuration, "",
                                                       "Time between two checkpoints; unset: none by time.", "", "", 1}};
inline constexpr Option<int64_t> kCheckpointEventThreshold{
    {"execution.checkpointing.event-threshold", ConfigType::kInt, "",
     "Start a checkpoint when the sources have emitted this many records since the last one, or when the interval is over, "
     "whichever is first.",
     "", "", 1}};
inline constexpr Option<CheckpointingMode> kCheckpointMode{{"execution.checkpointing.mode", ConfigType::kEnum, "EXACTLY_ONCE",
                                                            "What a restore guarantees about state.", "",
                                                            "EXACTLY_ONCE,AT_LEAST_ONCE"}};
inline constexpr Option<Duration> kCheckpointTimeout{{"execution.checkpointing.timeout", ConfigType::kDuration, "10 min",
                                                      "A checkpoint that takes longer is aborted.", "", "", 1}};
inline constexpr Option<Duration> kCheckpointMinPause{
    {"execution.checkpointing.min-pause", ConfigType::kDuration, "0 ms",
     "Least time between the end of one checkpoint and the start of the next."}};
inline constexpr Option<int64_t> kMaxConcurrentCheckpoints{{"execution.checkpointing.max-concurrent-checkpoints",
                                                            ConfigType::kInt, "1",
                                                            "How many checkpoints may be under way at once.", "", "", 1, 1000}};
inline constexpr Option<int64_t> kTolerableFailedCheckpoints{
    {"execution.checkpointing.tolerable-failed-checkpoints", ConfigType::kInt, "0",
     "How many checkpoints in a row may fail before the job does.", "", "", 0}};
inline constexpr Option<CheckpointRetention> kCheckpointRetention{
    {"execution.checkpointing.externalized-checkpoint-retention", ConfigType::kEnum, "RETAIN_ON_CANCELLATION",
     "What happens to checkpoints when the job is cancelled or fails. Flink's default is NO_EXTERNALIZED_CHECKPOINTS.", "",
     "RETAIN_ON_CANCELLATION,DELETE_ON_CANCELLATION,NO_EXTERNALIZED_CHECKPOINTS"}};
inline constexpr Option<int64_t> kNumRetainedCheckpoints{{"execution.checkpointing.num-retained", ConfigType::kInt, "1",
                                                          "How many completed checkpoints are kept.",
                                                          "state.checkpoints.num-retained", "", 1, 100000}};
inline constexpr Option<std::string> kCheckpointDir{
    {"execution.checkpointing.dir", ConfigType::kString, "",
     "Where checkpoints go: hdfs://host:port/path, file:///path or a plain path. Each job has a directory of its id below it.",
     "state.checkpoints.dir,state.backend.fs.checkpointdir"}};
inline constexpr Option<int64_t> kDataInlineThreshold{
    {"execution.checkpointing.data-inline-threshold", ConfigType::kSize, "20 kb",
     "State pieces up to this size are written into the metadata file itself.", "state.storage.fs.memory-threshold", "", 0,
     1 << 20}};

inline constexpr Option<std::string> kStateRecoveryPath{
    {"execution.state-recovery.path", ConfigType::kString, "",
     "The checkpoint to start from: its directory, 'latest' for the newest completed one of this job, or 'none'.",
     "execution.savepoint.path"}};
inline constexpr Option<bool> kIgnoreUnclaimedState{
    {"execution.state-recovery.ignore-unclaimed-state", ConfigType::kBool, "false",
     "Start although the checkpoint has state that no operator of the job takes; that state is dropped.",
     "execution.savepoint.ignore-unclaimed-state"}};
inline constexpr Option<StateBackendType> kStateBackend{{"state.backend.type", ConfigType::kEnum, "hashmap",
                                                         "Where keyed state lives while the job runs.", "state.backend",
                                                         "hashmap"}};

inline constexpr Option<RestartStrategyType> kRestartStrategy{
    {"restart-strategy.type", ConfigType::kEnum, "",
     "What is done when the job fails; unset: exponential-delay with checkpoints, none without.", "restart-strategy",
     "none|off|disable,fixed-delay|fixeddelay,failure-rate|failurerate,exponential-delay|exponentialdelay"}};
inline constexpr Option<int64_t> kFixedDelayAttempts{{"restart-strategy.fixed-delay.attempts", ConfigType::kInt, "1",
                                                      "How often the job is restarted before it fails for good.", "", "", 0}};
inline constexpr Option<Duration> kFixedDelayDelay{
    {"restart-strategy.fixed-delay.delay", ConfigType::kDuration, "1 s", "Time between a failure and the restart."}};
inline constexpr Option<int64_t> kFailureRateMaxFailures{
    {"restart-strategy.failure-rate.max-failures-per-interval", ConfigType::kInt, "1",
     "Failures within the interval that are still answered with a restart.", "", "", 0}};
inline constexpr Option<Duration> kFailureRateInterval{{"restart-strategy.failure-rate.failure-rate-interval",
                                                        ConfigType::kDuration, "1 min",
                                                        "The interval in which failures are counted.", "", "", 1}};
inline constexpr Option<Duration> kFailureRateDelay{
    {"restart-strategy.failure-rate.delay", ConfigType::kDuration, "1 s", "Time between a failure and the restart."}};
inline constexpr Option<Duration> kExponentialDelayInitialBackoff{
    {"restart-strategy.exponential-delay.initial-backoff", ConfigType::kDuration, "1 s",
     "Time between the first failure and the restart.", "", "", 1}};
inline constexpr Option<Duration> kExponentialDelayMaxBackoff{{"restart-strategy.exponential-delay.max-backoff",
                                                               ConfigType::kDuration, "1 min",
                                                               "Longest time between a failure and the restart.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayMultiplier{{"restart-strategy.exponential-delay.backoff-multiplier",
                                                             ConfigType::kDouble, "1.5",
                                                             "Each further failure waits this many times as long.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayJitter{{"restart-strategy.exponential-delay.jitter-factor",
                                                         ConfigType::kDouble, "0.1",
                                                         "The wait varies at random by this part of it.", "", "", 0, 1}};
inline constexpr Option<Duration> kExponentialDelayResetThreshold{
    {"restart-strategy.exponential-delay.reset-backoff-threshold", ConfigType::kDuration, "1 h",
     "After running this long without a failure the wait starts from the initial backoff again.", "", "", 1}};
inline constexpr Option<int64_t> kExponentialDelayAttempts{
    {"restart-strategy.exponential-delay.attempts-before-reset-backoff", ConfigType::kInt, "",
     "How often the job is restarted, between two resets, before it fails for good; unset: without limit.", "", "", 1}};

inline constexpr Option<int64_t> kParallelism{
    {"parallelism.default", ConfigType::kInt, "1", "Subtasks of every operator that says nothing else.", "", "", 1, 32768}};
inline constexpr Option<int64_t> kMaxParallelism{{"pipeline.max-parallelism", ConfigType::kInt, "-1",
                                                  "Key groups of every operator that says nothing else: the most it can ever "
                                                  "be scaled to, fixed for the life of its state. -1: 128, or the "
                                                  "next power of two from 1.5 times the parallelism if that is more.",
                                                  "", "", -1, 32768}};
inline constexpr Option<std::string> kPipelineName{
    {"pipeline.name", ConfigType::kString, "", "The job's name; unset: the one that the program gives to execute()."}};
inline constexpr Option<std::string> kJobId{
    {"weir.job-id", ConfigType::kString, "",
     "The job's id, 32 hexadecimal digits; unset: made from its name, so that each run finds the checkpoints of the last."}};
inline constexpr Option<bool> kAutoGenerateUids{
    {"pipeline.auto-generate-uids", ConfigType::kBool, "true", "false: every operator must be given a uid()."}};
inline constexpr Option<bool> kOperatorChaining{{"pipeline.operator-chaining.enabled", ConfigType::kBool, "true",
                                                 "false: every operator is a task of its own.", "pipeline.operator-chaining"}};
inline constexpr Option<Duration> kAutoWatermarkInterval{{"pipeline.auto-watermark-interval", ConfigType::kDuration, "200 ms",
                                                          "How often a source emits its watermark; 0: after every batch."}};
inline constexpr Option<Duration> kBufferTimeout{{"execution.buffer-timeout.interval", ConfigType::kDuration, "100 ms",
                                                  "A batch that is not full is sent on after this time.",
                                                  "execution.buffer-timeout"}};

inline constexpr Option<std::string> kHdfsHttpAddress{
    {"fs.hdfs.http-address", ConfigType::kString, "",
     "host:port of the NameNode's WebHDFS; unset: the host of the hdfs:// address, port 9870."}};
inline constexpr Option<bool> kHdfsSyncOnClose{
    {"fs.hdfs.sync-on-close", ConfigType::kBool, "true",
     "Files on HDFS are forced to the DataNodes' disks when they are closed, so that they survive a loss of power."}};
inline constexpr Option<std::string> kTmpDirs{
    {"io.tmp.dirs", ConfigType::kString, "", "Directory for temporary files; unset: the system's.", "taskmanager.tmp.dirs"}};
inline constexpr Option<int64_t> kTaskSlots{{"taskmanager.numberOfTaskSlots", ConfigType::kInt, "1",
                                             "Slots, that is threads that run subtasks, of a worker process.", "", "", 1,
                                             32768}};
inline constexpr Option<int64_t> kBatchSize{
    {"weir.batch-size", ConfigType::kInt, "512", "Records that travel together at most.", "", "", 1, 1 << 20}};
inline constexpr Option<int64_t> kChannelCapacity{
    {"weir.channel-capacity", ConfigType::kInt, "16", "Batches that may wait between two subtasks.", "", "", 2, 65536}};
inline constexpr Option<bool> kProgress{
    {"weir.progress", ConfigType::kBool, "true",
     "Write a line to standard error each second: records, rate, watermark, last checkpoint."}};
inline constexpr Option<int64_t> kIoThreads{
    {"weir.io-threads", ConfigType::kInt, "4", "Threads of a process for work that blocks: files, commits.", "", "", 1, 1024}};

}  // namespace options
}  // namespace weir
