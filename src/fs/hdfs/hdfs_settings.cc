#include "fs/hdfs/hdfs_settings.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/value_text.h"

namespace weir {
namespace {

/// The duration of a key, or `otherwise`.
StatusOr<std::chrono::milliseconds> look_up_duration(const RealFileSystemsOptions& options,
                                                     std::string_view key,
                                                     std::chrono::milliseconds otherwise) {
  const auto text = look_up_setting(options.config, key);
  if (!text) return otherwise;
  const auto value = parse_duration(*text);
  if (!value.ok()) return value.status().with_context(cat(key, ": '", *text, "'"));
  return std::chrono::ceil<std::chrono::milliseconds>(*value);
}

}  // namespace

std::optional<std::string> look_up_setting(const RealFileSystemsOptions::Lookup& lookup,
                                           std::string_view name) {
  auto value = lookup ? lookup(name) : std::nullopt;
  if (value && trim(*value).empty()) return std::nullopt;
  return value;
}

StatusOr<HdfsSettings> hdfs_settings(const RealFileSystemsOptions& options) {
  HdfsSettings settings;
  settings.user =
      look_up_setting(options.environment, "HADOOP_USER_NAME").value_or(options.login_user);
  settings.proxy_user = look_up_setting(options.environment, "HADOOP_PROXY_USER").value_or("");
  settings.retry.sleep = options.sleep;
  RetryPolicy& retry = settings.retry.retry;
  if (const auto attempts = look_up_setting(options.config, "fs.hdfs.retry.attempts")) {
    WEIR_ASSIGN_OR_RETURN(const int64_t count, parse_int(*attempts));
    retry.attempts_max = static_cast<int>(count);
    retry.first_contact_attempts_max =
        std::min(retry.first_contact_attempts_max, retry.attempts_max);
  }
  WEIR_ASSIGN_OR_RETURN(retry.deadline,
                        look_up_duration(options, "fs.hdfs.call-timeout", retry.deadline));
  WEIR_ASSIGN_OR_RETURN(settings.silence,
                        look_up_duration(options, "fs.hdfs.silence-timeout", settings.silence));
  settings.hdfs.sync_on_close =
      look_up_setting(options.config, "fs.hdfs.sync-on-close").value_or("true") != "false";
  return settings;
}

}  // namespace weir
