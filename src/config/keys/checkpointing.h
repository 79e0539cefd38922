#pragma once

#include "config/config_key.h"

namespace weir {

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
     "Barriers overtake records, and the checkpoint contains these records: under back pressure it "
     "does not wait until they are processed. Savepoints stay aligned."}};
inline constexpr Option<Duration> kAlignedCheckpointTimeout{
    {"execution.checkpointing.aligned-checkpoint-timeout", ConfigType::kDuration, "0 ms",
     "With execution.checkpointing.unaligned.enabled: a checkpoint starts aligned, and becomes "
     "unaligned after this time. 0: it starts unaligned.",
     "execution.checkpointing.alignment-timeout"}};
inline constexpr Option<Duration> kCheckpointTimeout{
    {"execution.checkpointing.timeout", ConfigType::kDuration, "10 min",
     "A checkpoint that takes longer is aborted.", "", "", 1}};
inline constexpr Option<Duration> kCheckpointMinPause{
    {"execution.checkpointing.min-pause", ConfigType::kDuration, "0 ms",
     "Minimum time between the end of one checkpoint and the start of the next."}};
inline constexpr Option<int64_t> kMaxConcurrentCheckpoints{
    {"execution.checkpointing.max-concurrent-checkpoints", ConfigType::kInt, "1",
     "Maximum number of checkpoints in progress. Each may need as much memory as the keyed state.",
     "", "", 1, 1000}};
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
inline constexpr Option<std::string> kSavepointDir{
    {"execution.checkpointing.savepoint-dir", ConfigType::kString, "",
     "Directory for savepoints whose request names none. Each has a subdirectory.",
     "state.savepoints.dir"}};
inline constexpr Option<bool> kSavepointOnLeave{
    {"weir.savepoint-on-leave", ConfigType::kBool, "false",
     "A process of the job master that is asked to leave (SIGTERM, SIGINT) stops the job with a "
     "savepoint in execution.checkpointing.savepoint-dir. Otherwise it leaves the job as it is."}};
inline constexpr Option<bool> kIncrementalCheckpoints{
    {"execution.checkpointing.incremental", ConfigType::kBool, "false",
     "A checkpoint writes only the keyed state that has changed since the last completed one, and "
     "refers to older files for the rest. The first one after a start or restart is full, and so "
     "are savepoints.",
     "state.backend.incremental"}};
inline constexpr Option<bool> kSnapshotCompression{
    {"execution.checkpointing.snapshot-compression", ConfigType::kBool, "false",
     "Checkpoints and savepoints hold keyed state compressed by Snappy, a key group at a time, as "
     "Flink writes and reads it."}};
inline constexpr Option<int64_t> kDataInlineThreshold{
    {"execution.checkpointing.data-inline-threshold", ConfigType::kSize, "20 kb",
     "State pieces up to this size are stored in the metadata file itself.",
     "state.storage.fs.memory-threshold", "", 0, 1 << 20}};

}  // namespace options

/// When checkpoints are taken, and where they go.
inline constexpr const ConfigKey* kCheckpointingKeys[] = {
    &options::kCheckpointInterval,
    &options::kCheckpointEventThreshold,
    &options::kCheckpointMode,
    &options::kUnalignedCheckpoints,
    &options::kAlignedCheckpointTimeout,
    &options::kCheckpointTimeout,
    &options::kCheckpointMinPause,
    &options::kMaxConcurrentCheckpoints,
    &options::kTolerableFailedCheckpoints,
    &options::kCheckpointRetention,
    &options::kNumRetainedCheckpoints,
    &options::kCheckpointDir,
    &options::kSavepointDir,
    &options::kSavepointOnLeave,
    &options::kIncrementalCheckpoints,
    &options::kSnapshotCompression,
    &options::kDataInlineThreshold,
};

}  // namespace weir
