#pragma once

#include "config/config_key.h"

namespace weir {

enum class RecordsWithoutTimestamp { kFail, kDrop };

namespace options {

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
     "A batch that is not full is sent after this time. 0: at once.", "execution.buffer-timeout"}};
inline constexpr Option<bool> kBufferTimeoutEnabled{
    {"execution.buffer-timeout.enabled", ConfigType::kBool, "true",
     "false: a batch that is not full is sent only if its slot has nothing else to do, or if a "
     "watermark or a barrier follows."}};
inline constexpr Option<int64_t> kBatchSize{{"weir.batch-size", ConfigType::kInt, "512",
                                             "Maximum number of records in a batch.", "", "", 1,
                                             1 << 20}};
inline constexpr Option<int64_t> kBatchBytes{
    {"weir.batch-bytes", ConfigType::kSize, "256 kb",
     "Approximate maximum size of a batch; a larger record travels alone."}};
/// Below kMaxFrameBytes (platform/transport.h), so that a record and its frame fit.
inline constexpr Option<int64_t> kMaxRecordBytes{
    {"weir.max-record-size", ConfigType::kSize, "64 mb",
     "Maximum size of a record. A larger one fails the job where it is made: in the source that "
     "reads it, or in the operator that sends it to another task. The message has the operator and "
     "the size.",
     "", "", 1, 255 << 20}};
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

/// The shape of a job, and how its records travel.
inline constexpr const ConfigKey* kPipelineKeys[] = {
    &options::kParallelism,
    &options::kMaxParallelism,
    &options::kPipelineName,
    &options::kJobId,
    &options::kAutoGenerateUids,
    &options::kOperatorChaining,
    &options::kAutoWatermarkInterval,
    &options::kRecordsWithoutTimestamp,
    &options::kBufferTimeout,
    &options::kBufferTimeoutEnabled,
    &options::kBatchSize,
    &options::kBatchBytes,
    &options::kMaxRecordBytes,
    &options::kChannelCapacity,
    &options::kProgress,
    &options::kIoThreads,
};

}  // namespace weir
