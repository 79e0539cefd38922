// weir::hdfs: how HDFS is found and used, as the configuration and Hadoop's own files say.

#include <algorithm>
#include <chrono>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/value_text.h"
#include "fs/hdfs/hadoop_conf.h"
#include "fs/hdfs/hdfs_file_system.h"
#include "fs/hdfs/namenode_address.h"
#include "fs/local/local_file_system.h"
#include "fs/real_registry.h"
#include "http/curl_http.h"

namespace weir {
namespace {

std::optional<std::string> look_up(const RealFileSystemsOptions::Lookup& lookup,
                                   std::string_view name) {
  auto value = lookup ? lookup(name) : std::nullopt;
  if (value && trim(*value).empty()) return std::nullopt;
  return value;
}

/// Hadoop's configuration, from the places where Hadoop's own clients and Flink look for it; empty
/// if none is set.
StatusOr<HadoopConf> hadoop_conf(const RealFileSystemsOptions& options) {
  const auto system = [&options](std::string_view name) -> std::optional<std::string> {
    if (name == "user.name") return options.login_user;
    return name == "user.home" ? look_up(options.environment, "HOME") : std::nullopt;
  };
  HadoopConf conf(options.environment, system);
  LocalFileSystem local;
  auto directory = look_up(options.config, "env.hadoop.conf.dir");
  if (!directory) directory = look_up(options.environment, "HADOOP_CONF_DIR");
  if (directory) {
    WEIR_RETURN_IF_ERROR(load_hadoop_conf(local, *directory, conf));
  } else if (const auto home = look_up(options.environment, "HADOOP_HOME")) {
    const Status loaded = load_hadoop_conf(local, join_path(*home, "etc/hadoop"), conf);
    if (!loaded.ok() && loaded.code() != StatusCode::kNotFound) return loaded;
  }
  return conf;
}

/// The duration of a key, or `otherwise`.
StatusOr<Duration> look_up_duration(const RealFileSystemsOptions& options, std::string_view key,
                                    Duration otherwise) {
  const auto text = look_up(options.config, key);
  if (!text) return otherwise;
  const auto value = parse_duration(*text);
  if (!value.ok()) return value.status().with_context(cat(key, ": '", *text, "'"));
  return *value;
}

StatusOr<std::shared_ptr<FileSystem>> make_hdfs(const FileUri& uri,
                                                const RealFileSystemsOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const HadoopConf conf, hadoop_conf(options));
  WebHdfsOptions web;
  WEIR_ASSIGN_OR_RETURN(
      web.namenodes,
      uri.scheme == "webhdfs"
          ? find_web_namenodes(conf, uri.authority)
          : find_namenodes(conf, uri.authority, look_up(options.config, "fs.hdfs.http-address")));
  const auto user = look_up(options.environment, "HADOOP_USER_NAME");
  web.user = user ? *user : options.login_user;
  web.sleep = options.sleep;
  web.now = options.now;
  if (const auto attempts = look_up(options.config, "fs.hdfs.retry.attempts")) {
    WEIR_ASSIGN_OR_RETURN(const int64_t count, parse_int(*attempts));
    web.retry.attempts_max = static_cast<int>(count);
    web.retry.first_contact_attempts_max =
        std::min(web.retry.first_contact_attempts_max, web.retry.attempts_max);
  }
  WEIR_ASSIGN_OR_RETURN(web.retry.deadline,
                        look_up_duration(options, "fs.hdfs.call-timeout", web.retry.deadline));
  CurlHttpOptions http;
  WEIR_ASSIGN_OR_RETURN(const Duration silence,
                        look_up_duration(options, "fs.hdfs.silence-timeout", http.silence_timeout));
  http.silence_timeout = std::chrono::ceil<std::chrono::seconds>(silence);
  HdfsOptions hdfs;
  hdfs.sync_on_close = look_up(options.config, "fs.hdfs.sync-on-close").value_or("true") != "false";
  return std::shared_ptr<FileSystem>(std::make_shared<HdfsFileSystem>(
      std::move(hdfs), std::move(web), std::make_unique<CurlHttp>(http)));
}

}  // namespace
}  // namespace weir

weir::MakeFileSystem* weir_component_hdfs() { return &weir::make_hdfs; }
