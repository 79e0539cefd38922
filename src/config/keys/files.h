#pragma once

#include "config/config_key.h"

namespace weir {

namespace options {

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
inline constexpr Option<int64_t> kMaxFileSystemCalls{
    {"weir.fs.max-calls", ConfigType::kInt, "64",
     "Maximum number of calls in progress on one file system (scheme and authority). A further "
     "call "
     "waits, and fails after 30 s: a file system that hangs keeps no more threads than these.",
     "", "", 1, 100000}};
inline constexpr Option<std::string> kTmpDirs{
    {"io.tmp.dirs", ConfigType::kString, "", "Directory for temporary files; unset: the system's.",
     "taskmanager.tmp.dirs"}};

}  // namespace options

/// File systems and directories.
inline constexpr const ConfigKey* kFilesKeys[] = {
    &options::kHdfsHttpAddress,    &options::kHadoopConfDir,
    &options::kHdfsSyncOnClose,    &options::kHdfsRetryAttempts,
    &options::kHdfsSilenceTimeout, &options::kHdfsCallTimeout,
    &options::kMaxFileSystemCalls, &options::kTmpDirs,
};

}  // namespace weir
