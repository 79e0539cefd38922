// weir::hdfs: how HDFS is found and used, as the configuration and Hadoop's own files say.

#include <chrono>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/hadoop_conf.h"
#include "fs/hdfs/hdfs_file_system.h"
#include "fs/hdfs/hdfs_settings.h"
#include "fs/hdfs/namenode_address.h"
#include "fs/hdfs/native_component.h"
#include "fs/hdfs/native_security.h"
#include "fs/hdfs/webhdfs_url.h"
#include "fs/local/local_file_system.h"
#include "fs/real_registry.h"
#include "http/curl_http.h"

namespace weir {
namespace {

/// Hadoop's configuration, from the places where Hadoop's own clients and Flink look for it; empty
/// if none is set.
StatusOr<HadoopConf> hadoop_conf(const RealFileSystemsOptions& options) {
  const auto system = [&options](std::string_view name) -> std::optional<std::string> {
    if (name == "user.name") return options.login_user;
    return name == "user.home" ? look_up_setting(options.environment, "HOME") : std::nullopt;
  };
  HadoopConf conf(options.environment, system);
  LocalFileSystem local;
  auto directory = look_up_setting(options.config, "env.hadoop.conf.dir");
  if (!directory) directory = look_up_setting(options.environment, "HADOOP_CONF_DIR");
  if (directory) {
    WEIR_RETURN_IF_ERROR(load_hadoop_conf(local, *directory, conf));
  } else if (const auto home = look_up_setting(options.environment, "HADOOP_HOME")) {
    const Status loaded = load_hadoop_conf(local, join_path(*home, "etc/hadoop"), conf);
    if (!loaded.ok() && loaded.code() != StatusCode::kNotFound) return loaded;
  }
  return conf;
}

/// Which client speaks to an hdfs:// address.
StatusOr<bool> is_native(const FileUri& uri, const RealFileSystemsOptions& options) {
  if (uri.scheme != "hdfs") return false;
  const bool has_http = look_up_setting(options.config, "fs.hdfs.http-address").has_value();
  const std::string client =
      look_up_setting(options.config, "fs.hdfs.client").value_or(has_http ? "webhdfs" : "native");
  if (client == "native") return true;
  if (client == "webhdfs") return false;
  return invalid_argument(
      cat("fs.hdfs.client: \"", client, "\" is no client of HDFS; there are native and webhdfs"));
}

/// NameNodes want a proof of identity. The URL to a DataNode has a token of its NameNode instead.
StatusOr<std::string> authorization_of(const KerberosLogin& login, const std::string& url) {
  if (url.find("&delegation=") != std::string::npos) return std::string();
  return negotiate_header(login, cat("HTTP@", url_host(url)));
}

StatusOr<std::shared_ptr<FileSystem>> make_web(const FileUri& uri, const HadoopConf& conf,
                                               const RealFileSystemsOptions& options) {
  WebHdfsOptions web;
  WEIR_ASSIGN_OR_RETURN(
      web.namenodes, uri.scheme != "hdfs"
                         ? find_web_namenodes(conf, uri.authority, uri.scheme == "swebhdfs")
                         : find_namenodes(conf, uri.authority,
                                          look_up_setting(options.config, "fs.hdfs.http-address")));
  WEIR_ASSIGN_OR_RETURN(const HdfsSettings settings, hdfs_settings(options));
  web.user = settings.user;
  web.proxy_user = settings.proxy_user;
  static_cast<HdfsRetryOptions&>(web) = settings.retry;
  web.now = options.now;
  WEIR_ASSIGN_OR_RETURN(const NativeSecurity security, native_security(conf, options));
  CurlHttpOptions http;
  if (security.kerberos) {
    web.authenticated = true;
    web.user = security.user.empty() ? "the principal of the ticket" : security.user;
    http.authorization = [login = security.login](const std::string& url) {
      return authorization_of(login, url);
    };
    // A mistake in the login is found now, and not by the first checkpoint.
    const auto first = authorization_of(security.login, web.namenodes.http_bases.front());
    if (first.status().code() == StatusCode::kPermissionDenied) return first.status();
  }
  http.silence_timeout = std::chrono::ceil<std::chrono::seconds>(settings.silence);
  return std::shared_ptr<FileSystem>(std::make_shared<HdfsFileSystem>(
      settings.hdfs, std::move(web), std::make_unique<CurlHttp>(http)));
}

StatusOr<std::shared_ptr<FileSystem>> make_hdfs(const FileUri& uri,
                                                const RealFileSystemsOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const HadoopConf conf, hadoop_conf(options));
  WEIR_ASSIGN_OR_RETURN(const bool native, is_native(uri, options));
  return native ? make_native_hdfs(uri, conf, options) : make_web(uri, conf, options);
}

}  // namespace
}  // namespace weir

weir::MakeFileSystem* weir_component_hdfs() { return &weir::make_hdfs; }
