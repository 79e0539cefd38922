#include "config/options.h"

#include <algorithm>

#include "base/strings.h"

namespace weir {
namespace {

using namespace options;

constexpr const ConfigKey* kKeys[] = {
    &kCheckpointInterval,
    &kCheckpointEventThreshold,
    &kCheckpointMode,
    &kUnalignedCheckpoints,
    &kAlignedCheckpointTimeout,
    &kCheckpointTimeout,
    &kCheckpointMinPause,
    &kMaxConcurrentCheckpoints,
    &kTolerableFailedCheckpoints,
    &kCheckpointRetention,
    &kNumRetainedCheckpoints,
    &kCheckpointDir,
    &kDataInlineThreshold,
    &kStateRecoveryPath,
    &kIgnoreUnclaimedState,
    &kAcceptChangedJob,
    &kAcceptAbandonedCheckpoint,
    &kStateBackend,
    &kCopyReserve,
    &kLargeValueThreshold,
    &kRestartStrategy,
    &kFixedDelayAttempts,
    &kFixedDelayDelay,
    &kFailureRateMaxFailures,
    &kFailureRateInterval,
    &kFailureRateDelay,
    &kExponentialDelayInitialBackoff,
    &kExponentialDelayMaxBackoff,
    &kExponentialDelayMultiplier,
    &kExponentialDelayJitter,
    &kExponentialDelayResetThreshold,
    &kExponentialDelayAttempts,
    &kParallelism,
    &kMaxParallelism,
    &kPipelineName,
    &kJobId,
    &kAutoGenerateUids,
    &kOperatorChaining,
    &kAutoWatermarkInterval,
    &kRecordsWithoutTimestamp,
    &kBufferTimeout,
    &kHaType,
    &kHaClusterId,
    &kHaStorageDir,
    &kZooKeeperQuorum,
    &kZooKeeperRoot,
    &kZooKeeperSessionTimeout,
    &kZooKeeperConnectionTimeout,
    &kZooKeeperAcl,
    &kZooKeeperAuthorization,
    &kZooKeeperAuthorizationFile,
    &kHdfsHttpAddress,
    &kHdfsSyncOnClose,
    &kHdfsRetryAttempts,
    &kHdfsSilenceTimeout,
    &kHdfsCallTimeout,
    &kTmpDirs,
    &kTaskSlots,
    &kLocalBackup,
    &kFromLocal,
    &kRole,
    &kTarget,
    &kFlinkRest,
    &kFlinkJarOut,
    &kFlinkDetached,
    &kFlinkBridge,
    &kFlinkFrom,
    &kWorkers,
    &kCoordinatorAddress,
    &kCoordinatorPort,
    &kCoordinatorBindHost,
    &kWorkerHost,
    &kWorkerBindHost,
    &kDataPort,
    &kRegistrationTimeout,
    &kHeartbeatInterval,
    &kHeartbeatTimeout,
    &kCancellationTimeout,
    &kScheduler,
    &kFirstSlotWait,
    &kRestartSlotWait,
    &kSharedSecretFile,
    &kInternalTls,
    &kInternalKeystore,
    &kInternalKeystorePassword,
    &kInternalKeystorePasswordFile,
    &kInternalKeyPassword,
    &kInternalKeyPasswordFile,
    &kInternalTruststore,
    &kInternalTruststorePassword,
    &kInternalTruststorePasswordFile,
    &kBatchSize,
    &kBatchBytes,
    &kChannelCapacity,
    &kProgress,
    &kIoThreads,
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

}  // namespace

std::span<const ConfigKey* const> config_keys() { return kKeys; }

const ConfigKey* find_config_key(std::string_view name) {
  for (const ConfigKey* key : kKeys) {
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
      "Read from `weir.yaml`, then from `-D key=value` and the other flags of the command line, "
      "then from the program; the "
      "later wins.\n"
      "The file is the one that `--config` names, else `$WEIR_CONF_DIR/weir.yaml`, else "
      "`./weir.yaml`; its keys may be nested "
      "or dotted.\n"
      "A key that is not listed here is refused, unless only Flink needs it: then the log says why "
      "it has no effect, so a config.yaml or\n"
      "flink-conf.yaml of Flink's can be given with `--config`. Of such keys those are refused "
      "without which a job would be less safe or would\n"
      "use other paths. A secret is shown in no message; give it in a file rather than on the "
      "command line, which\n"
      "everybody on the machine can read.\n\n"
      "Durations are written like `500 ms`, `10 s`, `3 min`, `1 h`, `2 d` or `PT1M30S`; a bare "
      "number means milliseconds. "
      "More than\n"
      "100 years counts as 100 years. Sizes are written like `4096`, `20 kb`, `1 mb`; a kb is 1024 "
      "bytes. Keys that do not begin with\n"
      "`weir.` are Flink's, except "
      "`execution.checkpointing.event-threshold` and `fs.hdfs.http-address`.\n\n"
      "| key | type | default | meaning |\n|---|---|---|---|\n";
  for (const ConfigKey* key : kKeys) {
    page += cat("| `", key->name, "` | ", type_text(*key), " | ",
                key->default_value.empty() ? "none" : key->default_value, " | ", key->doc);
    if (!key->aliases.empty()) {
      page += " Older names:";
      const char* separator = " `";
      for (const std::string_view alias : split(key->aliases, ',')) {
        page += cat(separator, alias, "`");
        separator = ", `";
      }
      page += ".";
    }
    page += " |\n";
  }
  return page;
}

}  // namespace weir
