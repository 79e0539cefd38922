#include "config/options.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "config/keys/hdfs.h"
#include "config/keys/operating.h"
#include "config/keys/reporters.h"
#include "config/keys/s3.h"

namespace weir {
namespace {

constexpr ConfigArea kAreas[] = {
    {"Checkpointing", "Triggers, timeouts, directory and retention of checkpoints.",
     kCheckpointingKeys},
    {"State", "Storage of state, and the checkpoint that a job starts from.", kStateKeys},
    {"Restarts", "The restart strategy: number of restarts, and the time between them.",
     kRestartsKeys},
    {"Pipeline", "Name, parallelism, event time and batches of a job.", kPipelineKeys},
    {"Files", "File systems and directories.", kFilesKeys},
    {"S3", "For paths that begin with s3://; see docs/s3.md.", kS3Keys},
    {"HDFS", "The native client of HDFS, and Kerberos ([hdfs.md](hdfs.md)).", kHdfsKeys},
    {"Cluster", "Roles and addresses of processes, and the detection of lost ones.", kClusterKeys},
    {"Operating", "The REST interface.", kOperatingKeys},
    {"Reporters", "Where the figures of a job are sent.", kReporterKeys},
    {"High availability", "Election of coordinators with ZooKeeper.", kHighAvailabilityKeys},
    {"Security", "Authentication and encryption between the processes of a cluster.",
     kSecurityKeys},
    {"Flink", "Jobs that run inside a Flink cluster.", kFlinkKeys},
};

std::string type_text(const ConfigKey& key) {
  switch (key.type) {
    case ConfigType::kString: return "string";
    case ConfigType::kSecret: return "secret";
    case ConfigType::kBool: return "bool";
    case ConfigType::kInt: return "int";
    case ConfigType::kDouble: return "number";
    case ConfigType::kDuration: return "duration";
    case ConfigType::kSize: return "size";
    case ConfigType::kEnum: break;
  }
  std::string text;
  for (const std::string_view choice : split(key.choices, ',')) {
    if (!text.empty()) text += ", ";
    text += split(choice, '|')[0];
  }
  return text;
}

std::string row_of(const ConfigKey& key) {
  std::string row = cat("| `", key.name, "` | ", type_text(key), " | ",
                        key.default_value.empty() ? "none" : key.default_value, " | ", key.doc);
  if (!key.aliases.empty()) {
    row += " Older names:";
    const char* separator = " `";
    for (const std::string_view alias : split(key.aliases, ',')) {
      row += cat(separator, alias, "`");
      separator = ", `";
    }
    row += ".";
  }
  return row + " |\n";
}

}  // namespace

std::span<const ConfigArea> config_areas() { return kAreas; }

std::span<const ConfigKey* const> config_keys() {
  static const std::vector<const ConfigKey*> all = [] {
    std::vector<const ConfigKey*> keys;
    for (const ConfigArea& area : kAreas)
      keys.insert(keys.end(), area.keys.begin(), area.keys.end());
    return keys;
  }();
  return all;
}

const ConfigKey* find_config_key(std::string_view name) {
  for (const ConfigKey* key : config_keys()) {
    if (key->name == name) return key;
    const auto aliases = split(key->aliases, ',');
    if (!name.empty() && std::find(aliases.begin(), aliases.end(), name) != aliases.end())
      return key;
  }
  return nullptr;
}

std::string configuration_page() {
  std::string page =
      "# Configuration\n\n"
      "Settings come from `weir.yaml`, from the command line (`-D key=value` and other flags), "
      "and\n"
      "from the program. A later one in this order wins. The file is the one that `--config` "
      "names,\n"
      "else `$WEIR_CONF_DIR/weir.yaml`, else `./weir.yaml`. Its keys may be nested or dotted.\n\n"
      "weir refuses a key that is not listed here. Keys that only Flink needs are accepted, and a\n"
      "log line has the reason why they have no effect. So `--config` takes a config.yaml or\n"
      "flink-conf.yaml of Flink's. weir refuses such a key if ignoring it would make the job less\n"
      "safe or change its paths.\n\n"
      "No message shows a secret. Give it in a file: all users of a machine can read its command\n"
      "lines.\n\n"
      "Durations are written like `500 ms`, `10 s`, `3 min`, `1 h`, `2 d` or `PT1M30S`. A number\n"
      "without a unit is in milliseconds. 100 years is the maximum; longer durations count as 100\n"
      "years. Sizes are written like `4096`, `20 kb`, `1 mb`. A kb is 1024 bytes.\n\n"
      "Keys that begin with `weir.` are weir's own. So are\n"
      "`execution.checkpointing.event-threshold`, the keys that begin with `fs.hdfs.`,\n"
      "`s3.session-token`, `s3.tls.ca-file`, `s3.conditional-writes`, `s3.retry.attempts`,\n"
      "`s3.call-timeout`, `s3.silence-timeout`, and the keys that end with `.file`. All others are "
      "Flink's.\n";
  for (const ConfigArea& area : kAreas) {
    page += cat("\n## ", area.title, "\n\n", area.doc,
                "\n\n| key | type | default | meaning |\n|---|---|---|---|\n");
    for (const ConfigKey* key : area.keys) page += row_of(*key);
  }
  return page;
}

}  // namespace weir
